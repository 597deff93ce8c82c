"""The parts of a passage: what each paragraph is (heading, statement, proof …), and its sentences."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from graphtune.chunking.references import fold_kind
from graphtune.chunking.sentences import split_sentences
from graphtune.records import Chunk, Span, Unit

ParagraphKind = Literal["heading", "definition", "statement", "proof", "bibliography", "text"]

#: Statements that assert nothing of their own.
_ASIDES = frozenset(
    "example remark note notation convention exercise comment discussion warning case step solution "
    "answer terminology acknowledgement acknowledgment".split()
)
_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")


class Paragraph(NamedTuple):
    """A paragraph `[start, end)` of a passage.

    `head_end` is where its text begins behind a head such as "Theorem 2.1 (Pieri rule).", `word` the
    head's kind in lower case ("theorem", "" without a head), `title` the span of its name.
    """

    start: int
    end: int
    kind: ParagraphKind
    head_end: int
    word: str = ""
    title: Span | None = None


def split_paragraphs(chunk: Chunk) -> list[Paragraph]:
    """Return the paragraphs of a passage, each with its kind; title and authors count as headings."""
    units = chunk.units or (Unit(0, len(chunk.text), "text", 0),)
    return [paragraph for unit in units for paragraph in _split_unit(chunk.text, unit)]


def _split_unit(text: str, unit: Unit) -> Iterator[Paragraph]:
    kind = _name_kind(unit)
    for match in _PARAGRAPH.finditer(text, unit.start, unit.end):
        start, end = match.start(), match.start() + len(match[0].rstrip())
        if start >= unit.head_end:
            yield Paragraph(start, end, kind, start)
            continue
        place = text.find(unit.name, start, unit.head_end) if unit.name else -1
        title = Span(place, place + len(unit.name)) if place >= 0 else None
        yield Paragraph(start, end, kind, min(unit.head_end, end), fold_kind(unit.label), title)


def _name_kind(unit: Unit) -> ParagraphKind:
    if unit.kind in ("title", "authors", "heading"):
        return "heading"
    if unit.kind == "reference":
        return "bibliography"
    if unit.kind == "proof":
        return "proof"
    word = fold_kind(unit.label)
    if unit.kind != "statement" or word in _ASIDES:
        return "text"
    return "definition" if word == "definition" else "statement"


def list_sentences(text: str, start: int, end: int) -> list[Span]:
    """Return the spans of the sentences in `text[start:end]`, a paragraph.

    >>> text = "See Thm. 2 of J. Stembridge. It holds, i.e. it is true. Done"
    >>> [text[a:b] for a, b in list_sentences(text, 0, len(text))]
    ['See Thm. 2 of J. Stembridge.', 'It holds, i.e. it is true.', 'Done']
    """
    return [Span(start + a, start + b) for a, b in split_sentences(text[start:end])]
