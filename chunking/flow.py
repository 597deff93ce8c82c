"""From rows in reading order to paragraphs, headings and the title of a document."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import groupby, pairwise
from statistics import median

from graphtune.chunking.bibliography import read_mark
from graphtune.chunking.blocks import Block, OpenUnit
from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.frontmatter import drop_contents, find_authors, find_title, list_names
from graphtune.chunking.headings import heading_face, is_top_section, split_notes
from graphtune.chunking.heads import parse_head
from graphtune.chunking.hyphens import collect_words
from graphtune.chunking.inline import join_rows
from graphtune.chunking.margins import drop_running_heads
from graphtune.chunking.paragraphs import Grouper
from graphtune.chunking.rows import Row, order_pages, unify_sizes
from graphtune.chunking.statements import collect_faces, read_caption
from graphtune.chunking.text import number_level
from graphtune.records import Box

_EQUATION_NUMBER = re.compile(r"(?:^|\s)\((?:[A-Z]\.?)?\d+(?:\.\d+)*[a-z]?[′']?\)$")


def flow_rows(pages: list[list[Row]]) -> tuple[TextBuilder, str, tuple[int, ...]]:
    """Turn the pieces of text of each page into a document's text, title and page starts."""
    body_size = unify_sizes(pages)
    bodies, removed = drop_running_heads(pages, body_size)
    if not any(bodies):
        bodies, removed = pages, []
    ordered = order_pages(bodies, body_size)
    columns = _measure_columns(ordered)
    title = find_title(ordered[0], body_size)
    authors = find_authors(ordered[0], title, body_size)
    front = set(map(id, title + authors))
    rows = [row for page in ordered for row in page]
    body, contents = drop_contents([row for row in rows if id(row) not in front])
    grouper = Grouper(body_size, *_find_spaces(columns), collect_faces(body))
    for _, group in groupby(body, key=lambda row: row.column):
        column, notes = split_notes(list(group), body_size)
        for row in column:
            grouper.add_row(row)
        grouper.add_notes(notes)
    grouper.close()
    words = collect_words(rows)
    blocks = [Block(title, "title")] * bool(title) + [Block(authors, "authors")] * bool(authors)
    builder, starts = _write_blocks(blocks + grouper.blocks, words)
    builder.authors = list_names(authors)
    builder.removed += removed + contents
    page_starts = [0] * len(pages)
    following = builder.length
    for page in range(len(pages) - 1, -1, -1):
        following = page_starts[page] = min(starts.get(page, following), following)
    page_starts[0] = 0
    return builder, join_rows(title, words)[0], tuple(page_starts)


def _write_blocks(
    blocks: Sequence[Block], words: Collection[str]
) -> tuple[TextBuilder, dict[int, int]]:
    """Write the blocks out; return also the offset at which each page's first row stands."""
    builder = TextBuilder()
    page_starts: dict[int, int] = {}
    levels = _rank_headings(blocks)
    unit: OpenUnit | None = None
    for block in blocks:
        text, emphasis, starts = join_rows(block.rows, words)
        begin = builder.next_start
        lines = [(start, _box(row)) for row, start in zip(block.rows, starts, strict=True)]
        if block.kind == "heading":
            builder.add_heading(text, levels[id(block)], lines)
        else:
            if block.unit is None or block.unit is not unit:
                _begin_unit(builder, block, text)
            builder.add_paragraph(text, emphasis, _find_displays(block.rows, starts, text), lines)
        unit = block.unit
        for row, start in zip(block.rows, starts, strict=True):
            page_starts.setdefault(row.page, begin + start)
    return builder, page_starts


def _begin_unit(builder: TextBuilder, block: Block, text: str) -> None:
    """Open the unit that a block begins; its head may go on over the first row."""
    if block.unit:
        head = block.unit.head
        if head.kind == "statement":
            head = parse_head(text) or head
        builder.begin_unit(
            head.kind, head.label, head.number, head.name, min(head.length, len(text))
        )
    elif block.kind == "caption" and (caption := read_caption(block.rows[0])):
        builder.begin_unit("caption", caption.label, caption.number, "", caption.length)
    elif block.kind == "reference":
        mark, length = read_mark(text)
        builder.begin_unit("reference", "", mark, "", length)
    elif block.kind == "text":
        builder.end_unit()
    else:
        builder.begin_unit(block.kind)


def _box(row: Row) -> Box:
    return Box(row.page + 1, round(row.x0, 1), round(row.y0, 1), round(row.x1, 1), round(row.y1, 1))


def _find_displays(rows: Sequence[Row], starts: Sequence[int], text: str) -> list[tuple[int, int]]:
    """Return the spans of displayed formulas, neighbouring rows as one."""
    displays: list[tuple[int, int]] = []
    ends = [*starts[1:], len(text)]
    for index, row in enumerate(rows):
        if row.is_display:
            end = starts[index] + len(text[starts[index] : ends[index]].rstrip())
            if index and rows[index - 1].is_display:
                displays[-1] = (displays[-1][0], end)
            else:
                displays.append((starts[index], end))
    return displays


def _rank_headings(blocks: Sequence[Block]) -> dict[int, int]:
    """Return the level of each heading by the identity of its block.

    A number tells it; an unnumbered heading takes that of numbered ones in the same face, else
    its rank by size.
    """
    headings = [block for block in blocks if block.kind == "heading"]
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
                row.full = row.x1 > right - 1.5 * row.size and not _is_numbered(row)
            columns.append(rows)
    return columns


def _is_numbered(row: Row) -> bool:
    """Whether a row is a displayed formula with its number in the margin."""
    return (
        row.words < 4 and row.text.endswith(")") and _EQUATION_NUMBER.search(row.text) is not None
    )


def _find_spaces(columns: list[list[Row]]) -> tuple[float, float]:
    """Return the usual white space between two lines, and the usual distance of their baselines."""
    neighbours = [
        (below.y0 - above.y1, below.baseline - above.baseline)
        for column in columns
        for above, below in pairwise(column)
        if above.words > 3 and below.words > 3 and above.size == below.size
    ]
    if not neighbours:
        return 0.0, 0.0
    neighbours.sort(key=lambda space: space[1])
    low, middle = neighbours[3 * len(neighbours) // 10], neighbours[len(neighbours) // 2]
    if middle[1] > 1.2 * low[1]:  # slides: as many paragraphs begin as lines go on
        return low
    spaces, leadings = zip(*neighbours, strict=True)
    return median(spaces), median(leadings)
