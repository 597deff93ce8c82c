"""LaTeX source before it is read: comments, macros, balanced arguments, symbols."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_FULL_COMMENT = re.compile(r"^[ \t]*%[^\n]*\n?", re.MULTILINE)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_MACRO = re.compile(
    r"\\(?:new|renew|provide)command\*?\s*\{?\\(?P<name>[A-Za-z]+)\}?\s*"
    r"(?:\[(?P<arity>\d)\])?\s*(?:\[(?P<default>[^\]]*)\])?\s*(?=\{)"
    r"|\\def\s*\\(?P<plain>[A-Za-z]+)\s*(?P<params>(?:#\d)*)\s*(?=\{)"
)
_THEOREM = re.compile(r"\\newtheorem\*?\s*\{([^}]+)\}\s*(?:\[[^\]]*\])?\s*\{([^}]+)\}")
_MAX_GROWTH = 4
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_ACCENTED = re.compile(r"\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))")
#: Commands that stand for characters.
CHARACTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "l": "ł", "L": "Ł",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "S": "§", "P": "¶", "dots": "…", "ldots": "…",
    "textellipsis": "…", "LaTeX": "LaTeX", "TeX": "TeX", "copyright": "©", "textendash": "–",
    "textemdash": "—", "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“",
    "textquotedblright": "”", "textbackslash": "\\", "textbar": "|", "textless": "<",
    "textgreater": ">", "textasciitilde": "~", "quad": " ", "qquad": " ", "space": " ",
    "qed": "□", "slash": "/", "pounds": "£", "euro": "€", "dag": "†", "ddag": "‡",
}  # fmt: skip
#: How many arguments of a command are not printed.
ARGUMENTS = {
    "label": 1, "write": 2, "vspace": 1, "hspace": 1, "input": 1, "include": 1, "includegraphics": 1,
    "pagestyle": 1, "thispagestyle": 1, "bibliographystyle": 1, "bibliography": 1, "color": 1,
    "textcolor": 1, "href": 1, "setcounter": 2, "addtocounter": 2, "setlength": 2, "author": 1,
    "date": 1, "address": 1, "email": 1, "thanks": 1, "title": 1, "subjclass": 1, "keywords": 1,
    "index": 1, "hypersetup": 1, "usepackage": 1, "addcontentsline": 3, "newcommand": 2,
    "renewcommand": 2, "theoremstyle": 1, "phantom": 1, "vphantom": 1, "hphantom": 1, "rule": 2,
    "markboth": 2, "markright": 1, "affiliation": 1, "institute": 1, "urladdr": 1, "curraddr": 1,
    "newtheorem": 2, "DeclareMathOperator": 2, "hyphenation": 1, "raisebox": 1, "resizebox": 2,
    "scalebox": 1, "multicolumn": 2, "pdfbookmark": 2, "numberwithin": 2, "providecommand": 2,
}  # fmt: skip
#: The same for environments.
ENVIRONMENT_ARGUMENTS = {"tabular": 1, "array": 1, "minipage": 1, "multicols": 1, "longtable": 1,
                          "thebibliography": 1, "tabularx": 2, "supertabular": 1}  # fmt: skip
#: Usual names of environments whose declaration stands in another file.
SHORT_NAMES = {"thm": "Theorem", "lem": "Lemma", "lemm": "Lemma", "prop": "Proposition",
                "cor": "Corollary", "coro": "Corollary", "conj": "Conjecture", "defn": "Definition",
                "dfn": "Definition", "defi": "Definition", "rem": "Remark", "rmk": "Remark",
                "ex": "Example", "exa": "Example", "pf": "Proof"}  # fmt: skip


class _Macro(NamedTuple):
    """A user's macro: how many arguments, the default of an optional first one, what it prints."""

    arity: int
    default: str | None
    body: str


def strip_comments(source: str) -> str:
    r"""Remove comments; a line that holds nothing else goes as a whole.

    >>> strip_comments("50\\% of % half\n% note\nall")
    '50\\% of \nall'
    """
    return _COMMENT.sub(r"\1", _FULL_COMMENT.sub("", source))


