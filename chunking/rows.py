"""Geometry of a page: fragments of text become rows, and rows come into reading order."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

ITALIC, BOLD, CAPS, MATH = 1, 2, 4, 8
_WORD = re.compile(r"[^\W\d_]{2,}")
_LEADERS = re.compile(r"(?:\. ?){4,}\s*(?:\d{1,4}|[ivxlc]+)\s*$")
PAGE_NUMBER = re.compile(
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
    usual = max(sizes, key=sizes.__getitem__)
    prose = "".join([" " if run.style & MATH else run.text for run in runs])
    words = _WORD.findall(prose)
    letters = sum(map(len, words))
    return Row(runs, text, page, *box, baseline, round(usual, 1), len(words), letters, box[2])


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
    left, no more than a bit over half of them across, and pieces on the right begin at a common edge.
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
    edges = [start for start in starts if starts[start] >= 0.1 * right]
    return min(edges) - 4.0 if edges else None


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
        return not (piece.x0 < row.x0 + 4 and drop > 0.7 * body_size and piece.words > 1)
    is_small = piece.size < 0.85 * body_size and len(piece.text) < 12
    is_formula = piece.words == 0 and row.words == 0
    return piece.x0 > row.x0 + 1 and -overlap < 0.5 * body_size and (is_small or is_formula)


def _append_piece(row: Row, piece: Row) -> None:
    gap = piece.x0 - row.pen
    is_touching = -0.15 * row.size < gap < 0.15 * row.size
    if gap > 2 * row.size and row.words and PAGE_NUMBER.fullmatch(piece.text.strip()):
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
