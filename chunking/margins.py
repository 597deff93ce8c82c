"""What stands around the text of a page: running heads, page and line numbers, templates."""

import math
import re
from collections import Counter
from itertools import pairwise
from statistics import median

from graphtune.chunking.headings import opens_note
from graphtune.chunking.rows import BOLD, PAGE_NUMBER, Row
from graphtune.records import Removal

#: The text of a piece, without its digits perhaps, and its height on the page.
Mark = tuple[str, int]


def drop_running_heads(
    pages: list[list[Row]], body_size: float
) -> tuple[list[list[Row]], list[Removal]]:
    """Remove running heads, running feet, page numbers, and what stands on most pages alike.

    Up to two lines go at either end of a page: those with a piece that stands at the same height
    on at least a quarter of the pages, a lone number at the foot, and lines of any text that are set
    off from the page at one height on at least half of the pages, as names of sections are. Digits may
    differ where white space sets the line off.
    """
    removed: list[Removal] = []
    edges = _measure_column(pages)
    pages = [_drop_line_numbers(page, edges[0], removed) for page in pages]
    pages = _drop_templates(pages, edges, body_size, removed)
    for is_top in (True, True, False, False):
        lines = [_outermost_line(page, is_top) for page in pages]
        marks = [_mark_line(line, page, body_size) for line, page in zip(lines, pages, strict=True)]
        seen = Counter(mark for page_marks in marks for mark in page_marks)
        often = max(2, len(pages) / 4)
        headed = _find_headed(lines, pages, body_size)
        for index, line in enumerate(lines):
            is_folio = not is_top and _is_folio(line, pages[index])
            if index not in headed and not is_folio:
                frequent = {mark for mark in marks[index] if seen[mark] >= often}
                line = _select_repeated(line, pages[index], frequent, body_size)
            if line:
                gone = set(map(id, line))
                pages[index] = [piece for piece in pages[index] if id(piece) not in gone]
                removed += map(_log_margin, line)
    return pages, removed


def _select_repeated(
    line: list[Row], page: list[Row], frequent: set[Mark], body_size: float
) -> list[Row]:
    """Return the pieces of a line that have a frequent mark, and those level with them in a line set off.

    The text of a full page may reach the line of the page number.
    """
    if not frequent:
        return []
    is_apart = _distance(line, page) > 0.7 * body_size
    heights = {mark[1] for mark in frequent} if is_apart else set()
    return [
        piece
        for piece in line
        if _mark_piece(piece, line, page, body_size) in frequent
        or round(piece.baseline / 4) in heights
    ]


def _find_headed(lines: list[list[Row]], pages: list[list[Row]], body_size: float) -> set[int]:
    """Return the pages whose outermost line is set off at the height usual for the document.

    It must stand further off than the lines of the page do from each other, and on hardly any page
    may a line of text stand at its height: headings are set off too where they open a page.
    """
    heights = [round(line[0].baseline / 4) if line else None for line in lines]
    apart = [
        index
        for index, (line, page) in enumerate(zip(lines, pages, strict=True))
        if _distance(line, page) > 0.7 * body_size
        and any(_may_repeat(piece, body_size) for piece in line)
        and not any(_is_note(piece, page, body_size) for piece in line)
    ]
    usual, count = Counter(heights[index] for index in apart).most_common(1)[0] if apart else (0, 0)
    if count < max(3, len(pages) / 2, 0.75 * heights.count(usual)):
        return set()
    headed = {index for index in apart if heights[index] == usual}
    spaces = [_typical_space(pages[index], lines[index]) for index in sorted(headed)]
    if median(_distance(lines[i], pages[i]) for i in headed) < 2 * median(spaces):
        return set()
    return headed


def _is_note(piece: Row, page: list[Row], body_size: float) -> bool:
    """Whether a piece below the middle of its page reads as a footnote: small, with a mark or a stop."""
    if piece.size >= 0.93 * body_size:
        return False
    is_below = piece.baseline > (page[0].baseline + max(row.y1 for row in page)) / 2
    is_sentence = piece.words > 4 and piece.text.rstrip().endswith((".", ".”", ".)"))
    return is_below and (is_sentence or opens_note(piece))


def _typical_space(page: list[Row], line: list[Row]) -> float:
    """Return the median white space between the lines of a page without its outermost one."""
    inside = set(map(id, line))
    tops = sorted((piece.y0, piece.y1) for piece in page if id(piece) not in inside)
    return median([max(0.0, b[0] - a[1]) for a, b in pairwise(tops) if b[0] > a[0] + 4] or [0.0])


def _log_margin(piece: Row) -> Removal:
    text = piece.text.strip()
    is_number = PAGE_NUMBER.fullmatch(text) is not None
    return Removal(piece.page + 1, text, "page number" if is_number else "running head")


