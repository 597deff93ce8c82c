r"""What a LaTeX reader has printed: paragraphs in units, and the places that `\label` names."""

from dataclasses import dataclass, field
from typing import NamedTuple

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.handwritten import read_head
from graphtune.chunking.tex.paragraph import Paragraph
from graphtune.records import Label, UnitKind

_MAX_WARNINGS = 50


class Target(NamedTuple):
    r"""A place that `\label` or `\bibitem` names: where, its printed number, its kind in words, its title."""

    start: int = 0
    number: str = ""
    word: str = ""
    title: str = ""


class OpenUnit(NamedTuple):
    """The unit that the next paragraphs belong to."""

    kind: UnitKind
    label: str = ""
    number: str = ""
    name: str = ""


@dataclass
class Output:
    """The document so far; `current` is what a label would name here."""

    builder: TextBuilder = field(default_factory=TextBuilder)
    paragraph: Paragraph = field(default_factory=Paragraph)
    targets: dict[str, Target] = field(default_factory=dict)
    current: Target = field(default_factory=Target)
    unit: OpenUnit | None = None
    references: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Offset in the document at which the paragraph begins."""
        return self.builder.next_start

    def end_paragraph(self, heading: int = 0) -> None:
        """Hand the paragraph to the builder, as a heading of the level `heading` if that is not 0."""
        paragraph = self.paragraph
        paragraph.close_emphasis()
        text, start = paragraph.text, self.start
        if text:
            self.references += [
                (start + begin, start + end, key)
                for begin, end, key in paragraph.references
                if begin < end <= len(text)
            ]
        emphasis = [(begin, end) for begin, end in paragraph.emphasis if end <= len(text)]
        is_marked = self.unit is None and any(begin == 0 for begin, _ in emphasis)
        head = read_head(text) if is_marked and not heading else None
        if heading:
            self.builder.add_heading(text, heading)
        elif head:
            # Written by hand: "{\bf Theorem 1.} …"; the paragraph is all that surely belongs to it.
            emphasis = [(begin, end) for begin, end in emphasis if begin >= head.length]
            self.builder.begin_unit(head.kind, head.label, head.number, head.name, head.length)
            self.builder.add_paragraph(text, emphasis, paragraph.displays)
            self.builder.end_unit()
        else:
            self.builder.add_paragraph(text, emphasis, paragraph.displays)
        paragraph.clear()

    def begin_unit(self, unit: OpenUnit, head: int = 0) -> None:
        """Open a unit at this paragraph; `head` characters of its head may be printed already."""
        self.unit = unit
        self.builder.begin_unit(unit.kind, unit.label, unit.number, unit.name, head)

    def end_unit(self, outer: OpenUnit | None = None) -> None:
        """Close the paragraph and the unit; `outer`, if there is one, goes on.

        The rest of a unit has no label, so that it is counted once.
        """
        self.end_paragraph()
        self.builder.end_unit()
        self.unit = None
        if outer:
            self.begin_unit(OpenUnit(outer.kind))

    def add_label(self, key: str) -> None:
        """Let `key` name the current place; the first label of a name counts."""
        self.targets.setdefault(key.strip(), self.current)

    def warn(self, message: str) -> None:
        """Note what the reader gave up on, each message once."""
        if message not in self.builder.warnings and len(self.builder.warnings) < _MAX_WARNINGS:
            self.builder.warnings.append(message)

    def resolve_references(self) -> list[Label]:
        """Return the references whose places are known."""
        return [
            Label(start, end, self.targets[key].start)
            for start, end, key in self.references
            if key in self.targets
        ]
