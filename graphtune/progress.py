"""Progress bars on standard error: shown on a terminal, plain text in a log, silent for short work."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Never, TypeVar

from tqdm import tqdm

from graphtune.processes import is_main_process

T = TypeVar("T")


def track(
    items: Iterable[T],
    label: str,
    unit: str,
    total: int | None = None,
    note: Callable[[float], str] | None = None,
) -> Iterator[T]:
    """Yield `items` behind a progress bar that appears after a second and goes to standard error.

    `note` gives a remark at the bar's end, from the seconds since the start.
    """
    with tqdm(items, total=total, **_set_up(label, unit)) as bar:
        for item in bar:
            yield item
            if note:
                bar.set_postfix_str(note(bar.format_dict["elapsed"]), refresh=False)


def open_bar(label: str, unit: str, total: int) -> "tqdm[Never]":
    """Return such a bar that is moved by hand; close it, or use it in a `with`."""
    return tqdm(total=total, **_set_up(label, unit))


def tell(text: str) -> None:
    """Print a line on standard error, in the main process alone."""
    if is_main_process():
        print(text, file=sys.stderr, flush=True)


def _set_up(label: str, unit: str) -> dict[str, Any]:
    return {
        "desc": label,
        "unit": f" {unit}",
        "file": sys.stderr,
        "disable": not is_main_process(),
        "delay": 1.0,
        "mininterval": 0.2 if sys.stderr.isatty() else 15.0,
        "dynamic_ncols": True,
    }
