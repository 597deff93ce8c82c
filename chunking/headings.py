"""Which rows are headings and footnotes, judged by their fonts."""

import re

from graphtune.chunking.rows import BOLD, CAPS, ITALIC, MATH, Row
from graphtune.chunking.text import SECTION_NUMBER, STATEMENT_HEAD, number_level

_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Algorithm|Date|Key words|E-mail)\b", re.IGNORECASE)
_FRONT_SECTION = re.compile(r"\s*Acknowledge?ments?\s*[.:—–]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,}")
_NOTE_MARK = re.compile(r"\s*(?:[*∗†‡§¶]|\d{1,2}(?=[A-Z“(\s]))")
_FRONT_NOTE = re.compile(r"(?:Date|Key ?words|E-mail|\d{4} Mathematics|The .{0,40}author)\b", re.I)
_TOP_SECTIONS = frozenset(
    "abstract contents introduction preface references bibliography acknowledgements conclusion "
    "acknowledgments acknowledgement acknowledgment appendix literature".split()
)


def style_share(row: Row, style: int) -> float:
    """Return which part of the letters outside mathematics has a style."""
    letters = [(run.style & style, sum(map(str.isalpha, run.text)))
               for run in row.runs if not run.style & MATH]  # fmt: skip
    total = sum(count for _, count in letters)
    return sum(count for is_styled, count in letters if is_styled) / total if total else 0.0


def measure_heading(row: Row, body_size: float, is_apart: bool, has_body: bool) -> int:
    """Return how many characters at the start of a row are a section heading: 0, some, or all.

    `is_apart` says that white space sets the row off from what stands above, `has_body` that
    running text came before (else large upright rows are authors and dates).
    """
    text = row.text.lstrip()
    if not row.words or row.is_entry or _CAPTION.match(text):
        return 0
    number = SECTION_NUMBER.match(text)
    lead = _lead_in_face(row, may_be_italic=(number_level(text) or 0) > 1)
    if not lead:
        is_large = row.size > 1.15 * body_size and is_apart and has_body and not row.is_display
        return len(row.text) if is_large else 0
    if _is_statement(lead, row, body_size, number is not None):
        return 0
    if row.size > 1.08 * body_size and not lead.rstrip().endswith("."):
        return len(row.text) * _is_heading_row(row, body_size, is_apart, number is not None)
    if front := _FRONT_SECTION.match(lead):
        return front.end()
    if len(lead) == len(row.text) and not (number and lead.rstrip().endswith(".")):
        return len(lead) * _is_heading_row(row, body_size, is_apart, number is not None)
    if (number_level(text) or 0) < 2 and not row.runs[0].style & (BOLD | CAPS):
        return 0
    return _measure_run_in(lead, len(row.text) - len(text) + number.end()) if number else 0


def _lead_in_face(row: Row, may_be_italic: bool) -> str:
    """Return the text up to the first word in another face than that of the first word.

    It is empty where the first word is set in the body's face. Numbers, formulas and words of
    less than three letters do not count.
    """
    face, end = 0, 0
    for index, run in enumerate(row.runs):
        if run.style & MATH or not _WORD.search(run.text):
            continue
        style = run.style & (BOLD | CAPS) or (run.style & ITALIC if may_be_italic else 0)
        if not style or (face and style != face):
            return "".join(run.text for run in row.runs[:end])
        face, end = style, index + 1
    return row.text if face else ""


def _measure_run_in(lead: str, begin: int) -> int:
    """Return where a heading that runs into its paragraph ends: at the first full stop."""
    for stop in re.finditer(r"[.:?](?=\s|$)", lead[begin:]):
        end = begin + stop.end()
        if not lead[end:].strip() or STATEMENT_HEAD.match(lead[end:].lstrip()):
            return end
    return 0


def _is_statement(lead: str, row: Row, body_size: float, is_numbered: bool) -> bool:
    head = STATEMENT_HEAD.match(lead.lstrip())
    if not head or row.size > 1.08 * body_size or row.indent > 4 * body_size:
        return False
    rest = lead.lstrip()[head.end() :].strip()
    if not is_numbered:
        return True
    # "2.3 Lemma" with text behind it is a statement, alone on its line a heading.
    return rest[:1] in {".", ":", "("} or (not rest and len(lead) < len(row.text.rstrip()))


def measure_continuation(above: Row, row: Row, body_size: float) -> int:
    """Return how many characters of a row continue the heading that fills the row above."""
    if not row.words:  # a formula at the end of a large heading
        return len(row.text) * (above.full and row.size == above.size > 1.08 * body_size)
    face = heading_face(above)[0]
    lead = _lead_in_face(row, may_be_italic=False)
    if not face or not above.full or not lead or not row.runs[0].style & face:
        return 0
    return len(lead) if len(lead) == len(row.text) else _measure_run_in(lead, 0)


def _is_heading_row(row: Row, body_size: float, is_apart: bool, is_numbered: bool) -> bool:
    text = row.text.strip()
    if text.endswith((",", ";")) or len(text) > 160 or style_share(row, BOLD | CAPS | ITALIC) < 0.5:
        return False
    if style_share(row, CAPS) > 0.7:
        return is_numbered or (row.indent > 2 * body_size and row.size > 0.95 * body_size)
    if row.size > 1.08 * body_size:
        return True
    if is_numbered:
        return is_apart
    return is_apart and not row.full and not text.endswith((".", ":")) and row.prose > 4


def is_run_in_head(row: Row, above: Row) -> bool:
    """Whether a row opens with a few words in another face than the row above ended in, and a stop."""
    first, *rest = (run for run in row.runs if run.text.strip())
    style = first.style & (BOLD | ITALIC)
    return (
        bool(style and rest)
        and not first.style & MATH
        and rest[0].style & (BOLD | ITALIC) != style
        and above.runs[-1].style & (BOLD | ITALIC) != style
        and len(first.text) < 60
        and first.text.rstrip().endswith((".", ":"))
        and _WORD.search(first.text) is not None
    )


def heading_face(row: Row) -> tuple[int, float]:
    """Return what tells the headings of one level from those of another: face and size."""
    face = CAPS if style_share(row, CAPS) > 0.5 else BOLD if style_share(row, BOLD) > 0.5 else 0
    return face, row.size


def is_top_section(title: str) -> bool:
    """Whether an unnumbered heading is one that stands beside the sections.

    >>> is_top_section("References"), is_top_section("Operations")
    (True, False)
    """
    return title.lower().strip(" .:") in _TOP_SECTIONS


def split_notes(rows: list[Row], body_size: float) -> tuple[list[Row], list[Row]]:
    """Part the rows of a column into text and the footnotes below it."""
    begin = len(rows)
    while begin and rows[begin - 1].size < 0.93 * body_size:
        begin -= 1
    for index in range(begin, len(rows)):
        if opens_note(rows[index]):
            return rows[:index], rows[index:]
    return rows, []


def opens_note(row: Row) -> bool:
    """Whether a small row begins a footnote: a raised mark, or what journals put on page one."""
    text = row.text.lstrip()
    is_raised = row.runs[0].size < 0.9 * row.size and _NOTE_MARK.match(text) is not None
    return is_raised or text[:1] in set("∗†‡") or (row.page == 0 and bool(_FRONT_NOTE.match(text)))
