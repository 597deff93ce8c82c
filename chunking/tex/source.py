"""Pieces of LaTeX source: balanced arguments, options, accents, and tables of commands."""

import re
import unicodedata

_ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a",
}  # fmt: skip
_ACCENTED = re.compile(r"\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))")
#: What a reader meets: a command, a character behind a backslash, a dollar, a brace, …
TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z@]+)\*?[ \t]*|\\(?P<symbol>.)|(?P<math>\$\$?)|(?P<brace>[{}])"
    r"|(?P<blank>\n[ \t]*\n\s*)|(?P<mark>---?|``|''|[`'~&])|\x1a(?P<raw>\d+)\x1a"
    r"|(?P<text>[^\\${}~`'&\-\n\x1a]+|.)",
    re.DOTALL,
)
MARKS = {"--": "–", "---": "—", "``": "“", "''": "”", "`": "‘", "'": "’", "~": " ", "&": " "}
#: Commands that stand for characters.
CHARACTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "l": "ł", "L": "Ł",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "S": "§", "P": "¶", "dots": "…", "ldots": "…",
    "textellipsis": "…", "LaTeX": "LaTeX", "TeX": "TeX", "copyright": "©", "textendash": "–",
    "textemdash": "—", "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“",
    "textquotedblright": "”", "textbackslash": "\\", "textbar": "|", "textless": "<",
    "textgreater": ">", "textasciitilde": "~", "quad": " ", "qquad": " ", "space": " ",
    "slash": "/", "pounds": "£", "euro": "€", "dag": "†", "ddag": "‡",
}  # fmt: skip
#: How many arguments of a command are not printed; those of the front matter are read apart.
ARGUMENTS = {
    "write": 2, "vspace": 1, "hspace": 1, "includegraphics": 1, "pagestyle": 1,
    "thispagestyle": 1, "bibliographystyle": 1, "bibliography": 1, "color": 1, "textcolor": 1,
    "colorbox": 1, "fcolorbox": 2, "href": 1, "setcounter": 2, "addtocounter": 2, "stepcounter": 1,
    "setlength": 2, "addtolength": 2, "settowidth": 2, "newlength": 1, "newcounter": 1, "index": 1,
    "glossary": 1, "hypersetup": 1, "usepackage": 1, "RequirePackage": 1, "addcontentsline": 3,
    "addtocontents": 2, "newcommand": 2, "renewcommand": 2, "providecommand": 2, "newenvironment": 3,
    "renewenvironment": 3, "newtheorem": 2, "declaretheorem": 1, "DeclareMathOperator": 2,
    "theoremstyle": 1, "numberwithin": 2, "counterwithin": 2, "phantom": 1, "vphantom": 1,
    "hphantom": 1, "rule": 2, "markboth": 2, "markright": 1, "hyphenation": 1, "raisebox": 1,
    "resizebox": 2, "scalebox": 1, "rotatebox": 1, "parbox": 1, "multicolumn": 2, "multirow": 2,
    "cline": 1, "cmidrule": 1, "pdfbookmark": 2, "nocite": 1, "selectlanguage": 1, "fontsize": 2,
    "foreignlanguage": 1, "enlargethispage": 1, "graphicspath": 1, "allowdisplaybreaks": 0,
    "captionsetup": 1, "pagenumbering": 1, "hypertarget": 1, "hyperlink": 1, "hyperref": 0,
    "makebox": 0, "framebox": 0, "linebreak": 0, "pagebreak": 0, "tableofcontents": 0, "inst": 1,
    "special": 1, "pdfinfo": 1, "DeclareGraphicsExtensions": 1, "usetikzlibrary": 1, "footnotemark": 0,
    "title": 1, "author": 1, "date": 1, "address": 1, "curraddr": 1, "email": 1, "urladdr": 1,
    "subjclass": 1, "keywords": 1, "affiliation": 1, "affil": 1, "institute": 1, "dedicatory": 1,
}  # fmt: skip
#: The same for environments.
ENVIRONMENT_ARGUMENTS = {"tabular": 1, "array": 1, "minipage": 1, "multicols": 1, "longtable": 1,
                          "thebibliography": 1, "tabularx": 2, "supertabular": 1, "wrapfigure": 2,
                          "subfigure": 1, "spacing": 1, "adjustwidth": 2, "list": 2}  # fmt: skip
