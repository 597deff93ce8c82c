"""Typed edges between the chunks of one document."""

from bisect import bisect_right
from collections.abc import Sequence

from graphtune.chunking.references import find_references
from graphtune.records import Chunk, ChunkLink, Document, LinkType


def link_chunks(document: Document, chunks: Sequence[Chunk]) -> list[ChunkLink]:
    """Return where a chunk refers to another, cites an entry of another, or proves its statement.

    A statement or entry that is cut in two is found in the chunk where it begins; a link from a chunk
    to itself tells nothing and is left out.
    """
    owners = _Owners(chunks)
    kinds = {unit.start: unit.kind for unit in document.units}
    links: dict[ChunkLink, None] = {}
    for label in find_references(document):
        source, target = owners.find(label.start), owners.find(label.target)
        if source and target and source.id != target.id:
            kind: LinkType = "cites" if kinds.get(label.target) == "reference" else "refers_to"
            start = label.start - source.start
            end = min(label.end, source.end) - source.start
            links[ChunkLink(source.id, kind, target.id, start, end)] = None
    for unit in document.units:
        if unit.proves is None or not (target := owners.find(unit.proves)):
            continue
        for source in owners.list_between(unit.start, unit.end):
            if source.id != target.id:
                links[ChunkLink(source.id, "proves", target.id)] = None
    return list(links)


class _Owners:
    """Finds the chunk that holds an offset; where chunks overlap, the first."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = chunks
        self.ends = [chunk.end for chunk in chunks]

    def find(self, offset: int) -> Chunk | None:
        index = bisect_right(self.ends, offset)
        if index == len(self.chunks) or self.chunks[index].start > offset:
            return None
        return self.chunks[index]

    def list_between(self, start: int, end: int) -> list[Chunk]:
        first = bisect_right(self.ends, start)
        return [chunk for chunk in self.chunks[first:] if chunk.start < end]
