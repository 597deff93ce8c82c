"""Document vectors as an index keeps them: four bytes a dimension, one byte, or one bit.

Only what is stored is quantised: a query stays in float32 (asymmetric distance, Gordo & Perronnin,
"Asymmetric Distances for Binary Embeddings", CVPR 2011), and every document is looked at. So the
figures tell what the stored form loses, and nothing of any library's shortcuts.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.systems import Precision
from graphtune.encoder import Vectors
from graphtune.nearest import search_exact, take_best

#: Numbers that are unpacked at once (64 MiB of float32).
_BLOCK = 1 << 24


class Index:
    """Documents to search by inner product.

    `int8` keeps each dimension in 256 equal steps between its least and greatest value over the
    documents (as QT_8bit of Faiss, arXiv:2401.08281, does); `binary` keeps the signs, and a document
    counts as the unit vector of its signs.

    Args:
        vectors: shape (n, dim), as `graphtune.encoder.truncate_vectors` gives them.
        ids: n distinct ids, one a row, sorted, as ties are to stand.
        precision: how a number is kept.
    """

    def __init__(self, vectors: Vectors, ids: Sequence[str], precision: Precision) -> None:
        self.ids, self.dim, self.precision = ids, vectors.shape[1], precision
        self.low = self.step = np.zeros(0, dtype=np.float32)
        if precision == "int8":
            self.low = vectors.min(axis=0)
            self.step = np.maximum((vectors.max(axis=0) - self.low) / 255, np.float32(1e-12))
        self.codes: NDArray[Any] = vectors
        if precision != "float32":
            self.codes = np.concatenate([self._pack(vectors[rows]) for rows in self._cut()])

    @property
    def nbytes(self) -> int:
        """Bytes that are stored, the scale of each dimension included, the ids not."""
        return self.codes.nbytes + self.low.nbytes + self.step.nbytes

    def search(self, queries: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """Return the `k` best for each query, as `graphtune.nearest.search_exact` does.

        Raises:
            DataError: a vector holds NaN or infinity, or the widths differ.
        """
        if self.precision == "float32":
            return search_exact(queries, self._unpack(slice(None)), self.ids, k)
        found: list[list[tuple[str, float]]] = [[] for _ in queries]
        for rows in self._cut():
            best = search_exact(queries, self._unpack(rows), self.ids[rows], k)
            for place, hits in enumerate(best):
                both = sorted([*found[place], *hits], key=lambda hit: (-hit[1], hit[0]))
                found[place] = both[:k]
        return found

    def search_one(self, query: Vectors, k: int) -> list[tuple[str, float]]:
        """Return what `search` gives for one query, shape (1, dim), with no work that could be shared.

        Scores come in float32, and may differ from those of `search` in the last decimal.
        """
        scores = [self._unpack(rows) @ query[0] for rows in self._cut()]
        return take_best(np.concatenate(scores), self.ids, k)

    def _cut(self) -> Iterator[slice]:
        step = max(1, _BLOCK // max(1, self.dim))
        return (slice(start, start + step) for start in range(0, len(self.ids), step))

    def _pack(self, vectors: Vectors) -> NDArray[Any]:
        if self.precision == "int8":
            return ((vectors - self.low) / self.step).round().astype(np.uint8)
        return np.packbits(vectors > 0, axis=1)

    def _unpack(self, rows: slice) -> Vectors:
        codes = self.codes[rows]
        unpacked: Vectors
        if self.precision == "int8":
            unpacked = codes * self.step + self.low
        elif self.precision == "binary":
            signs = np.unpackbits(codes.astype(np.uint8, copy=False), axis=1, count=self.dim)
            unpacked = (signs * np.float32(2) - np.float32(1)) / np.float32(np.sqrt(self.dim))
        else:
            unpacked = codes.astype(np.float32, copy=False)
        return unpacked
