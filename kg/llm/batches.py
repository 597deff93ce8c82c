"""Which passages go into one request: those of one paper, in order, up to a number of tokens."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphtune.config import ExtractConfig
from graphtune.records import Chunk, FoundConcept


@dataclass(frozen=True, slots=True)
class Batch:
    """Passages of one paper for one request; `proposals[i]` is what the rules found in `chunks[i]`."""

    document_title: str
    chunks: tuple[Chunk, ...]
    proposals: tuple[tuple[FoundConcept, ...], ...] = ()


def make_batches(
    chunks: Iterable[Chunk],
    document_title: str,
    config: ExtractConfig,
    proposals: Mapping[str, tuple[FoundConcept, ...]] | None = None,
) -> list[Batch]:
    """Pack the body passages of one paper into requests of at most `config.batch_tokens`.

    A passage that is longer than that goes alone. Bibliographies are left out.

    Args:
        chunks: passages of one paper, in order.
        document_title: the paper's title, which the model is told.
        config: how many tokens go together.
        proposals: the rules' concepts by the chunk's id, for hybrid extraction.

    >>> chunks = [Chunk(str(i), "d", i, "text", 0, 4, "", 1, 1, 40) for i in range(5)]
    >>> batches = make_batches(chunks, "Notes", ExtractConfig(batch_tokens=100))
    >>> [[chunk.id for chunk in batch.chunks] for batch in batches]
    [['0', '1'], ['2', '3'], ['4']]
    """
    known = proposals or {}
    return [
        Batch(document_title, group, tuple(known.get(chunk.id, ()) for chunk in group))
        for group in _pack(chunks, config.batch_tokens)
    ]


def is_body(chunk: Chunk) -> bool:
    """Tell whether a passage is worth asking about: it holds words, and is no bibliography."""
    return chunk.kind != "reference" and any(letter.isalpha() for letter in chunk.text)


def _pack(chunks: Iterable[Chunk], limit: int) -> Iterator[tuple[Chunk, ...]]:
    group: list[Chunk] = []
    for chunk in filter(is_body, chunks):
        if group and sum(member.n_tokens for member in group) + chunk.n_tokens > limit:
            yield tuple(group)
            group = []
        group.append(chunk)
    if group:
        yield tuple(group)
