"""Development curves as one picture: by steps of training and by its seconds."""

from collections.abc import Mapping, Sequence
from html import escape

#: What tells the lines apart, for the colour-blind too (Okabe and Ito 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_WIDTH, _HEIGHT, _LEFT, _TOP = 420, 260, 52, 34

Line = Sequence[tuple[float, float]]


def draw_panels(panels: Mapping[str, Mapping[str, Line]], title: str) -> str:
    """Return an SVG with panels side by side; each maps names to (x, y), and y is shared by all.

    Args:
        panels: label of the x axis -> name of a line -> its points, left to right.
        title: what y is.

    >>> svg = draw_panels({"steps": {"ours": [(0, 0.5), (10, 0.6)]}}, "dev NDCG@10")
    >>> svg.count("<polyline"), ">10<" in svg
    (1, True)
    """
    heights = [y for lines in panels.values() for line in lines.values() for _, y in line]
    low, high = min(heights), max(heights)
    margin = 0.08 * (high - low) or 0.01
    span = (low - margin, high + margin)
    width = len(panels) * (_WIDTH + _LEFT) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT + 90}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{_LEFT}" y="20">{escape(title)}</text>',
    ]
    for place, (label, lines) in enumerate(panels.items()):
        parts += _draw_panel(_LEFT + place * (_WIDTH + _LEFT), label, lines, span)
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    for place, name in enumerate(names):
        x, y = _LEFT + 150 * place, _TOP + _HEIGHT + 48
        parts.append(
            f'<rect x="{x}" y="{y - 9}" width="14" height="4" fill="{COLOURS[place % 4]}"/>'
        )
        parts.append(f'<text x="{x + 20}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(
    left: int, label: str, lines: Mapping[str, Line], span: tuple[float, float]
) -> list[str]:
    low, high = span
    most = max(x for line in lines.values() for x, _ in line) or 1.0
    width, bottom = _WIDTH - 30, _TOP + _HEIGHT

    def at(x: float, y: float) -> tuple[float, float]:
        return left + width * x / most, bottom - _HEIGHT * (y - low) / (high - low)

    parts = [
        f'<path d="M{left} {_TOP}V{bottom}H{left + width}" fill="none" stroke="#888"/>',
        f'<text x="{left + width / 2:.0f}" y="{bottom + 30}" text-anchor="middle">{escape(label)}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = at(most * share, low + (high - low) * share)
        parts.append(
            f'<text x="{left - 6}" y="{y:.1f}" text-anchor="end">{low + (high - low) * share:.3f}</text>'
        )
        parts.append(
            f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{most * share:.0f}</text>'
        )
    for place, line in enumerate(lines.values()):
        points = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in line)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{COLOURS[place % 4]}" stroke-width="2"/>'
        )
    return parts
