"""Geometry of a page: fragments of text become rows, and rows come into reading order."""

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphtune.records import Removal

ITALIC, BOLD, CAPS, MATH = 1, 2, 4, 8
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEADERS = re.compile(r"(?:\. ?){4,}\s*(?:\d{1,4}|[ivxlc]+)\s*$")
_PAGE_NUMBER = re.compile(
    r"(?:page )?[-–—\s]*(?:\d{1,4}|[ivxl]+)(?:\s*(?:of|/)\s*\d+)?[-–—\s]*", re.I
)
#: The boxes that end proofs.
END_MARKS = frozenset("□■∎◻")


class Run(NamedTuple):
    """Text in one face: `style` is a sum of ITALIC, BOLD, CAPS and MATH, `size` is in points."""

    text: str
    style: int
    size: float


@dataclass(slots=True)
class Row:
    """What stands on one line of a column, from left to right; y grows downwards, in points.

    `words` counts those of two letters and more outside mathematics, `prose` their letters; `side`
    is 1 or 2 on a page of two columns, 0 for what crosses both; `column` counts from 0 over the
    document; `indent` is the distance from the column's left margin, `full` says that the row
    reaches the right one; `pen` is where its last piece ended.
    """

    runs: list[Run]
    text: str
    page: int
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    size: float
    words: int
    prose: int
    pen: float
    is_entry: bool = False
    side: int = 0
    column: int = 0
    indent: float = 0.0
    full: bool = False

    @property
    def is_display(self) -> bool:
        """Whether this is a displayed formula, not a line of prose."""
        is_prose = self.prose > 0.4 * len(self.text.replace(" ", ""))
        return self.words < 4 and not is_prose and self.indent > self.size and not self.full


def make_row(
    runs: list[Run], box: tuple[float, float, float, float], baseline: float, page: int
) -> Row | None:
    """Make a row of one piece of text; None where it is blank."""
    text = "".join([run.text for run in runs])
    if not text.strip():
        return None
    sizes: dict[float, int] = {}
    for run in runs:
        sizes[run.size] = sizes.get(run.size, 0) + len(run.text)
    size = round(max(sizes, key=sizes.__getitem__), 1)
    prose = "".join([" " if run.style & MATH else run.text for run in runs])
    words = _WORD.findall(prose)
    return Row(runs, text, page, *box, baseline, size, len(words), sum(map(len, words)), pen=box[2])