#: Commands that a length follows without braces.
LENGTHS = frozenset(
    "vskip hskip kern parindent parskip baselineskip topskip smallskipamount textwidth textheight "
    "oddsidemargin evensidemargin topmargin hsize vsize mskip leftskip rightskip".split()
)
#: Usual names of environments whose declaration stands in another file.
SHORT_NAMES = {"thm": "Theorem", "lem": "Lemma", "lemm": "Lemma", "prop": "Proposition",
                "cor": "Corollary", "coro": "Corollary", "conj": "Conjecture", "defn": "Definition",
                "dfn": "Definition", "defi": "Definition", "rem": "Remark", "rmk": "Remark",
                "ex": "Example", "exa": "Example", "pf": "Proof"}  # fmt: skip
_LENGTH = re.compile(
    r"\s*=?\s*-?(?:\d*\.?\d+\s*(?:true)?(?:pt|mm|cm|in|ex|em|mu|sp|bp|pc|dd)|\\[a-z]+)"
    r"(?:\s*(?:plus|minus)\s*\d*\.?\d+\s*[a-z]{2,5})*"
)
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_MAX_OPTION = 1000
_PLAIN = r"[^{}\\\n]|\\.|\n(?![ \t]*\n)"
_BRACED = rf"\{{(?:{_PLAIN}|\{{(?:{_PLAIN}|\{{(?:{_PLAIN})*+\}})*+\}})*+\}}"
#: An optional argument ends at the first closing bracket outside braces, in the same paragraph; the
#: limit on its length and depth, and that nothing is tried twice, keep unclosed brackets cheap.
_OPTION = re.compile(
    rf"\s*\[((?:[^{{}}\]\\\n]|\\.|\n(?![ \t]*\n)|{_BRACED}){{0,{_MAX_OPTION}}}+)\]",
    re.DOTALL,
)
_ARGUMENT = re.compile(r"\s*(\\[A-Za-z]+|\\.|.)", re.DOTALL)


def take_group(text: str, start: int) -> tuple[str, int]:
    r"""Return the argument that begins at or after `start` and the position behind it.

    An argument is a balanced group, a command or one character; it is empty at the end.

    >>> take_group(r"\emph {a {b} c} d", 5)
    ('a {b} c', 15)
    """
    token = _ARGUMENT.match(text, start)
    if token is None:
        return "", len(text)
    if token[1] != "{":
        return token[1], token.end()
    depth = 0
    for match in _BRACE.finditer(text, token.end() - 1):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[token.end() : match.start()], match.end()
    return text[token.end() :], len(text)


def take_option(text: str, start: int) -> tuple[str | None, int]:
    r"""Return the optional argument in brackets at `start` and the position behind it.

    >>> take_option(r"[{[3]}, \S 2] text", 0)
    ('{[3]}, \\S 2', 13)
    """
    if text.find("]", start, start + _MAX_OPTION) < 0:
        return None, start
    match = _OPTION.match(text, start)
    return (match[1], match.end()) if match else (None, start)


def take_length(text: str, start: int) -> int:
    r"""Return the position behind the length that stands at `start`, such as "=2pt plus 1pt".

    >>> take_length(r"\vskip 3mm Text", 6)
    10
    """
    match = _LENGTH.match(text, start)
    return match.end() if match else start


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
    """Return the position behind `count` arguments and the options before each; 0 skips options."""
    for index in range(max(count, 1)):
        option: str | None = ""
        while option is not None:
            option, position = take_option(text, position)
        if index < count:
            _, position = take_group(text, position)
    return position
