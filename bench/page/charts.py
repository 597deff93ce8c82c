"""Geometry of the charts: numbers become places; the templates write the SVG."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

from graphtune.axes import Scale, make_scale
from graphtune.bench.page.rows import Row, Section
from graphtune.bench.page.view import View

#: Systems after so many get the first colours again; dashes tell them apart.
COLOURS = 8
#: The curve's drawing area: left, right, top, bottom, in units of its view box (460 × 290).
LEFT, RIGHT, TOP, BOTTOM = 42, 412, 10, 250


@dataclass(frozen=True, slots=True)
class Line:
    """One system on the curve.

    `points` are (x, row) in float32 by dimension, `band` the outline of their intervals, `marks`
    (x, row) at other precisions. A system without vectors is `level`, with its whisker at `x`.
    """

    system: str
    colour: int
    points: tuple[tuple[float, Row], ...]
    band: str
    path: str
    marks: tuple[tuple[float, Row], ...]
    level: Row | None
    x: float


@dataclass(frozen=True, slots=True)
class Curve:
    """NDCG@10 of a section's systems against the dimension."""

    section: Section
    y: Scale
    dims: tuple[tuple[int, float], ...]
    lines: tuple[Line, ...]


def draw_curve(view: View, section: Section) -> Curve:
    """Place all systems of a section; floors and ceilings are left out, for they flatten the rest."""
    rows = [row for row in section.rows if not row.is_mark]
    y = make_scale([v for row in rows for v in row.result.ndcg_interval], BOTTOM, TOP)
    dims = sorted({row.result.dim for row in rows if row.result.dim})
    x = _place_dims(dims)
    gap = min(8.0, 44 / max(1, sum(not row.result.dim for row in rows)))
    lines, levels = [], 0
    for system, colour in view.colours.items():
        mine = [row for row in rows if row.result.system == system]
        if not mine:
            continue
        dense = sorted((row for row in mine if row.result.dim), key=lambda row: row.result.dim)
        points = tuple((x(r.result.dim), r) for r in dense if r.result.precision == "float32")
        level = next((row for row in mine if not row.result.dim), None)
        levels += level is not None
        lines.append(
            Line(
                system=system,
                colour=colour,
                points=points,
                band=_outline(points, y),
                path=" ".join(f"{px},{y(r.result.measures['NDCG@10'])}" for px, r in points),
                marks=tuple((x(r.result.dim), r) for r in dense if r.result.precision != "float32"),
                level=level,
                x=round(RIGHT + 2 + gap * levels, 1),
            )
        )
    return Curve(section, y, tuple((dim, x(dim)) for dim in dims), tuple(lines))


def _place_dims(dims: list[int]) -> Callable[[int], float]:
    """Return where a dimension stands: equal ratios are equally far apart."""
    low, high = (log2(dims[0]), log2(dims[-1])) if dims else (0.0, 0.0)
    if low == high:
        return lambda dim: (LEFT + RIGHT) / 2
    start, stop = LEFT + 16, RIGHT - 10
    return lambda dim: round(start + (log2(dim) - low) / (high - low) * (stop - start), 1)


def _outline(points: tuple[tuple[float, Row], ...], y: Scale) -> str:
    there = [f"{x},{y(row.result.ndcg_interval[1])}" for x, row in points]
    back = [f"{x},{y(row.result.ndcg_interval[0])}" for x, row in reversed(points)]
    return " ".join(there + back)
