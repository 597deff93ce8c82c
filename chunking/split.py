"""Pack the units of a document into passages that fit a token budget."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, cast

from semchunk.semchunk import chunk as cut_clauses

from graphtune.chunking.formulas import hide_formulas
from graphtune.chunking.passages import Draft, make_chunks
from graphtune.chunking.sentences import split_sentences, trim_span
from graphtune.chunking.tokens import TokenSpans
from graphtune.config import ChunkingConfig
from graphtune.records import Chunk, Document, Heading, Span, Unit, UnitKind

#: Kinds that stay whole even where the section path in front of them must be shortened.
_WHOLE: frozenset[UnitKind] = frozenset(("statement", "proof", "abstract", "reference"))

_OUTSIDE = r"\s+(?![^()]{0,80}\))"
#: Where a sentence is cut, the best places first: behind a display or a stop, behind a comma (not in
#: brackets), before and behind a formula (see `hide_formulas`).
_CUTS = (
    re.compile(rf"(?:[;:]|\x01[.,]?){_OUTSIDE}"),
    re.compile(rf",{_OUTSIDE}"),
    re.compile(r"[\x00\x01][^\s\x00\x01]{0,20}\s+|\s+(?=[^\s\x00\x01]{0,20}[\x00\x01])"),
)


class _Section(NamedTuple):
    """From `begin`, where its headings stand, over `head`, where they end, to `end`.

    `path` is its section path, `above` the part of it that is none of its own headings.
    """

    begin: int
    head: int
    end: int
    path: tuple[str, ...]
    above: tuple[str, ...]


class _Piece(NamedTuple):
    """A part of a section that is not cut any further, with its size in tokens."""

    start: int
    end: int
    tokens: int
    opens_statement: bool = False


def split_document(document: Document, config: ChunkingConfig, count: TokenSpans) -> list[Chunk]:
    """Cut a document into chunks whose passages have at most `config.max_tokens` tokens.

    The chunks come in order and cover every character but white space; without overlap, once. None
    crosses a heading. Statements and proofs stay whole where the budget allows, even if the section
    path in front of them must be shortened; then paragraphs, then sentences. A sentence longer than
    the budget is cut at clauses and around its formulas; what is still too long is cut by semchunk. A
    statement opens a new chunk where the current one is more than half full. With overlap, a chunk
    begins with the last whole sentences of the one before it in the same section.
    """
    packer = _Packer(document, config, count)
    drafts = [draft for section in _find_sections(document) for draft in packer.pack(section)]
    return make_chunks(document, drafts)


def _find_sections(document: Document) -> Iterator[_Section]:
    """Yield the sections; headings without text between them open one section together."""
    text = document.text
    paths = {heading.start: path for heading, path in _list_paths(document.headings)}
    edges = [0, *(start for start in paths if start > 0), len(text)]
    begin = 0
    own: tuple[str, ...] = ()
    for start, end in pairwise(edges):
        path = paths.get(start, ())
        own += path[-1:]
        head = _end_of_paragraph(text, start) if path else start
        if end < len(text) and not text[head:end].strip():
            continue
        if text[begin:end].strip():
            yield _Section(begin, head, end, path, tuple(t for t in path if t not in own))
        begin, own = end, ()


def _list_paths(headings: Sequence[Heading]) -> Iterator[tuple[Heading, tuple[str, ...]]]:
    stack: list[Heading] = []
    for heading in headings:
        while stack and stack[-1].level >= heading.level:
            stack.pop()
        stack.append(heading)
        yield heading, tuple(item.title for item in stack)


def _end_of_paragraph(text: str, start: int) -> int:
    end = text.find("\n\n", start)
    return len(text) if end < 0 else end


class _Packer:
    """Cuts one document, knowing where its tokens end."""

    def __init__(self, document: Document, config: ChunkingConfig, count: TokenSpans) -> None:
        self.text = document.text
        self.document = document
        self.units = document.units
        self.unit_starts = [unit.start for unit in document.units]
        self.has_prefix = config.heading_prefix
        self.overlap = min(config.overlap, config.max_tokens // 2)
        self.budget = config.max_tokens - self.overlap
        self.count = count
        self.prefix_sizes: dict[str, int] = {}
        self.ends = sorted(end for start, end in count(document.text) if end > start)

    @cached_property
    def hidden(self) -> str:
        """The text without its formulas; only long sentences need it."""
        return hide_formulas(self.document)

    def size(self, start: int, end: int) -> int:
        """Count the tokens that end inside a span; their leading space may lie before it."""
        return bisect_right(self.ends, end) - bisect_right(self.ends, start)

    def pack(self, section: _Section) -> Iterator[Draft]:
        """Yield the chunks of a section."""
        draft: Draft | None = None
        for piece in self._list_pieces(section):
            if draft is not None and self._has_room(draft, piece):
                draft = draft._replace(end=piece.end, tokens=draft.tokens + piece.tokens)
                continue
            if draft is not None:
                yield draft
            repeat = self._find_repeat(draft.start, draft.end) if draft and self.overlap else 0
            draft = self._open_draft(piece, section, repeat)
        if draft is not None:
            yield draft

    def _has_room(self, draft: Draft, piece: _Piece) -> bool:
        is_filled = 2 * draft.tokens > self.budget
        fits = draft.tokens + piece.tokens <= self.budget + self.overlap
        return fits and not (piece.opens_statement and is_filled)

    def _open_draft(self, piece: _Piece, section: _Section, repeat: int) -> Draft:
        """Start a chunk: the prefix is as much of the end of the section path as has room.

        `repeat` is the offset from which the chunk before is repeated, 0 for nothing.
        """
        path = section.above if piece.start < section.head else section.path
        prefix, tokens = self._fit_prefix(path, self.budget - piece.tokens)
        tokens += piece.tokens
        if repeat:
            tokens += self.size(repeat, piece.start)
        return Draft(repeat or piece.start, piece.end, tokens, " > ".join(section.path), prefix)

    def _fit_prefix(self, path: Sequence[str], room: int) -> tuple[str, int]:
        """Return the prefix and its tokens; it never takes more than a quarter of the budget."""
        for begin in range(len(path) if self.has_prefix else 0):
            prefix = " > ".join(path[begin:])
            if prefix not in self.prefix_sizes:
                self.prefix_sizes[prefix] = len(self.count(prefix))
            tokens = self.prefix_sizes[prefix]
            if tokens <= min(room, self.budget // 4):
                return prefix, tokens
        return "", 0

    def _find_repeat(self, start: int, end: int) -> int:
        """Return where the last sentences of a chunk begin that the overlap has room for, else 0."""
        repeat = 0
        for sentence in reversed(self._list_sentences(start, end)):
            if sentence.start == start or self.size(sentence.start, end) > self.overlap:
                break
            repeat = sentence.start
        return repeat

    def _list_pieces(self, section: _Section) -> Iterator[_Piece]:
        """Yield the parts of a section; the first takes the section's headings along."""
        _, prefix = self._fit_prefix(section.path, self.budget)
        begin, head = section.begin, section.head
        heading = self.size(begin, head)
        if 2 * heading > self.budget:
            yield from self._cut_text(begin, head, self.budget - prefix)
            begin, heading = head, 0
        first, last = (bisect_left(self.unit_starts, edge) for edge in (head, section.end))
        for unit in self.units[first:last]:
            if heading and self._must_stand_alone(unit, heading):
                yield _Piece(*trim_span(self.text, begin, head), heading)
                begin, heading = head, 0
            for piece in self._cut_unit(unit, self.budget - prefix, heading):
                yield piece._replace(
                    start=begin if heading else piece.start, tokens=piece.tokens + heading
                )
                begin, heading = head, 0
        if heading:
            yield _Piece(*trim_span(self.text, begin, head), heading)

    def _must_stand_alone(self, unit: Unit, heading: int) -> bool:
        """Whether a statement or the like has room only without the headings in front of it."""
        size = self.size(unit.start, unit.end)
        return unit.kind in _WHOLE and size <= self.budget < size + heading

    def _cut_unit(self, unit: Unit, limit: int, heading: int) -> Iterator[_Piece]:
        """Yield a unit whole where it fits, else its paragraphs, of which the first leaves room."""
        size = self.size(unit.start, unit.end)
        room = self.budget if unit.kind in _WHOLE else limit
        opens = unit.kind == "statement"
        if size + heading <= room:
            yield _Piece(unit.start, unit.end, size, opens)
            return
        for paragraph in _find_paragraphs(self.text, unit.start, unit.end):
            for piece in self._cut_text(*paragraph, limit - heading):
                yield piece._replace(opens_statement=opens)
                heading, opens = 0, False

    def _cut_text(self, start: int, end: int, limit: int) -> Iterator[_Piece]:
        """Yield a paragraph whole, or its sentences, or parts of a sentence that is too long."""
        if self.size(start, end) <= limit:
            yield _Piece(start, end, self.size(start, end))
            return
        for sentence in self._list_sentences(start, end):
            if (size := self.size(*sentence)) <= limit:
                yield _Piece(*sentence, size)
            else:
                yield from self._cut_sentence(*sentence, limit)

    def _list_sentences(self, start: int, end: int) -> list[Span]:
        return [
            Span(paragraph.start + sentence.start, paragraph.start + sentence.end)
            for paragraph in _find_paragraphs(self.text, start, end)
            for sentence in split_sentences(self.text[slice(*paragraph)])
        ]

    def _cut_sentence(self, start: int, end: int, limit: int, level: int = 0) -> Iterator[_Piece]:
        """Yield a part of a sentence whole where it fits, else cut at the next marks of `_CUTS`."""
        if (size := self.size(start, end)) <= limit:
            yield _Piece(start, end, size)
        elif level == len(_CUTS):
            yield from self._cut_words(start, end, limit)
        else:
            edges = [mark.end() for mark in _CUTS[level].finditer(self.hidden, start, end)]
            for edge, after in pairwise([*edges, end, end]):
                if edge == end or self.size(start, after) > limit:
                    span = trim_span(self.text, start, edge)
                    yield from self._cut_sentence(*span, limit, level + 1)
                    start = edge

    def _cut_words(self, start: int, end: int, limit: int) -> Iterator[_Piece]:
        """Cut at words; a part of a word can have more tokens alone than inside it."""
        text = self.text[start:end]
        parts = cut_clauses(
            text, limit, lambda part: len(self.count(part)), memoize=False, offsets=True
        )
        for begin, stop in cast("tuple[list[str], list[tuple[int, int]]]", parts)[1]:
            if text[begin:stop].strip():
                span = trim_span(self.text, start + begin, start + stop)
                yield _Piece(*span, max(self.size(*span), len(self.count(self.text[slice(*span)]))))


def _find_paragraphs(text: str, begin: int, end: int) -> Iterator[Span]:
    while begin < end:
        stop = min(_end_of_paragraph(text, begin), end)
        if text[begin:stop].strip():
            yield trim_span(text, begin, stop)
        begin = stop + 2