def take_group(text: str, start: int) -> tuple[str, int]:
    r"""Return the argument that begins at or after `start` and the position behind it.

    An argument is a balanced group, a command or one character; it is empty at the end.

    >>> take_group(r"\emph {a {b} c} d", 5)
    ('a {b} c', 15)
    """
    while start < len(text) and text[start].isspace():
        start += 1
    if start >= len(text):
        return "", start
    if text[start] != "{":
        match = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL).match(text, start)
        return (match[0], match.end()) if match else ("", start)
    depth, position = 0, start
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        position = match.end()
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[start + 1 : position - 1], position
    return text[start + 1 :], len(text)


def take_option(text: str, start: int) -> tuple[str | None, int]:
    """Return the optional argument in brackets at `start` and the position behind it."""
    match = re.compile(r"\s*\[((?:[^\[\]{}]|\{[^{}]*\}|\[[^\[\]]*\])*)\]").match(text, start)
    return (match[1], match.end()) if match else (None, start)


def read_theorems(preamble: str) -> dict[str, str]:
    r"""Return the statement environments that a preamble declares, with the words they print.

    >>> read_theorems(r"\newtheorem{thm}{Theorem}[section] \newtheorem{lem}[thm]{Lemma}")
    {'thm': 'Theorem', 'lem': 'Lemma'}
    """
    return {match[1]: match[2] for match in _THEOREM.finditer(preamble)}


def expand_macros(source: str, body: str) -> str:
    r"""Replace in `body` the macros that `source` defines, three levels deep.

    >>> expand_macros(r"\newcommand{\term}[1]{\emph{#1}}", r"a \term{graph} is")
    'a \\emph{graph} is'
    """
    macros = {"texorpdfstring": _Macro(2, None, "#1")}
    for _, _, name, macro in _find_macros(source):
        macros[name] = macro
    names = "|".join(sorted(macros, key=len, reverse=True))
    call = re.compile(rf"\\({names})(?![A-Za-z])")
    parts, position = [], 0
    for start, end, _, _ in _find_macros(body):
        parts.append(body[position:start])
        position = max(position, end)
    body = "".join(parts) + body[position:]
    limit = _MAX_GROWTH * len(body) + 10_000
    for _ in range(3):
        expanded = _expand_once(body, macros, call)
        if expanded == body or len(expanded) > limit:
            break
        body = expanded
    return body


def _find_macros(source: str) -> Iterator[tuple[int, int, str, _Macro]]:
    """Yield start, end, name and meaning of each definition."""
    for match in _MACRO.finditer(source):
        body, end = take_group(source, match.end())
        arity = int(match["arity"] or 0) or (match["params"] or "").count("#")
        macro = _Macro(arity, match["default"], body)
        yield match.start(), end, match["name"] or match["plain"], macro


def _expand_once(body: str, macros: dict[str, _Macro], call: re.Pattern[str]) -> str:
    parts: list[str] = []
    position = 0
    for match in call.finditer(body):
        if match.start() < position:
            continue
        macro = macros[match[1]]
        parts.append(body[position : match.start()])
        position = match.end()
        arguments = []
        if macro.default is not None:
            option, position = take_option(body, position)
            arguments.append(macro.default if option is None else option)
        while len(arguments) < macro.arity:
            argument, position = take_group(body, position)
            arguments.append(argument)
        text = macro.body
        for index, argument in enumerate(arguments, 1):
            text = text.replace(f"#{index}", argument)
        parts.append(text)
    return "".join(parts) + body[position:]


def take_accent(text: str, start: int, mark: str) -> tuple[str, int] | None:
    r"""Return the letter at `start` under the accent `mark`, and the position behind it.

    >>> take_accent(r"\"{o}", 2, '"')
    ('ö', 5)
    """
    match = _ACCENTED.match(text, start)
    if mark not in _ACCENTS or not match:
        return None
    letter = match[1] or match[2]
    return unicodedata.normalize("NFC", letter + _ACCENTS[mark]), match.end()


def skip_arguments(text: str, position: int, count: int) -> int:
    """Return the position behind `count` arguments and the optional ones before them."""
    for _ in range(count):
        option: str | None = ""
        while option is not None:
            option, position = take_option(text, position)
        _, position = take_group(text, position)
    return position
