"""Axes of charts: numbers become places, and values worth a line are found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from values to places, with values worth a line."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """Return the place of a value, in tenths of a unit."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


def make_scale(
    values: Iterable[float],
    start: float,
    stop: float,
    steps: Sequence[float] = (0.02, 0.05, 0.1, 0.2),
) -> Scale:
    """Return a scale that holds all values, from one multiple of a step to another.

    The step is the first of `steps` that gives at most six of them, or the last.

    >>> make_scale([0.52, 0.71], 0, 100).ticks
    (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
    """
    held = [*values] or [0.0, 1.0]
    span = max(held) - min(held)
    step = next((step for step in steps if span <= 6 * step), steps[-1])
    first, last = floor(min(held) / step + 1e-9), ceil(max(held) / step - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(round(number * step, 2) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, stop, ticks)
