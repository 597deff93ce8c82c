"""Models that turn texts into vectors, whatever runs them, behind the cache of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from graphtune.bench.vectors import Space, describe_space, load_or_encode
from graphtune.config import BaseConfig
from graphtune.encoder import Vectors, encode_batches, load_encoder

Role = Literal["query", "document"]


@dataclass(frozen=True)
class Embedder:
    """A model, as the benchmark uses it.

    Attributes:
        spaces: what the vectors of queries and of documents depend on.
        encode: yields the places of some texts and their vectors, one a row, as `load_or_encode`
            wants it.
        cache: folder of the vector cache; None for none.
        prepare: what the model takes of a text, where that may be less than all.
        is_remote: whether a query costs money and the network's time, so that none is timed.
    """

    spaces: Mapping[Role, Space]
    encode: Callable[[list[str], Role], Iterable[tuple[Sequence[int], Vectors]]]
    cache: Path | None = None
    prepare: Callable[[str], str] = str
    is_remote: bool = False

    @property
    def fingerprint(self) -> str:
        """What the model is known by: the hash of its weights, or its name and host."""
        return self.spaces["document"].model

    def embed(self, texts: Iterable[str], role: Role) -> tuple[Vectors, bool]:
        """Return vectors at full width, not normalised, and whether every text was encoded just now.

        Raises:
            ModelError: the model cannot be reached.
            DataError: it gives NaN, infinity or another width than before.
        """
        given = [self.prepare(text) for text in texts]
        n_encoded = 0

        def encode(missing: list[str]) -> Iterator[tuple[Sequence[int], Vectors]]:
            nonlocal n_encoded
            for places, vectors in self.encode(missing, role):
                n_encoded += len(places)
                yield places, vectors

        vectors = load_or_encode(self.cache, self.spaces[role], given, encode)
        return vectors, n_encoded == len(set(given))


@contextmanager
def use_one_thread() -> Iterator[None]:
    """Let torch compute in one thread, for one short query.

    It gains nothing from a second one, and on a busy machine waits long for it at every step.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def open_local(reference: BaseConfig, cache: Path | None) -> Embedder:
    """Load a sentence-transformers model (see `graphtune.encoder.load_encoder`).

    Raises:
        ModelError: the model cannot be found or loaded.
    """
    encoder = load_encoder(reference)
    documents = describe_space(encoder, "document")
    queries = replace(documents, role="query", prompt=encoder.prompts.get("query") or "")

    def encode(texts: list[str], role: Role) -> Iterator[tuple[Sequence[int], Vectors]]:
        label = "passages" if role == "document" else "queries"
        return encode_batches(encoder, texts, role, label)

    return Embedder({"query": queries, "document": documents}, encode, cache)
