"""Curves side by side as one picture, such as a figure by steps of training and by its seconds."""

from collections.abc import Mapping, Sequence
from html import escape

from graphtune.axes import Scale, make_scale

#: What tells the lines apart, for the colour-blind too (Okabe and Ito 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_WIDTH, _HEIGHT, _LEFT, _TOP = 400, 260, 50, 34
#: One, two or five times a power of ten.
_STEPS = [digit * 10**power for power in range(6) for digit in (1, 2, 5)]

Line = Sequence[tuple[float, float]]


def draw_panels(panels: Mapping[str, Mapping[str, Line]], title: str) -> str:
    """Return an SVG with panels side by side, whose y axes are the same.

    Args:
        panels: label of the x axis -> name of a line -> its points, left to right.
        title: what y is.

    >>> svg = draw_panels({"steps": {"ours": [(0, 0.5), (10, 0.6)]}}, "dev NDCG@10")
    >>> svg.count("<polyline"), ">10<" in svg
    (1, True)
    """
    heights = [y for lines in panels.values() for line in lines.values() for _, y in line]
    vertical = make_scale(heights, _TOP + _HEIGHT, _TOP)
    width = len(panels) * (_WIDTH + _LEFT) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT + 90}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="20">{escape(title)}</text>',
    ]
    for place, (label, lines) in enumerate(panels.items()):
        parts += _draw_panel(_LEFT + place * (_WIDTH + _LEFT), label, lines, vertical)
    names = dict.fromkeys(name for lines in panels.values() for name in lines)
    for place, name in enumerate(names):
        x, y = _LEFT + 150 * place, _TOP + _HEIGHT + 48
        parts += [
            f'<rect x="{x}" y="{y - 7}" width="14" height="4" fill="{_pick(place)}"/>',
            f'<text x="{x + 20}" y="{y}">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(left: int, label: str, lines: Mapping[str, Line], vertical: Scale) -> list[str]:
    right, bottom = left + _WIDTH - 30, _TOP + _HEIGHT
    xs = [x for line in lines.values() for x, _ in line]
    horizontal = make_scale([0, *xs], left, right, _STEPS)
    parts = [
        f'<path d="M{left} {_TOP}V{bottom}H{right}" fill="none" stroke="#888"/>',
        f'<text x="{(left + right) / 2:g}" y="{bottom + 32}" text-anchor="middle">{escape(label)}</text>',
    ]
    for tick in vertical.ticks:
        y = vertical(tick)
        parts.append(f'<path d="M{left} {y}H{right}" stroke="#eee"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:g}" text-anchor="end">{tick:.2f}</text>')
    for tick in horizontal.ticks:
        x = horizontal(tick)
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    for place, line in enumerate(lines.values()):
        points = " ".join(f"{horizontal(x)},{vertical(y)}" for x, y in line)
        style = f'fill="none" stroke="{_pick(place)}" stroke-width="2"'
        parts.append(f'<polyline points="{points}" {style}/>')
    return parts


def _pick(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
