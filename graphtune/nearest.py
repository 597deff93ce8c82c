"""Exact search by inner product, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graphtune.errors import DataError
from graphtune.progress import track

#: Scores closer than this are ties, so that equal texts never win or lose by rounding.
_DECIMALS = 6
#: Products of one step: a tile of float32 that stays in the processor's cache (4 MiB).
_TILE = 1 << 20
#: Queries that are searched together, and the fewest documents of a tile.
_QUERIES = 2048
_DOCUMENTS = 512


def search_exact(
    queries: NDArray[np.float32],
    documents: NDArray[np.float32],
    document_ids: Sequence[str],
    k: int,
) -> list[list[tuple[str, float]]]:
    """Return the `k` documents with the largest inner product for each query, best first.

    Every document is looked at. Scores are computed in float64, rounded to six decimals, and ties
    stand in the order of the document ids. Memory beside the vectors and the answers stays below
    200 MB at k = 100, for any number of queries and documents.

    Args:
        queries: shape (n, dim), as `graphtune.encoder.truncate_vectors` gives them.
        documents: shape (m, dim), likewise; may be mapped from a file (`np.load(mmap_mode="r")`).
        document_ids: m distinct ids, one a row of `documents`.
        k: answers a query; fewer where there are fewer documents.

    Raises:
        DataError: a vector holds NaN or infinity, or the shapes do not fit together.

    >>> vectors = np.eye(2, dtype=np.float32)
    >>> search_exact(vectors[:1], vectors, ["b", "a"], k=2)
    [[('b', 1.0), ('a', 0.0)]]
    """
    if documents.shape != (len(document_ids), queries.shape[1]):
        raise DataError(
            f"document vectors have shape {documents.shape}, but there are {len(document_ids)} "
            f"ids and queries of width {queries.shape[1]}: encode both with the same model"
        )
    lengths = _measure_lengths("query", queries)
    longest = float(_measure_lengths("document", documents).max(initial=0))
    if min(k, len(documents)) < 1:
        return [[] for _ in queries]
    answers: list[list[tuple[str, float]]] = []
    for part, step in split_queries(len(queries)):
        found = _Candidates(queries[part], documents, document_ids, min(k, len(documents)), step)
        found.search(lengths[part] * longest)
        answers += found.choose_all()
    return answers


def split_queries(number: int) -> Iterator[tuple[slice, int]]:
    """Yield the queries that are searched together, with the documents of one step.

    >>> list(split_queries(2050))
    [(slice(0, 2048, None), 512), (slice(2048, 2050, None), 524288)]
    """
    for start in range(0, number, _QUERIES):
        stop = min(number, start + _QUERIES)
        yield slice(start, stop), max(_DOCUMENTS, _TILE // (stop - start))


class _Candidates:
    """The documents that can still be among the `k` best of some queries.

    Tiles of products come in float32. A document stays while its product is so close to the k-th
    best one, or above it, that rounding could bring it in; what is left is scored in float64.
    """

    def __init__(
        self,
        queries: NDArray[np.float32],
        documents: NDArray[np.float32],
        ids: Sequence[str],
        k: int,
        step: int,
    ) -> None:
        self.queries, self.documents, self.ids = queries, documents, ids
        self.k, self.step = k, step
        self.room = 4 * k
        shape = (len(queries), min(len(documents), self.room + self.step))
        self.scores = np.empty(shape, dtype=np.float32)
        self.rows = np.empty(shape, dtype=np.int64)
        self.counts = np.zeros(len(queries), dtype=np.int64)
        self.limits = np.full((len(queries), 1), -np.inf, dtype=np.float32)

    def search(self, largest: NDArray[np.float32]) -> None:
        """Compare all documents; `largest` bounds the products of each query."""
        # A float32 product is off by at most dim * 2^-24 times the lengths, in any order of
        # summation (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
        # Two products can be off, and rounding moves a score by less than its last decimal.
        width = self.queries.shape[1]
        self.slack = 2 * (width + 2) * 2.0**-24 * largest.astype(np.float64) + 10.0**-_DECIMALS
        tile = np.empty((len(self.queries), self.step), dtype=np.float32)
        hits = np.empty(tile.shape, dtype=bool)
        for start in track(range(0, len(self.documents), self.step), "searching", "blocks"):
            block = np.asarray(self.documents[start : start + self.step], dtype=np.float32)
            if len(block) < self.step:
                tile, hits = tile[:, : len(block)].copy(), hits[:, : len(block)].copy()
            np.matmul(self.queries, block.T, out=tile)
            if not start:
                self._raise_limits(tile)
            elif self.counts.max() + len(block) > self.scores.shape[1]:
                self._shrink()
            np.greater_equal(tile, self.limits, out=hits)
            queries, columns = np.divmod(np.flatnonzero(hits), len(block))
            self._add(queries, tile[queries, columns], start + columns)

    def _add(
        self,
        queries: NDArray[np.int64],
        scores: NDArray[np.float32],
        rows: NDArray[np.int64],
    ) -> None:
        """Append candidates; `queries` ascend."""
        added = np.bincount(queries, minlength=len(self.counts))
        firsts = np.cumsum(added) - added
        columns = np.arange(len(queries)) + (self.counts - firsts)[queries]
        self.scores[queries, columns] = scores
        self.rows[queries, columns] = rows
        self.counts += added

    def _raise_limits(self, scores: NDArray[np.float32]) -> None:
        """Set the limits by the k-th best of the scores that were seen."""
        at = scores.shape[1] - self.k
        if at >= 0:
            best = np.partition(scores, at, axis=1)[:, at].astype(np.float64)
            self.limits[:, 0] = best - self.slack

    def _shrink(self) -> None:
        """Raise the limits and drop what lies below them."""
        scores = self.scores[:, : self.counts.max()]
        scores[np.arange(scores.shape[1]) >= self.counts[:, None]] = -np.inf
        self._raise_limits(scores)
        kept = (scores >= self.limits) & (scores > -np.inf)
        for query in np.flatnonzero(kept.sum(axis=1) > self.room).tolist():  # Masses of ties.
            columns = np.flatnonzero(kept[query])
            best = [place for *_, place in self._choose(query, self.rows[query, columns])]
            kept[query] = False
            kept[query, columns[best]] = True
        queries, columns = np.nonzero(kept)
        left = scores[queries, columns], self.rows[queries, columns]
        self.counts[:] = 0
        self._add(queries, *left)

    def choose_all(self) -> list[list[tuple[str, float]]]:
        """Return the answers of each query, best first."""
        self._shrink()
        return [
            [(name, -score) for score, name, _ in self._choose(query, self.rows[query, :count])]
            for query, count in enumerate(self.counts)
        ]

    def _choose(self, query: int, rows: NDArray[np.int64]) -> list[tuple[float, str, int]]:
        """Return the best `k` of these rows: (negative score, id, place among the rows)."""
        vectors = self.documents[rows].astype(np.float64)
        exact = np.einsum("ij,j->i", vectors, self.queries[query].astype(np.float64))
        names = [self.ids[row] for row in rows.tolist()]
        scores = (-_round_scores(exact)).tolist()
        return sorted(zip(scores, names, range(len(rows)), strict=True))[: self.k]


def _measure_lengths(what: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the Euclidean length of each vector, and refuse NaN and infinity."""
    parts = [vectors[start : start + _DOCUMENTS] for start in range(0, len(vectors), _DOCUMENTS)]
    squares = [np.einsum("ij,ij->i", part, part, dtype=np.float32) for part in parts]
    lengths: NDArray[np.float32] = np.sqrt(np.concatenate(squares or [np.zeros(0, np.float32)]))
    bad = np.flatnonzero(~np.isfinite(lengths))
    if bad.size:
        raise DataError(
            f"{bad.size} of {len(vectors)} {what} vectors hold NaN or infinity (first: row "
            f"{bad[0]}): the model's weights are damaged; train again or choose another model"
        )
    return lengths


def take_best(
    scores: NDArray[np.float32], sorted_ids: Sequence[str], k: int
) -> list[tuple[str, float]]:
    """Return the `k` best of one query's scores, rounded, ties in the order of `sorted_ids`.

    >>> take_best(np.array([0.5, 2.0, 0.5], dtype=np.float32), ["a", "b", "c"], 2)
    [('b', 2.0), ('a', 0.5)]
    """
    rounded = _round_scores(scores.astype(np.float64))
    if k < len(rounded):
        limit = np.partition(rounded, -k)[-k]
        candidates = np.flatnonzero(rounded >= limit)
    else:
        candidates = np.arange(len(rounded))
    best = candidates[np.argsort(-rounded[candidates], kind="stable")][:k]
    return [(sorted_ids[index], float(rounded[index])) for index in best]


def _round_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores.round(_DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
