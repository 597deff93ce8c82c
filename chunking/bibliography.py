"""Entries of a bibliography: where each begins, and its mark."""

import re
from collections.abc import Sequence

from graphtune.chunking.rows import Row
from graphtune.chunking.text import SECTION_NUMBER, ends_sentence

_TITLES = frozenset(
    "references bibliography literature sources literatur literaturverzeichnis bibliographie "
    "références".split()
) | {"literature cited", "works cited", "references and notes", "selected bibliography"}
_MARK = re.compile(r"\s*(?:\[(?P<key>[^\[\]]{1,24})\]|(?P<count>\d{1,3})\.)(?=\s|$)")


def is_references(heading: str) -> bool:
    """Tell whether a bibliography stands under a heading.

    >>> is_references("References"), is_references("7. Bibliography."), is_references("Sources of error")
    (True, True, False)
    """
    number = SECTION_NUMBER.match(heading.strip())
    title = heading.strip()[number.end() if number else 0 :]
    return " ".join(title.lower().split()).strip(" .:") in _TITLES


def read_mark(text: str) -> tuple[str, int]:
    """Return the mark of an entry and the offset behind it; "" and 0 where it has none.

    >>> read_mark("[KR04] D. Knuth"), read_mark("Knuth, D. (1970)")
    (('KR04', 7), ('', 0))
    """
    match = _MARK.match(text)
    if not match:
        return "", 0
    return match["key"] or match["count"], len(text) - len(text[match.end() :].lstrip())


def split_references(rows: Sequence[Row]) -> list[list[Row]]:
    """Part the rows of a bibliography into its entries.

    Marks tell the beginnings; without them it is the line that hangs out to the left, and without
    that white space or a line that ends short.
    """
    if not rows:
        return []
    style = _mark_style(rows[0])
    base = min(row.indent for row in rows)
    is_hanging = rows[0].indent < base + 3 and any(row.indent > base + 5 for row in rows)
    entries: list[list[Row]] = []
    for row in rows:
        above = entries[-1][-1] if entries else None
        if style:
            is_new = _mark_style(row) == style and row.indent < base + 2.5 * row.size
        elif is_hanging:
            is_new = row.indent < base + 3
        else:
            is_new = above is not None and ends_sentence(above.text) and not above.full
        if is_new or above is None:
            entries.append([row])
        else:
            entries[-1].append(row)
    return entries


def _mark_style(row: Row) -> str | None:
    """Return which of the two kinds of marks a row begins with; "272." may be a page, not a mark."""
    match = _MARK.match(row.text)
    return match.lastgroup if match else None


def leaves_references(rows: Sequence[Row], row: Row) -> bool:
    """Whether a row that white space sets off from a bibliography of marked entries is no entry."""
    above = rows[-1]
    return (
        row.column == above.column
        and _MARK.match(rows[0].text) is not None
        and _MARK.match(row.text) is None
        and row.y0 - above.y1 > row.size
    )
