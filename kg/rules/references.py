"""What a reference stands for: "Theorem 2.3" is the concept that the theorem names or defines."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from graphtune.chunking.references import fold_kind
from graphtune.kg.rules.phrases import guess_type
from graphtune.records import Chunk, ChunkLink, Mention, Unit

#: "This theorem" is at most so many statements back.
MAX_EARLIER = 3
#: A statement stands for at most this many concepts.
MAX_STATED = 2
_REFERENCE = re.compile(
    r"\b(?P<label>Theorem|Lemma|Proposition|Corollary|Conjecture|Definition|Thm\.?|Prop\.?|Cor\.?)"
    r"\s(?P<number>[A-Z]?\d+(?:\.\d+)*|[A-Z])(?![\w.]\d)(?!,? (?:of|in|from) (?:\[|his|her|their))"
)
_ASIDES = frozenset(("remark", "example", "definition", "note", "notation"))
#: "This theorem", "The lemma": the statement nearest before.
_THIS = re.compile(
    r"\b(?:[Tt]his|[Tt]he|[Oo]ur|[Tt]he\s(?:above|last|previous|preceding))\s(?P<label>theorem|lemma|proposition|corollary|conjecture"
    r"|identity|formula|result|rule|inequality)(?=\s(?:also\s|then\s|thus\s|now\s|above\s|easily\s|immediately\s)?"
    r"(?:is|was|gives|yields|implies|generali[sz]es|follows|reduces|speciali[sz]es|extends|contains|can|has|shows)\b)"
)


class End(NamedTuple):
    """A place `[start, end)` of a chunk that names concepts: one by name, or those of a statement."""

    start: int
    end: int
    ids: tuple[str, ...]
    is_defined: bool = False
    is_result: bool = False
    is_reference: bool = False


class Stated(NamedTuple):
    """A statement and the concepts that it stands for; `asserts` is false for what it only defines."""

    unit: Unit
    ids: tuple[str, ...]
    asserts: bool


class Statements:
    """The statements of a corpus and what they stand for.

    Args:
        chunks: all passages.
        links: their edges.
        mentions: the linked mentions of each chunk.
    """

    def __init__(
        self,
        chunks: Iterable[Chunk],
        links: Iterable[ChunkLink],
        mentions: Mapping[str, Sequence[Mention]],
    ) -> None:
        self.stated: dict[str, list[Stated]] = {}
        #: The statements of the same section before a chunk.
        self.before: dict[str, tuple[Stated, ...]] = {}
        section = ("", "")
        earlier: tuple[Stated, ...] = ()
        for chunk in chunks:
            if (chunk.document_id, chunk.heading) != section:
                section, earlier = (chunk.document_id, chunk.heading), ()
            found = [u for u in chunk.units if u.kind == "statement"]
            self.before[chunk.id] = earlier
            if found:
                held = mentions.get(chunk.id, ())
                self.stated[chunk.id] = [_read_statement(chunk, unit, held) for unit in found]
                earlier = (*earlier, *self.stated[chunk.id])[-MAX_EARLIER:]
        self.links: defaultdict[str, list[ChunkLink]] = defaultdict(list)
        for link in links:
            if link.type in ("refers_to", "proves"):
                self.links[link.source].append(link)

    def list_references(self, chunk: Chunk) -> list[End]:
        """Return where a chunk refers to statements that stand for a concept, in order."""
        found = {}
        for link in self.links[chunk.id]:
            if link.type == "refers_to":
                surface = chunk.text[link.start : link.end]
                label, _, number = surface.replace("~", " ").rpartition(" ")
                ids = self._find(link.target, label, number)
                found[link.start] = End(link.start, link.end, ids, False, True, True)
        for match in _REFERENCE.finditer(chunk.text):
            ids = self._find(chunk.id, match["label"], match["number"])
            end = End(*match.span(), ids, False, True, True)
            if not _is_head(chunk, match.start()):
                found.setdefault(match.start(), end)
        for match in _THIS.finditer(chunk.text):
            ids = self._find_last(chunk.id, match.start(), match["label"])
            found.setdefault(match.start(), End(*match.span(), ids, False, True, True))
        return [found[start] for start in sorted(found) if found[start].ids]

    def list_premises(self, chunk: Chunk, corollary: Unit) -> tuple[str, ...]:
        """Return what the statement right before a corollary of a chunk stands for."""
        before = self._list_before(chunk.id, corollary.start)
        main = [s for s in before if fold_kind(s.unit.label) not in _ASIDES]
        return main[-1].ids if main and main[-1].asserts else ()

    def list_proved(self, chunk: Chunk, proof: Unit | None) -> tuple[str, ...]:
        """Return the concepts that stand for the statement that a proof in a chunk proves."""
        here = self.stated.get(chunk.id, ())
        if proof and proof.proves is not None:
            return next((ids for unit, ids, _ in here if unit.start == proof.proves), ())
        targets = {link.target for link in self.links[chunk.id] if link.type == "proves"}
        there = [pair for target in sorted(targets) for pair in self.stated.get(target, ())]
        return there[-1].ids if there and len(targets) == 1 else ()

    def _list_before(self, chunk_id: str, offset: int) -> list[Stated]:
        here = [s for s in self.stated.get(chunk_id, ()) if s.unit.end <= offset]
        return [*self.before[chunk_id], *here]

    def _find_last(self, chunk_id: str, offset: int, word: str) -> tuple[str, ...]:
        """Return what "this lemma" stands for: the last lemma; "this result" is any statement."""
        before = self._list_before(chunk_id, offset)
        if word.lower() in ("theorem", "lemma", "proposition", "corollary", "conjecture"):
            before = [s for s in before if fold_kind(s.unit.label) == word.lower()]
        return before[-1].ids if before else ()

    def _find(self, chunk_id: str, label: str, number: str) -> tuple[str, ...]:
        kind, number = fold_kind(label), re.sub(r"[()]", "", number)
        for unit, ids, _ in self.stated.get(chunk_id, ()):
            if unit.number == number and (not kind or fold_kind(unit.label) == kind):
                return ids
        return ()


def _is_head(chunk: Chunk, offset: int) -> bool:
    return any(unit.start <= offset < unit.head_end for unit in chunk.units)


def _read_statement(chunk: Chunk, unit: Unit, mentions: Sequence[Mention]) -> Stated:
    """Return a statement: it stands for its name, else for what it defines, else for its one result."""
    inside = sorted(
        (m for m in mentions if unit.start <= m.start and m.end <= unit.end),
        key=lambda m: (m.start, -m.end),
    )
    if unit.name:
        named = [m.concept_id for m in inside if m.start < unit.head_end]
        return Stated(unit, tuple(named[:1]), True)
    defined = dict.fromkeys(m.concept_id for m in inside if m.role == "defines")
    if defined:
        return Stated(unit, tuple(defined)[:MAX_STATED], False)
    results = dict.fromkeys(
        m.concept_id for m in inside if guess_type(chunk.text[m.start : m.end]) != "object"
    )
    return Stated(unit, tuple(results) if len(results) == 1 else (), True)
