"""Progress bars on standard error: shown on a terminal, plain text in a log, silent for short work."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def track(items: Iterable[T], label: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` behind a progress bar that appears after a second and goes to standard error."""
    interval = 0.2 if sys.stderr.isatty() else 15.0
    yield from tqdm(
        items,
        desc=label,
        unit=f" {unit}",
        total=total,
        file=sys.stderr,
        delay=1.0,
        mininterval=interval,
        dynamic_ncols=True,
    )
