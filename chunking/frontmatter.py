"""What stands before the first section: the title, the authors, the table of contents."""

import re
from collections.abc import Sequence

from graphtune.chunking.headings import is_top_section, style_share
from graphtune.chunking.rows import BOLD, CAPS, Row, is_contents_entry
from graphtune.chunking.text import SECTION_NUMBER, opens_statement
from graphtune.records import Removal

_NO_NAMES = re.compile(
    r"@|\d{3}|://|\b(?:Email|E-mail|Abstract|Dedicated|Communicated|Received|Revised|January|February|"
    r"March|April|May|June|July|August|September|October|November|December)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:Universi|Institut|Department|Dept|School|College|Laborator|Facult|Academy|Centre|Center|"
    r"Street|Road|Avenue|Inc|Ltd|Group|Team)",
    re.IGNORECASE,
)
_FRONT_END = re.compile(r"\s*(?:Abstract|Summary|Contents|Key ?words|\d{4} Mathematics)\b", re.I)
_SEPARATOR = re.compile(r"\s*(?:[,;&·]|\band\b|\bAND\b)\s*")
_MARKS = str.maketrans("", "", "∗*†‡§¶")
_MAX_ROWS = 12


def find_title(rows: Sequence[Row], body_size: float) -> list[Row]:
    """Return the rows of the first page that hold the paper's title.

    It is the first run of rows in the largest size, or in bold where no size exceeds the body's.
    """
    worded = [row for row in rows if row.words]
    largest = max((row.size for row in worded), default=0.0)
    if largest > 1.08 * body_size:
        is_title = [row.size > largest - 0.4 for row in rows]
    else:
        is_title = [bool(row.words) and style_share(row, BOLD) > 0.8 for row in rows[:6]]
    if True not in is_title:
        return []
    begin = end = next(index for index, row in enumerate(rows) if is_title[index] and row.words)
    while end < len(is_title) and is_title[end] and end - begin < 6:
        end += 1
    while not rows[end - 1].words:  # a formula or a number below the title
        end -= 1
    title = list(rows[begin:end])
    head = title[0].text.strip()
    is_section = SECTION_NUMBER.match(head) or opens_statement(head) or is_top_section(head)
    return [] if is_section else title


def find_authors(rows: Sequence[Row], title: Sequence[Row], body_size: float) -> list[Row]:
    """Return the rows between the title and the text: names, affiliations, addresses, the date."""
    if not title:
        return []
    begin = next(index for index, row in enumerate(rows) if row is title[-1]) + 1
    end = begin
    while end < len(rows) and end - begin < _MAX_ROWS and not _ends_front(rows[end], body_size):
        end += 1
    found = list(rows[begin:end])
    return found if list_names(found) else []


def _ends_front(row: Row, body_size: float) -> bool:
    text = row.text.strip()
    face = BOLD | CAPS if text[0].isdigit() else BOLD  # else "A." is the initial of a name
    is_numbered = SECTION_NUMBER.match(text) is not None and style_share(row, face) > 0.5
    is_section = is_numbered or is_top_section(text) or opens_statement(text)
    is_prose = row.words > 7 and row.full and row.size > 0.8 * body_size
    is_bold = row.runs[0].style & BOLD and row.size > 1.08 * body_size
    return bool(is_section or is_prose or is_bold or _FRONT_END.match(text))


def list_names(rows: Sequence[Row]) -> str:
    """Return the names on an author block as one line; affiliations, addresses and dates go."""
    names = [name for row in rows for name in _read_names(row, row is rows[0])]
    return ", ".join(dict.fromkeys(names))


def _read_names(row: Row, is_first: bool) -> list[str]:
    """Return the names on a row, up to an affiliation; in the first row they may be in lower case."""
    text = "".join(run.text if run.size > 0.8 * row.size else " " for run in row.runs)
    text = " ".join(text.translate(_MARKS).split())
    if _NO_NAMES.search(text) or text.endswith((".", "!")):
        return []
    names: list[str] = []
    for name in filter(None, _SEPARATOR.split(text)):
        if _PLACE.search(name) or not (is_first or name[:1].isupper()) or len(name.split()) > 6:
            break
        names.append(name)
    return names


def drop_contents(rows: Sequence[Row]) -> tuple[list[Row], list[Removal]]:
    """Part a document's rows, in reading order, from the lines of its tables of contents.

    These are what follows the heading "Contents" up to the last line that ends with a page number, and
    every line with dot leaders.
    """
    kept: list[Row] = []
    removals: list[Removal] = []
    end = -1
    for index, row in enumerate(rows):
        if index > end and row.words <= 3 and _is_contents_title(row):
            end = max(end, _find_contents_end(rows, index))
        if index <= end or is_contents_entry(row):
            removals.append(Removal(row.page + 1, " ".join(row.text.split()), "contents"))
        else:
            kept.append(row)
    return kept, removals


def _is_contents_title(row: Row) -> bool:
    return row.text.strip().lower().rstrip(".") in {"contents", "table of contents"}


def _find_contents_end(rows: Sequence[Row], begin: int) -> int:
    """Return the index of the last entry of a table of contents, -1 where nothing follows its head."""
    last = begin
    for index in range(begin + 1, len(rows)):
        if rows[index].is_entry or is_contents_entry(rows[index]):
            last = index
        elif index - last > 2:
            break
    return last if last > begin else -1
