"""From rows in reading order to paragraphs, headings and the title of a document."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from statistics import median

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.headings import (
    find_title,
    heading_face,
    is_run_in_head,
    is_statement_head,
    is_top_section,
    leaves_statement,
    measure_heading,
    opens_note,
    split_notes,
)
from graphtune.chunking.hyphens import collect_words
from graphtune.chunking.inline import join_rows
from graphtune.chunking.margins import drop_running_heads
from graphtune.chunking.rows import (
    Row,
    Run,
    is_contents_entry,
    order_pages,
    unify_sizes,
)
from graphtune.chunking.text import ends_sentence, number_level

_ITEM = re.compile(
    r"\s*(?:\[[\w+.-]{1,12}\]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|[•●◦▪‣–—∗·*-])(?=\s|$)"
)


@dataclass
class _Block:
    """A paragraph or a heading, as rows."""

    rows: list[Row]
    is_heading: bool = False


@dataclass
class _Grouper:
    """Gathers rows into blocks; `body_size` and `space` (between lines) are in points."""

    body_size: float
    space: float
    blocks: list[_Block] = field(default_factory=list)
    notes: list[Row] = field(default_factory=list)
    in_contents: bool = False
    has_body: bool = False

    def add_row(self, row: Row) -> None:
        """Continue the last block with a row, or open a new one."""
        if is_contents_entry(row) or (self.in_contents and row.is_entry):
            return
        last = self.blocks[-1] if self.blocks else None
        is_apart = last is None or self._is_apart(last.rows[-1], row)
        may_head = last is None or last.is_heading or is_apart or _is_finished(last.rows[-1])
        length = measure_heading(row, self.body_size, is_apart, self.has_body) if may_head else 0
        if length:
            self._add_heading(row, length)
        elif last is None or last.is_heading or self._opens_paragraph(last.rows, row):
            self._open_block(_Block([row]))
        else:
            last.rows.append(row)
        self.has_body = self.has_body or (row.words > 7 and row.size == self.body_size)

    def add_notes(self, rows: Sequence[Row]) -> None:
        """Keep footnotes back until the paragraph that runs over the page break has ended."""
        self.notes += rows

    def flush_notes(self) -> None:
        """Append the footnotes that were kept back, a paragraph each."""
        for row in self.notes:
            if opens_note(row) or row is self.notes[0]:
                self.blocks.append(_Block([row]))
            else:
                self.blocks[-1].rows.append(row)
        self.notes = []

    def _open_block(self, block: _Block) -> None:
        self.flush_notes()
        self.blocks.append(block)

    def _add_heading(self, row: Row, length: int) -> None:
        head, rest = _split_row(row, length)
        last = self.blocks[-1] if self.blocks else None
        above = last.rows[-1] if last else row
        if (
            last
            and last.is_heading
            and heading_face(above) == heading_face(head)
            and not self._is_apart(above, row)
            and not above.text.rstrip().endswith(".")
            and number_level(head.text.strip()) is None
        ):
            last.rows.append(head)
        else:
            self._open_block(_Block([head], is_heading=True))
        self.in_contents = head.text.strip().lower() in {"contents", "table of contents"}
        if self.in_contents:
            self.blocks.pop()
        if rest:
            self.blocks.append(_Block([rest]))

    def _is_apart(self, above: Row, row: Row) -> bool:
        size = max(self.body_size, min(row.size, above.size))
        return row.column != above.column or row.y0 - above.y1 > self.space + 0.4 * size

    def _opens_paragraph(self, rows: list[Row], row: Row) -> bool:
        """Tell whether `row` begins a new paragraph after the one of `rows`."""
        above = rows[-1]
        is_finished = _is_finished(above)
        if is_statement_head(row) and (is_finished or self._is_apart(above, row)):
            return True
        if is_finished and (is_run_in_head(row, above) or leaves_statement(rows, row)):
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
        if abs(row.size - above.size) > 0.7 or self._is_apart(above, row):
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


def flow_rows(pages: list[list[Row]]) -> tuple[TextBuilder, str, tuple[int, ...]]:
    """Turn the pieces of text of each page into a document's text, title and page starts."""
    body_size = unify_sizes(pages)
    bodies, removed = drop_running_heads(pages, body_size)
    if not any(bodies):
        bodies, removed = pages, []
    ordered = order_pages(bodies, body_size)
    columns = _measure_columns(ordered)
    title = find_title(ordered[0], body_size)
    in_title = set(map(id, title))
    grouper = _Grouper(body_size, _find_space(columns))
    for column in columns:
        rows, notes = split_notes([row for row in column if id(row) not in in_title], body_size)
        for row in rows:
            grouper.add_row(row)
        grouper.add_notes(notes)
    grouper.flush_notes()
    words = collect_words(row for column in columns for row in column)
    blocks = [_Block(title)] * bool(title) + grouper.blocks
    builder, starts = _write_blocks(blocks, words)
    builder.removed += removed
    title_text = join_rows(title, words)[0]
    page_starts = [0] * len(pages)
    following = builder.length
    for page in range(len(pages) - 1, -1, -1):
        following = page_starts[page] = min(starts.get(page, following), following)
    page_starts[0] = 0
    return builder, title_text, tuple(page_starts)


