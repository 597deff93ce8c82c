"""Laying out text: tables and wrapped lines, for a terminal or as Markdown."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal

from tabulate import tabulate

Style = Literal["plain", "markdown"]
#: Columns of a terminal that the plain text fits.
WIDTH = 110
#: Longer names are wrapped.
_NAME_WIDTH = 19


def draw_table(
    rows: Sequence[Sequence[str]],
    headers: Sequence[str],
    style: Style,
    align: Sequence[str],
) -> str:
    """Return a table; the names in front are wrapped in plain text, and heads at their `@`."""
    if style == "plain":
        rows = [[_break_name(row[0]), *row[1:]] for row in rows]
    limits = [_NAME_WIDTH] + [None] * (len(headers) - 1)
    return tabulate(
        rows,
        headers=[name.replace("@", "\n@") if style == "plain" else name for name in headers],
        tablefmt="simple" if style == "plain" else "github",
        colalign=align,
        disable_numparse=True,
        maxcolwidths=limits if style == "plain" else None,
    )


def entitle(title: str, table: str, style: Style) -> str:
    """Put a title above a table."""
    return (
        f"{wrap_lines([title], 'plain')}\n{table}"
        if style == "plain"
        else f"**{title}**\n\n{table}"
    )


def wrap_lines(lines: Iterable[str], style: Style, bullet: str = "") -> str:
    """Return one paragraph a line, wrapped in plain text, with a bullet before each in Markdown."""
    if style == "markdown":
        return "\n".join(f"{bullet}{line}" for line in lines)
    return "\n".join(
        textwrap.fill(
            line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        for line in lines
    )


def _break_name(name: str) -> str:
    """Break a long name behind its slash, where it reads best."""
    return name.replace("/", "/\n") if len(name) > _NAME_WIDTH else name