def order_pages(pages: list[list[Row]], body_size: float) -> list[list[Row]]:
    """Join the pieces of each page to rows and bring them into reading order.

    A document has two columns where at least half of its pages look so: a wide table alone looks
    like two columns too.
    """
    prose = [piece for page in pages for piece in page if piece.words > 3]
    gutter = None
    if prose:
        lefts, rights = sorted(row.x0 for row in prose), sorted(row.x1 for row in prose)
        middle = (lefts[len(prose) // 20] + rights[-1 - len(prose) // 20]) / 2
        gutters = sorted(filter(None, (_find_gutter(page, middle) for page in pages)))
        gutter = gutters[len(gutters) // 2] if 2 * len(gutters) >= len(pages) else None
    return [_order_page(page, gutter, body_size) for page in pages]


def _find_gutter(pieces: Sequence[Row], middle: float) -> float | None:
    """Return the x where the right one of two columns begins, None on a page of one column.

    A page has two where many letters stand wholly to the right of the middle, many wholly to the
    left, and no more than a bit over half of them across.
    """
    left = right = across = 0
    starts: Counter[int] = Counter()
    for piece in pieces:
        length = len(piece.text) if piece.words > 1 else 0
        if piece.x1 < middle + 4:
            left += length
        elif piece.x0 > middle - 4:
            right += length
            starts[round(piece.x0)] += length
        else:
            across += length
    total = left + right + across
    if not total or min(left, right) < 0.15 * total or across > 0.6 * total:
        return None
    return min(start for start in starts if starts[start] >= 0.1 * right) - 4.0


def _order_page(pieces: list[Row], gutter: float | None, body_size: float) -> list[Row]:
    """Order one page; rows over the full width cut it into bands, each read column by column."""
    if gutter is not None:
        for piece in pieces:
            piece.side = _choose_side(piece, gutter, pieces)
    rows = sorted(_join_pieces(pieces, body_size), key=lambda row: row.baseline)
    if gutter is not None:
        walls = [row.baseline for row in rows if row.side == 0]
        bands = {id(row): bisect_left(walls, row.baseline) for row in rows}
        rows.sort(key=lambda row: (2 * bands[id(row)] - (row.side > 0), row.side))
    return rows


def _choose_side(piece: Row, gutter: float, pieces: Sequence[Row]) -> int:
    if piece.x0 >= gutter:
        return 2
    if piece.x1 <= gutter + 4 * piece.size:
        return 1
    # A formula too wide for its column has text of the other column beside it; a title has not.
    has_neighbour = any(
        other.x0 >= gutter and other.y0 < piece.y1 and other.y1 > piece.y0 for other in pieces
    )
    return 1 if has_neighbour else 0


def _join_pieces(pieces: Iterable[Row], body_size: float) -> list[Row]:
    """Put the pieces of each line together.

    TeX writes a formula in pieces: limits, fractions and big brackets stand above and below the
    line. They come in logical order, so a piece joins the row before it where the two overlap, or
    nearly so where it is small.
    """
    rows: list[Row] = []
    for piece in pieces:
        if rows and piece.side == rows[-1].side and _belongs(piece, rows[-1], body_size):
            _append_piece(rows[-1], piece)
        else:
            rows.append(piece)
    return rows


def _belongs(piece: Row, row: Row, body_size: float) -> bool:
    if piece.text in END_MARKS:  # it may stand on a line of its own
        return piece.y1 > row.y0
    overlap = min(piece.y1, row.y1) - max(piece.y0, row.y0)
    if overlap > 0.4 * min(piece.y1 - piece.y0, row.y1 - row.y0):
        drop = piece.baseline - row.baseline
        return not (piece.x0 < row.x0 + 1 and drop > 0.7 * body_size and piece.words > 1)
    is_small = piece.size < 0.85 * body_size and len(piece.text) < 12
    is_formula = piece.words == 0 and row.words == 0
    return piece.x0 > row.x0 + 1 and -overlap < 0.5 * body_size and (is_small or is_formula)


def _append_piece(row: Row, piece: Row) -> None:
    gap = piece.x0 - row.pen
    is_touching = -0.15 * row.size < gap < 0.15 * row.size
    if gap > 2 * row.size and row.words and _PAGE_NUMBER.fullmatch(piece.text.strip()):
        row.is_entry = True
    is_joined = is_touching or row.text[-1] == " " or piece.text[0] == " "
    if not is_joined:
        row.runs.append(Run(" ", row.runs[-1].style, row.size))
    if len(piece.text) > len(row.text):
        row.size, row.baseline = piece.size, piece.baseline
    row.runs += piece.runs
    row.text += piece.text if is_joined else " " + piece.text
    row.words += piece.words
    row.prose += piece.prose
    row.x0, row.y0 = min(row.x0, piece.x0), min(row.y0, piece.y0)
    row.y1 = max(row.y1, piece.y1)
    if piece.text not in END_MARKS:  # the box at the end of a proof does not fill its line
        row.x1 = max(row.x1, piece.x1)
    row.pen = piece.x1


def unify_sizes(pages: list[list[Row]]) -> float:
    """Give font sizes that nearly agree one value, and return that of most of the text.

    Typesetting programs stretch fonts by some percent to fill a line.
    """
    weights: Counter[float] = Counter()
    for page in pages:
        for piece in page:
            weights[piece.size] += len(piece.text) if piece.words > 3 else 1
    ranked = sorted(weights, key=lambda size: (-weights[size], -size))
    unified: dict[float, float] = {}
    for size in ranked:
        near = (other for other in unified.values() if abs(other - size) < 0.035 * size)
        unified[size] = next(near, size)
    for page in pages:
        for piece in page:
            piece.size = unified[piece.size]
    return ranked[0] if ranked else 10.0


def is_contents_entry(row: Row) -> bool:
    """Whether dot leaders and a page number end the row, as in a table of contents."""
    return row.words > 0 and ". ." in row.text and _LEADERS.search(row.text) is not None


def drop_running_heads(
    pages: list[list[Row]], body_size: float
) -> tuple[list[list[Row]], list[Removal]]:
    """Remove running heads, running feet, page numbers, and what stands on most pages alike.

    Up to two lines go at either end of a page: those with a piece that stands at the same height
    on at least a quarter of the pages, and a lone number at the foot. Digits may differ where white
    space sets the line off.
    """
    removed: list[Removal] = []
    pages = _drop_templates(pages, removed)
    for is_top in (True, True, False, False):
        lines = [_outermost_line(page, is_top) for page in pages]
        marks = [_mark_line(line, page, body_size) for line, page in zip(lines, pages, strict=True)]
        seen = Counter(mark for page_marks in marks for mark in page_marks)
        often = max(2, len(pages) / 4)
        for index, line in enumerate(lines):
            is_repeated = any(seen[mark] >= often for mark in marks[index])
            is_folio = not is_top and _is_folio(line, pages[index])
            if is_repeated or is_folio:
                gone = set(map(id, line))
                pages[index] = [piece for piece in pages[index] if id(piece) not in gone]
                removed += map(_log_margin, line)
    return pages, removed


def _log_margin(piece: Row) -> Removal:
    text = piece.text.strip()
    is_number = _PAGE_NUMBER.fullmatch(text) is not None
    return Removal(piece.page + 1, text, "page number" if is_number else "running head")


def _drop_templates(pages: list[list[Row]], removed: list[Removal]) -> list[list[Row]]:
    """Remove short pieces that stand at one place on most pages: sidebars of slides, stamps."""
    seen: Counter[tuple[str, int, int]] = Counter()
    for page in pages:
        seen.update({_place(piece) for piece in page if len(piece.text) <= 40})
    often = max(3, len(pages) / 2)
    common = {place for place, count in seen.items() if count > often}
    if not common:
        return list(pages)
    removed += [
        Removal(piece.page + 1, piece.text.strip(), "template")
        for page in pages
        for piece in page
        if _place(piece) in common
    ]
    return [[piece for piece in page if _place(piece) not in common] for page in pages]


def _place(piece: Row) -> tuple[str, int, int]:
    return piece.text, round(piece.x0), round(piece.baseline)


def _may_repeat(piece: Row, body_size: float) -> bool:
    """Whether a piece may belong to a running head; numbers of headings are large or bold."""
    is_number = not piece.words and piece.runs[0].style & BOLD
    return piece.size < 1.05 * body_size and not is_number


def _outermost_line(page: list[Row], is_top: bool) -> list[Row]:
    if not page:
        return []
    if is_top:
        edge = min(page, key=lambda piece: piece.y0)
        return [piece for piece in page if piece.y0 < (edge.y0 + edge.y1) / 2]
    edge = max(page, key=lambda piece: piece.y1)
    return [piece for piece in page if piece.y1 > (edge.y0 + edge.y1) / 2]


def _mark_line(line: list[Row], page: list[Row], body_size: float) -> set[tuple[str, int]]:
    is_apart = _distance(line, page) > 0.7 * body_size
    marks = set()
    for piece in line:
        text = piece.text.strip()
        if _may_repeat(piece, body_size):
            mark = re.sub(r"\d+", "#", text) if is_apart or text.isdigit() else text
            marks.add((mark, round(piece.baseline / 4)))
    return marks


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
    if len(line) != 1 or not _PAGE_NUMBER.fullmatch(line[0].text.strip()):
        return False
    return _distance(line, page) > 0.5 * line[0].size
