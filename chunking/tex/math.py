"""Mathematics in LaTeX source: where it ends, its numbered rows, how it is printed."""

import re
from typing import NamedTuple

DISPLAYS = re.compile(
    r"(?:equation|align|alignat|xalignat|gather|multline|eqnarray|displaymath|math|flalign|dmath)\*?$"
)
#: Displays of which each row has a number of its own.
_ROWED = frozenset("align alignat xalignat gather eqnarray flalign".split())
_UNNUMBERED = frozenset("displaymath math".split())
_INNER = r"\\(?:text\w*|mbox|hbox)\s*\{[^{}]*\}|\\.|(?P<blank>\n[ \t]*\n)"
_ENDS = {
    mark: re.compile(rf"(?P<end>{re.escape(mark)})|{_INNER}", re.DOTALL)
    for mark in ("$", "$$", r"\]", r"\)")
}
_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_TAG = re.compile(r"\\tag(\*?)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_HIDDEN_NUMBER = re.compile(r"\\(?:nonumber|notag)(?![A-Za-z])")
_BOX = re.compile(r"\\qedhere(?![A-Za-z])")
_ROW_MARK = re.compile(r"\\\\|\\begin(?![A-Za-z])|\\end(?![A-Za-z])|\\.|[{}]", re.DOTALL)


class Row(NamedTuple):
    """A row of a display: its labels, its own mark (None where it has a number), if it shows one."""

    labels: list[str]
    tag: str | None
    is_numbered: bool


def find_math_end(text: str, position: int, closing: str) -> tuple[int, int, bool]:
    r"""Return where mathematics ends, the position behind, and whether `closing` was found.

    Without it the end is that of the paragraph, as for TeX.

    >>> find_math_end(r"a \text{if $b$}$ c", 0, "$")
    (15, 16, True)
    """
    for match in _ENDS[closing].finditer(text, position):
        if match["end"]:
            return match.start(), match.end(), True
        if match["blank"]:
            return match.start(), match.start(), False
    return len(text), len(text), False


def tidy_formula(source: str) -> str:
    r"""Return a formula without its labels and the box of a proof, with plain spaces.

    >>> tidy_formula("\\label{e} a\n  \\tag{1} = b \\qedhere")
    'a = b'
    """
    for pattern in (_LABEL, _TAG, _HIDDEN_NUMBER, _BOX):
        source = pattern.sub("", source)
    return " ".join(source.replace(r"\ensuremath", "").split())


def read_rows(name: str, formula: str) -> list[Row]:
    r"""Return the rows of a display environment, or of brackets where `name` is empty.

    >>> [row.is_numbered for row in read_rows("align", r"a \label{x} \\ b \notag \\ c \tag{*}")]
    [True, False, False]
    """
    plain = name.rstrip("*")
    is_numbered = bool(name) and plain == name and plain not in _UNNUMBERED
    rows = _split_rows(formula) if plain in _ROWED else [formula]
    return [_read_row(row, is_numbered) for row in rows]


def _read_row(row: str, is_numbered: bool) -> Row:
    tag = _TAG.search(row)
    is_hidden = tag is not None or _HIDDEN_NUMBER.search(row) is not None
    mark = None if tag is None else tag[2] if tag[1] else f"({tag[2]})"
    return Row(_LABEL.findall(row), mark, is_numbered and not is_hidden)


def _split_rows(formula: str) -> list[str]:
    r"""Split at the line ends that stand outside braces and inner environments."""
    rows, start, depth = [], 0, 0
    for match in _ROW_MARK.finditer(formula):
        if match[0] in {"{", r"\begin"}:
            depth += 1
        elif match[0] in {"}", r"\end"}:
            depth -= 1
        elif match[0] == r"\\" and depth <= 0:
            rows.append(formula[start : match.start()])
            start = match.end()
    return [*rows, formula[start:]]
