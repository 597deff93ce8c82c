"""Collects what a reader finds, in reading order, and makes the `Document`."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from graphtune.chunking.proofs import tie_proofs
from graphtune.chunking.text import tidy_title
from graphtune.records import Box, Document, Heading, Label, Removal, Span, Unit, UnitKind

Spans = Iterable[tuple[int, int]]


@dataclass
class TextBuilder:
    """Collects paragraphs, headings and units of a document, with the offsets of its record.

    A paragraph belongs to the unit that is open (`begin_unit` … `end_unit`), else it is a unit of kind
    "text" of its own. A heading closes an open unit.
    """

    paragraphs: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    emphasis: list[Span] = field(default_factory=list)
    displays: list[Span] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    lines: list[tuple[int, Box]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    authors: str = ""
    length: int = 0
    _open: Unit | None = None

    @property
    def next_start(self) -> int:
        """Offset at which the next paragraph will begin."""
        return self.length + 2 if self.paragraphs else 0

    def begin_unit(
        self, kind: UnitKind, label: str = "", number: str = "", name: str = "", head: int = 0
    ) -> None:
        """Open a unit at the next paragraph; its head ("Theorem 2.") is `head` characters long."""
        self.end_unit()
        start = self.next_start
        self._open = Unit(start, start, kind, start + head, label, number, name)

    def end_unit(self) -> None:
        """Close the open unit, if there is one; it vanishes where it got no text."""
        if self._open and self._open.end > self._open.start:
            self.units.append(self._open)
        self._open = None

    def add_paragraph(
        self,
        text: str,
        emphasis: Spans = (),
        displays: Spans = (),
        lines: Iterable[tuple[int, Box]] = (),
    ) -> None:
        """Append one paragraph; all offsets count from its start. Blank ones are ignored."""
        if not text.strip():
            return
        start = self.next_start
        self.paragraphs.append(text)
        self.length = start + len(text)
        self.emphasis += [Span(start + begin, start + end) for begin, end in emphasis]
        self.displays += [Span(start + begin, start + end) for begin, end in displays]
        self.lines += [(start + offset, box) for offset, box in lines]
        if self._open:
            head = self._open.head_end
            if self._open.start == start < head:  # the body begins with its first word
                head = self.length - len(text[head - start :].lstrip())
            self._open = replace(self._open, end=self.length, head_end=head)
        else:
            self.units.append(Unit(start, self.length, "text", start))

    def add_heading(self, text: str, level: int, lines: Iterable[tuple[int, Box]] = ()) -> None:
        """Append a heading; it stands in the text as a paragraph of its own."""
        if text.strip():
            self.headings.append(Heading(self.next_start, level, tidy_title(text)))
            self.begin_unit("heading")
            self.add_paragraph(text, lines=lines)
            self.end_unit()

    def build_document(
        self,
        path: Path,
        data: bytes,
        kind: Literal["pdf", "tex", "md", "txt"],
        title: str,
        page_starts: tuple[int, ...] = (0,),
    ) -> Document:
        """Return the record; a document without a title is named after its file."""
        self.end_unit()
        digest = hashlib.sha256(data).hexdigest()
        return Document(
            id=digest[:16],
            path=str(path),
            sha256=digest,
            format=kind,
            title=title or path.stem,
            text="\n\n".join(self.paragraphs),
            page_starts=page_starts,
            headings=tuple(self.headings),
            emphasis=tuple(self.emphasis),
            authors=self.authors,
            units=tie_proofs(self.units),
            displays=tuple(self.displays),
            lines=tuple(self.lines),
            labels=tuple(self.labels),
            removed=tuple(self.removed),
            warnings=tuple(self.warnings),
        )
