"""Rows of text become paragraphs, headings and the units that these are in."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from graphtune.chunking.bibliography import is_references, leaves_references, split_references
from graphtune.chunking.blocks import (
    Block,
    OpenUnit,
    ends_paragraph,
    is_head_alone,
    is_item,
    looks_new,
    opens_item,
    split_row,
)
from graphtune.chunking.headings import (
    heading_face,
    is_run_in_head,
    measure_continuation,
    measure_heading,
    opens_note,
)
from graphtune.chunking.heads import Head
from graphtune.chunking.rows import Row
from graphtune.chunking.statements import (
    INNER_KINDS,
    ends_with_box,
    is_formula,
    is_slanted,
    leaves_slanted,
    read_caption,
    read_head,
)
from graphtune.chunking.text import number_level
from graphtune.records import UnitKind

_ABSTRACT = re.compile(r"\s*(?:Abstract|Summary)\s*(?:[.:—–-]+\s*|$)", re.IGNORECASE)
_PART = re.compile(r"\s*(?:Part|Chapter|Appendix)\s+(?:[A-Z]|[IVXLC]+|\d{1,3})[.:]?\s*", re.I)
_KEYWORDS = re.compile(r"\s*(?:Key ?words|\d{4} Mathematics|MSC|Mathematics Subject|Date\b)", re.I)


@dataclass
class Grouper:
    """Gathers rows into blocks; `body_size`, `space` and `leading` (between lines) are in points."""

    body_size: float
    space: float
    leading: float
    head_faces: set[int]
    blocks: list[Block] = field(default_factory=list)
    notes: list[Block] = field(default_factory=list)
    caption: Block | None = None
    references: list[Row] | None = None
    unit: OpenUnit | None = None
    has_body: bool = False
    slanted: Counter[str] = field(default_factory=Counter)

    def add_row(self, row: Row) -> None:
        """Continue the last block with a row, or open a new one."""
        if self.caption and not self._is_apart(self.caption.rows[-1], row):
            self.caption.rows.append(row)
            return
        self.caption = None
        last = self.blocks[-1] if self.blocks else None
        above = self.references[-1] if self.references else last.rows[-1] if last else None
        is_apart = above is None or self._is_apart(above, row)
        is_finished = above is None or ends_paragraph(above)
        if not self.has_body and (abstract := _ABSTRACT.match(row.text)):
            head = Head("abstract", "Abstract", "", "", abstract.end())
            self._open_block(row, unit=OpenUnit(head))
        elif length := self._measure_heading(last, row, is_apart, is_finished):
            self._add_heading(row, length)
        elif self.references is not None:
            self._add_reference(row, is_apart)
        elif last is None:
            self._open_block(row)
        else:
            self._add_body(last, row, is_apart, is_finished)
        self.has_body = self.has_body or (row.words > 7 and row.size == self.body_size)

    def _measure_heading(
        self, last: Block | None, row: Row, is_apart: bool, is_finished: bool
    ) -> int:
        """Return how many characters at the start of a row are a heading."""
        length = 0
        follows_heading = last is not None and last.kind == "heading"
        if follows_heading or is_apart or is_finished:
            length = measure_heading(row, self.body_size, is_apart, self.has_body)
        if last and follows_heading and not is_apart and not length:
            length = measure_continuation(last.rows[-1], row, self.body_size)
        return length

    def add_notes(self, rows: Sequence[Row]) -> None:
        """Keep footnotes back, as captions are, until the paragraph or unit they stand in has ended."""
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
        is_open = last.kind == "text" and last.unit is self.unit and not is_head_alone(last)
        if (is_apart or is_finished or not is_open) and self._opens_unit(row):
            return
        if self.unit and self._leaves_unit(last, row, is_apart, is_finished):
            self._open_block(row)
        elif is_open and not self._opens_paragraph(last.rows, row, is_apart, is_finished):
            last.rows.append(row)
            self._close_at_box(row)
        else:
            self._open_block(row, unit=self.unit)

    def _opens_unit(self, row: Row) -> bool:
        """Open the statement, proof or caption that a row is the head of, if it is one."""
        head = read_head(row, self.head_faces)
        unit = self.unit
        if head and unit and unit.head.kind == "proof":
            is_inner_proof = head.kind == "proof" and unit.has_claim
            if is_inner_proof or head.label in INNER_KINDS:
                unit.depth += is_inner_proof
                unit.has_claim = not is_inner_proof
                self._open_block(row, unit=unit)
                return True
        if head:
            self._open_block(row, unit=OpenUnit(head))
        elif read_caption(row):
            self.caption = Block([row], "caption")
            self.notes.append(self.caption)
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
            return not is_head_alone(last) and self._leaves_abstract(last.rows, row, is_apart)
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
        is_in_list = is_item(rows[0])
        if above.text.rstrip().endswith(":") or not looks_new(row):
            return False
        if is_item(row) and (is_in_list or is_formula(above)):
            return False
        if row.column != above.column or is_in_list or is_formula(above):
            return is_indented
        if above.y1 - above.y0 > 1.7 * above.size:  # a formula is part of the row
            return is_indented
        drop = row.baseline - above.baseline - self.leading
        return drop > 0.3 * row.size and row.y0 - above.y1 > self.space + 1.5

    def _leaves_abstract(self, rows: list[Row], row: Row, is_apart: bool) -> bool:
        is_larger = row.size > rows[-1].size + 0.4
        return is_larger or _KEYWORDS.match(row.text) is not None or (
            is_apart and row.column == rows[-1].column and ends_paragraph(rows[-1])
            and row.y0 - rows[-1].y1 > self.space + row.size
        )  # fmt: skip

    def _add_heading(self, row: Row, length: int) -> None:
        head, rest = split_row(row, length)
        last = self.blocks[-1] if self.blocks else None
        above = last.rows[-1] if last else row
        self._close_references()
        if last and last.kind == "heading" and self._continues_heading(above, head):
            last.rows.append(head)
        else:
            self._open_block(head, "heading")
        if is_references(head.text):
            self.references = []
        if rest:
            self._open_block(rest)

    def _continues_heading(self, above: Row, row: Row) -> bool:
        if _PART.fullmatch(above.text):
            return True
        is_same = (
            heading_face(above) == heading_face(row) and number_level(row.text.strip()) is None
        )
        is_finished = above.text.rstrip().endswith(".")
        return (is_same or not row.words) and not is_finished and not self._is_apart(above, row)

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
        if is_item(row) and not row.is_display and not above.full:
            return True
        if row.is_display or above.is_display:
            gap = row.y0 - above.y1 - self.space
            indent = row.indent - min(other.indent for other in rows)
            is_indented = not row.is_display and 0.6 < indent / row.size < 4 and len(rows) > 1
            return gap > 3 * self.body_size or (is_indented and looks_new(row))
        if is_item(rows[0]) or is_item(row):
            return opens_item(rows, row)
        if above.full and not is_finished:
            return abs(row.size - above.size) > 0.7
        if abs(row.size - above.size) > 0.7 or is_apart:
            return True
        base = min(other.indent for other in rows)
        if row.indent > base + 0.6 * row.size:
            return True
        return not above.full and is_finished and looks_new(row)