def _write_blocks(
    blocks: Sequence[_Block], words: Collection[str]
) -> tuple[TextBuilder, dict[int, int]]:
    """Write the blocks out; return also the offset at which each page's first row stands."""
    builder = TextBuilder()
    page_starts: dict[int, int] = {}
    levels = _rank_headings(blocks)
    for block in blocks:
        text, emphasis, starts = join_rows(block.rows, words)
        begin = builder.next_start
        if block.is_heading:
            builder.add_heading(text, levels[id(block)])
        else:
            builder.add_paragraph(text, emphasis)
        for row, start in zip(block.rows, starts, strict=True):
            page_starts.setdefault(row.page, begin + start)
    return builder, page_starts


def _rank_headings(blocks: Sequence[_Block]) -> dict[int, int]:
    """Return the level of each heading by the identity of its block.

    A number tells it; an unnumbered heading takes that of numbered ones in the same face, else
    its rank by size.
    """
    headings = [block for block in blocks if block.is_heading]
    levels: dict[int, int] = {}
    by_face: dict[tuple[int, float], Counter[int]] = {}
    for block in headings:
        level = number_level(block.rows[0].text.strip())
        if level is not None:
            levels[id(block)] = level
            by_face.setdefault(heading_face(block.rows[0]), Counter())[level] += 1
    sizes = sorted({block.rows[0].size for block in headings}, reverse=True)
    for block in headings:
        face = heading_face(block.rows[0])
        if id(block) in levels:
            continue
        if is_top_section(block.rows[0].text):
            levels[id(block)] = 1
        elif face in by_face:
            levels[id(block)] = by_face[face].most_common(1)[0][0]
        else:
            numbered = [
                level for (_, size), found in by_face.items() if size > face[1] for level in found
            ]
            rank = max(numbered) + 1 if numbered else sizes.index(face[1]) + 1
            levels[id(block)] = min(rank, 4)
    return levels


def _measure_columns(pages: list[list[Row]]) -> list[list[Row]]:
    """Cut the pages into columns and note where each row stands in its own."""
    columns: list[list[Row]] = []
    for page in pages:
        for _, group in groupby(page, key=lambda row: row.side):
            rows = list(group)
            prose = [row for row in rows if row.words > 3] or rows
            left = min(row.x0 for row in prose)
            right = sorted(row.x1 for row in prose)[int(0.9 * (len(prose) - 1))]
            for row in rows:
                row.column, row.indent = len(columns), row.x0 - left
                row.full = row.x1 > right - 1.5 * row.size
            columns.append(rows)
    return columns


def _find_space(columns: list[list[Row]]) -> float:
    spaces = [
        below.y0 - above.y1
        for column in columns
        for above, below in pairwise(column)
        if above.words > 3 and below.words > 3 and above.size == below.size
    ]
    return median(spaces) if spaces else 0.0