def _drop_templates(
    pages: list[list[Row]], edges: tuple[float, float], body_size: float, removed: list[Removal]
) -> list[list[Row]]:
    """Remove short pieces that stand at one place on most pages: sidebars of slides, stamps.

    They stand around the text; within it only on slides, which are wider than high, or very large.
    """
    seen: Counter[tuple[str, int, int]] = Counter()
    for page in pages:
        seen.update({_place(piece) for piece in page if len(piece.text) <= 40})
    often = max(3, len(pages) / 2)
    common = {place for place, count in seen.items() if count > often}
    if common and not _are_slides(pages):
        inside = (piece for page in pages for piece in _list_inside(page, common, edges))
        common -= {_place(piece) for piece in inside if piece.size < 2 * body_size}
    if not common:
        return pages
    gone = [piece for page in pages for piece in page if _place(piece) in common]
    removed += [Removal(piece.page + 1, piece.text.strip(), "template") for piece in gone]
    return [[piece for piece in page if _place(piece) not in common] for page in pages]


def _are_slides(pages: list[list[Row]]) -> bool:
    pieces = [piece for page in pages for piece in page]
    width = max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)
    return width > max(piece.y1 for piece in pieces) - min(piece.y0 for piece in pieces)


def _list_inside(
    page: list[Row], common: set[tuple[str, int, int]], edges: tuple[float, float]
) -> list[Row]:
    """Return the pieces at common places with other text above and below, and not beside the column."""
    levels = [piece.baseline for piece in page if _place(piece) not in common]
    top, bottom = min(levels, default=0.0), max(levels, default=0.0)
    return [
        piece
        for piece in page
        if _place(piece) in common
        and top < piece.baseline < bottom
        and piece.x1 > edges[0]
        and piece.x0 < edges[1]
    ]


def _measure_column(pages: list[list[Row]]) -> tuple[float, float]:
    """Return the left and the right edge of the text of a document."""
    prose = [piece for page in pages for piece in page if piece.words > 3]
    if not prose:
        return -math.inf, math.inf
    lefts, rights = sorted(piece.x0 for piece in prose), sorted(piece.x1 for piece in prose)
    return lefts[len(prose) // 20], rights[-1 - len(prose) // 20]


def _drop_line_numbers(page: list[Row], left: float, removed: list[Removal]) -> list[Row]:
    """Remove numbers that count the lines: five and more below each other, left of the text."""
    beside = [piece for piece in page if piece.x1 < left and piece.text.strip().isdecimal()]
    beside.sort(key=lambda piece: piece.baseline)
    values = [int(piece.text) for piece in beside]
    if len(beside) < 5 or any(below <= above for above, below in pairwise(values)):
        return page
    removed += [Removal(piece.page + 1, piece.text.strip(), "line number") for piece in beside]
    gone = set(map(id, beside))
    return [piece for piece in page if id(piece) not in gone]


def _place(piece: Row) -> tuple[str, int, int]:
    return piece.text, round(piece.x0), round(piece.baseline)


def _may_repeat(piece: Row, body_size: float) -> bool:
    """Whether a piece may belong to a running head; numbers of headings are large or bold.

    A lone symbol comes back at the same height by chance, in formulas.
    """
    if piece.size >= 1.05 * body_size:
        return False
    if piece.words:
        return True
    text = piece.text.strip()
    is_number = text.replace(".", "").isdigit() or PAGE_NUMBER.fullmatch(text) is not None
    return is_number and not piece.runs[0].style & BOLD


def _outermost_line(page: list[Row], is_top: bool) -> list[Row]:
    if not page:
        return []
    if is_top:
        edge = min(page, key=lambda piece: piece.y0)
        return [piece for piece in page if piece.y0 < (edge.y0 + edge.y1) / 2]
    edge = max(page, key=lambda piece: piece.y1)
    return [piece for piece in page if piece.y1 > (edge.y0 + edge.y1) / 2]


def _mark_line(line: list[Row], page: list[Row], body_size: float) -> set[Mark]:
    return {
        _mark_piece(piece, line, page, body_size) for piece in line if _may_repeat(piece, body_size)
    }


def _mark_piece(piece: Row, line: list[Row], page: list[Row], body_size: float) -> Mark:
    """Return the text and the height of a piece; digits count as one where they may differ by page."""
    text = piece.text.strip()
    is_apart = _distance(line, page) > 0.7 * body_size and not _is_note(piece, page, body_size)
    mark = re.sub(r"\d+", "#", text) if is_apart or text.isdigit() else text
    return mark, round(piece.baseline / 4)


def _distance(line: list[Row], page: list[Row]) -> float:
    """Return the white space between the outermost line of a page and the rest, in points."""
    inside = set(map(id, line))
    rest = [piece for piece in page if id(piece) not in inside]
    if not line or not rest:
        return math.inf
    above = min(piece.y0 for piece in rest) - max(piece.y1 for piece in line)
    below = min(piece.y0 for piece in line) - max(piece.y1 for piece in rest)
    return max(above, below)


def _is_folio(line: list[Row], page: list[Row]) -> bool:
    if len(line) != 1 or not PAGE_NUMBER.fullmatch(line[0].text.strip()):
        return False
    return _distance(line, page) > 0.5 * line[0].size
