"""Rows of text become paragraphs, headings and the units that these are in."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graphtune.chunking.bibliography import is_references, leaves_references, split_references
from graphtune.chunking.headings import (
    heading_face,
    is_run_in_head,
    measure_continuation,
    measure_heading,
    opens_note,
)
from graphtune.chunking.rows import Row, Run
from graphtune.chunking.statements import (
    INNER_KINDS,
    Head,
    ends_with_box,
    is_formula,
    is_slanted,
    leaves_slanted,
    read_caption,
    read_head,
)
from graphtune.chunking.text import ends_sentence, number_level
from graphtune.records import UnitKind

_ITEM = re.compile(
    r"\s*(?:\[[\w+.-]{1,12}\]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5}|[A-Z]{1,2}\d{1,2})[.)]|[•●◦▪‣–—∗·*-])(?=\s|$)"
)
_ABSTRACT = re.compile(r"\s*(?:Abstract|Summary)\s*(?:[.:—–-]+\s*|$)", re.IGNORECASE)
_PART = re.compile(r"\s*(?:Part|Chapter|Appendix)\s+(?:[A-Z]|[IVXLC]+|\d{1,3})[.:]?\s*", re.I)
_KEYWORDS = re.compile(r"\s*(?:Key ?words|\d{4} Mathematics|MSC|Mathematics Subject|Date\b)", re.I)


@dataclass
class OpenUnit:
    """A unit of which paragraphs are being read; `depth` counts the proofs that are open in it."""

    head: Head
    depth: int = 1
    has_claim: bool = False
    slanted: bool | None = None


@dataclass
class Block:
    """A paragraph as rows; those of one `unit` follow each other, one without is a unit alone."""

    rows: list[Row]
    kind: UnitKind = "text"
    unit: OpenUnit | None = None


@dataclass
class Grouper:
    """Gathers rows into blocks; `body_size`, `space` and `leading` (between lines) are in points."""

    body_size: float
    space: float
    leading: float
    head_faces: set[int]
    blocks: list[Block] = field(default_factory=list)
    notes: list[Block] = field(default_factory=list)
    references: list[Row] | None = None
    unit: OpenUnit | None = None
    has_body: bool = False
    slanted: Counter[str] = field(default_factory=Counter)

    def add_row(self, row: Row) -> None:
        """Continue the last block with a row, or open a new one."""
        last = self.blocks[-1] if self.blocks else None
        above = self.references[-1] if self.references else last.rows[-1] if last else None
        is_apart = above is None or self._is_apart(above, row)
        is_finished = above is None or _is_finished(above)
        abstract = None if self.has_body else _ABSTRACT.match(row.text)
        length = 0
        if abstract:
            head = Head("abstract", "Abstract", "", "", abstract.end())
            self._open_block(row, unit=OpenUnit(head))
        elif last is None or last.kind == "heading" or is_apart or is_finished:
            length = measure_heading(row, self.body_size, is_apart, self.has_body)
        if last and last.kind == "heading" and not is_apart and not length:
            length = measure_continuation(last.rows[-1], row)
        if abstract:
            pass
        elif length:
            self._add_heading(row, length)
        elif self.references is not None:
            self._add_reference(row, is_apart)
        elif above is None or last is None:
            self._open_block(row)
        else:
            self._add_body(last, row, is_apart, is_finished)
        self.has_body = self.has_body or (row.words > 7 and row.size == self.body_size)

    def add_notes(self, rows: Sequence[Row]) -> None:
        """Keep footnotes back until the unit or paragraph that runs over the page break has ended."""
        for index, row in enumerate(rows):
            if opens_note(row) or not index:
                self.notes.append(Block([row], "footnote"))
            else:
                self.notes[-1].rows.append(row)

    def close(self) -> None:
        """End what is open."""
        self._close_references()
        self._flush_notes()

    def _flush_notes(self) -> None:
        self.blocks += self.notes
        self.notes = []

    def _close_references(self) -> None:
        for rows in split_references(self.references or []):
            self.blocks.append(Block(rows, "reference"))
        self.references = None

    def _add_reference(self, row: Row, is_apart: bool) -> None:
        rows = self.references if self.references is not None else []
        if rows and is_apart and leaves_references(rows, row):
            self._close_references()
            self._open_block(row)
        else:
            rows.append(row)

    def _open_block(self, row: Row, kind: UnitKind = "text", unit: OpenUnit | None = None) -> None:
        if unit is None or not self.blocks or unit is not self.blocks[-1].unit:
            self._flush_notes()
        if self.unit and self.unit is not unit and self.unit.head.kind == "statement":
            self._is_slanted(self.unit, self.blocks[-1].rows)
        self.unit = unit
        self.blocks.append(Block([row], kind, unit))
        self._close_at_box(row)

    def _add_body(self, last: Block, row: Row, is_apart: bool, is_finished: bool) -> None:
        """Place a row that is no heading and stands in no bibliography."""
        if is_apart or is_finished or last.kind == "heading" or last.unit is not self.unit:
            if self._opens_unit(row):
                return
        if last.kind == "caption" and not is_apart and last.rows[-1].page == row.page:
            last.rows.append(row)
        elif self.unit and self._leaves_unit(last, row, is_apart, is_finished):
            self._open_block(row)
        elif (
            last.kind in {"heading", "caption"}
            or last.unit is not self.unit
            or self._opens_paragraph(last.rows, row, is_apart, is_finished)
        ):
            self._open_block(row, unit=self.unit)
        else:
            last.rows.append(row)
            self._close_at_box(row)

    def _opens_unit(self, row: Row) -> bool:
        """Open the statement, proof, caption or abstract that a row is the head of, if it is one."""
        head = read_head(row, self.head_faces)
        unit = self.unit
        if head and unit and unit.head.kind == "proof":
            if head.kind == "proof" and unit.has_claim:
                unit.depth, unit.has_claim = unit.depth + 1, False
                self._open_block(row, unit=unit)
                return True
            if head.label in INNER_KINDS:
                unit.has_claim = True
                self._open_block(row, unit=unit)
                return True
        if head:
            self._open_block(row, unit=OpenUnit(head))
        elif caption := read_caption(row):
            self._open_block(row, "caption", self.unit)
        else:
            return False
        return True

    def _close_at_box(self, row: Row) -> None:
        if self.unit and self.unit.head.kind != "abstract" and ends_with_box(row):
            self.unit.depth -= 1
            if not self.unit.depth:
                self.unit = None

    def _leaves_unit(self, last: Block, row: Row, is_apart: bool, is_finished: bool) -> bool:
        unit = self.unit
        above = last.rows[-1]
        if unit is None or unit.head.kind == "proof" or last.unit is not unit:
            return False
        if unit.head.kind == "abstract":
            return self._leaves_abstract(last.rows, row, is_apart)
        if is_formula(row) or not (is_finished or is_apart or not above.full):
            return False
        if self._is_slanted(unit, last.rows):
            return leaves_slanted(row)
        return is_finished and self._leaves_upright(last.rows, row)

    def _is_slanted(self, unit: OpenUnit, rows: Sequence[Row]) -> bool:
        """Tell whether a statement is in italics, by what others of its kind are and by its words."""
        label = unit.head.label
        if unit.slanted is None:
            unit.slanted = is_slanted(rows[:6])
            if unit.slanted is not None:
                self.slanted[label] += 1 if unit.slanted else -1
        votes = self.slanted[label]
        return votes > 0 if votes else unit.slanted is not False

    def _leaves_upright(self, rows: list[Row], row: Row) -> bool:
        """Tell whether a row follows a statement in upright letters, whose end is white space."""
        above = rows[-1]
        is_indented = 0.6 < row.indent / row.size < 4
        is_in_list = _ITEM.match(rows[0].text) is not None
        if above.text.rstrip().endswith(":") or not _looks_new(row):
            return False
        if _ITEM.match(row.text) and (is_in_list or is_formula(above)):
            return False
        if row.column != above.column or is_in_list or is_formula(above):
            return is_indented
        if above.y1 - above.y0 > 1.7 * above.size:  # a formula is part of the row
            return is_indented
        drop = row.baseline - above.baseline - self.leading
        return drop > 0.3 * row.size and row.y0 - above.y1 > self.space + 1.5

    def _leaves_abstract(self, rows: list[Row], row: Row, is_apart: bool) -> bool:
        if len(rows) == 1 and rows[0].words == 1:
            return False
        is_larger = row.size > rows[-1].size + 0.4
        return is_larger or _KEYWORDS.match(row.text) is not None or (
            is_apart and row.column == rows[-1].column and _is_finished(rows[-1])
            and row.y0 - rows[-1].y1 > self.space + row.size
        )  # fmt: skip

    def _add_heading(self, row: Row, length: int) -> None:
        head, rest = _split_row(row, length)
        last = self.blocks[-1] if self.blocks else None
        above = last.rows[-1] if last else row
        self._close_references()
        if (
            last
            and last.kind == "heading"
            and heading_face(above) == heading_face(head)
            and not self._is_apart(above, row)
            and not above.text.rstrip().endswith(".")
            and number_level(head.text.strip()) is None
        ) or (last and last.kind == "heading" and _PART.fullmatch(above.text)):
            last.rows.append(head)
        else:
            self._open_block(head, "heading")
        if is_references(head.text):
            self.references = []
        if rest:
            self._open_block(rest)

    def _is_apart(self, above: Row, row: Row) -> bool:
        size = max(self.body_size, min(row.size, above.size))
        return row.column != above.column or row.y0 - above.y1 > self.space + 0.4 * size

    def _opens_paragraph(
        self, rows: list[Row], row: Row, is_apart: bool, is_finished: bool
    ) -> bool:
        """Tell whether `row` begins a new paragraph after the one of `rows`."""
        above = rows[-1]
        if is_finished and is_run_in_head(row, above):
            return True
        if row.column != above.column:
            return is_finished and not above.is_display
        if _ITEM.match(row.text) and not row.is_display and not above.full:
            return True
        if row.is_display or above.is_display:
            gap = row.y0 - above.y1 - self.space
            indent = row.indent - min(other.indent for other in rows)
            is_indented = not row.is_display and 0.6 < indent / row.size < 4 and len(rows) > 1
            return gap > 3 * self.body_size or (is_indented and _looks_new(row))
        if _ITEM.match(rows[0].text) or _ITEM.match(row.text):
            return _opens_item(rows, row)
        if above.full and not is_finished:
            return abs(row.size - above.size) > 0.7
        if abs(row.size - above.size) > 0.7 or is_apart:
            return True
        base = min(other.indent for other in rows)
        if row.indent > base + 0.6 * row.size:
            return True
        return not above.full and is_finished and _looks_new(row)


def _is_finished(row: Row) -> bool:
    return ends_sentence(row.text) or row.is_display


def _looks_new(row: Row) -> bool:
    return not row.text.lstrip()[:1].islower()


def _opens_item(rows: list[Row], row: Row) -> bool:
    """Tell whether a row begins a list item, or ends the list that the paragraph of `rows` is in."""
    first, above = rows[0], rows[-1]
    hang = rows[1].indent if len(rows) > 1 else first.indent + row.size
    if _ITEM.match(row.text):
        is_outdented = row.indent < hang - 2 if _ITEM.match(first.text) else row.indent > hang + 2
        return is_outdented
    if not _ITEM.match(first.text):
        return False
    return row.indent < min(hang, first.indent) + 2 and (_is_finished(above) or not above.full)


def _split_row(row: Row, length: int) -> tuple[Row, Row | None]:
    """Cut a row after `length` characters."""
    head: list[Run] = []
    rest: list[Run] = []
    for run in row.runs:
        taken = max(0, min(len(run.text), length))
        length -= len(run.text)
        if taken:
            head.append(run._replace(text=run.text[:taken]))
        if taken < len(run.text):
            rest.append(run._replace(text=run.text[taken:]))
    if not any(run.text.strip() for run in rest):
        return row, None
    first, second = ("".join(run.text for run in part) for part in (head, rest))
    return replace(row, runs=head, text=first), replace(row, runs=rest, text=second)
