"""LaTeX to plain prose with regular expressions: what of a source is printed as words."""

import re

from graphtune.bench.reading.words import list_words

#: Stands for a formula; a word that touches one is not judged.
MATH = "\x00"

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_UNPRINTED = re.compile(
    r"\\begin\{(comment|verbatim|lstlisting|alltt|filecontents)\*?\}.*?\\end\{\1\*?\}"
    r"|\\iffalse\b.*?\\fi\b",
    re.DOTALL,
)
_MATH_NAMES = (
    "equation|align|eqnarray|displaymath|math|gather|multline|alignat|flalign|array|picture|"
    "tikzpicture|xy|split|cases|subequations"
)
_FORMULAS = (
    re.compile(rf"\\begin\{{((?:{_MATH_NAMES})\*?)\}}.*?\\end\{{\1\}}", re.DOTALL),
    re.compile(r"(?<!\\)\$\$.*?(?<!\\)\$\$", re.DOTALL),
    re.compile(r"(?<!\\)\\\[.*?(?<!\\)\\\]", re.DOTALL),
    re.compile(r"(?<!\\)\\\(.*?(?<!\\)\\\)", re.DOTALL),
    re.compile(r"(?<!\\)\$.*?(?<!\\)\$", re.DOTALL),
)
_SILENT = re.compile(
    r"\\(?:label|ref|eqref|pageref|autoref|cref|Cref|nameref|index|vspace|hspace|vskip|input|url|include"
    r"|includegraphics|pagestyle|thispagestyle|bibliography|bibliographystyle|addcontentsline|setcounter"
    r"|addtocounter|setlength|color|pmmark|cite[a-z]*|hypertarget|phantomsection|nocite|rule|raisebox)"
    r"\*?\s*(?:\[[^\]]*\])*(?:\{[^{}]*\})*"
)
_BEGIN = re.compile(
    r"\\begin\{(?:tabular|longtable|supertabular|minipage|multicols|thebibliography)\*?\}"
    r"(?:\[[^\]]*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\})?|\\(?:begin|end)\{[^{}]*\}(?:\[[^\]]*\])?"
)
_ACCENT = re.compile(
    r"""\\(?:["'`^~=.]|[Hvcukrbdt](?=[\s{\\]))\s*\{?\\?([A-Za-z])(?![A-Za-z]*\\)\}?|\\(ss|ae|oe|o|l)\b\s?"""
)
_SPACE = re.compile(
    r"\\\\\*?(?:\[[^\]]*\])?|\\[ ,;:!\n]|~|-{2,}|&|\\(?:par|newline|item|quad|qquad)\b"
)
_COMMAND = re.compile(r"\\[A-Za-z@]+\*?|\\.|[{}]")
_TOUCHES_MATH = re.compile(rf"[\w'’-]*{MATH}[\w'’{MATH}-]*")
_MACRO = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|def)\*?\s*"
    r"(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))\s*(?=\{)"
)


def strip_comments(tex: str) -> str:
    r"""Drop comments and what is not typeset as prose at all (verbatim, \iffalse).

    >>> strip_comments("50\\% of% not this\nall")
    '50\\% of\nall'
    """
    return _UNPRINTED.sub(" ", _COMMENT.sub(r"\1", tex))


def read_group(text: str, start: int, pair: str = "{}") -> tuple[str, int]:
    """Return the content of the group that opens at `start`, and the offset after it.

    >>> read_group("{a{b}c}d", 0), read_group("[x{]}]", 0, "[]")
    (('a{b}c', 7), ('x{]}', 6))
    """
    depth = braces = 0
    for index in range(start, len(text)):
        char = text[index]
        if index and text[index - 1] == "\\" and text[index - 2 : index] != "\\\\":
            continue
        if pair == "[]" and char in "{}":
            braces += 1 if char == "{" else -1
        elif char == pair[0] and not braces:
            depth += 1
        elif char == pair[1] and not braces:
            depth -= 1
            if not depth:
                return text[start + 1 : index], index + 1
    return text[start + 1 :], len(text)


def find_macros(tex: str) -> dict[str, str]:
    r"""Find the macros without arguments.

    >>> find_macros(r"\newcommand{\ie}{\emph{i.e.}} \def\N{\mathbb{N}}")
    {'\\ie': '\\emph{i.e.}', '\\N': '\\mathbb{N}'}
    """
    return {m[1] or m[2]: read_group(tex, m.end())[0] for m in _MACRO.finditer(tex)}


def drop_calls(tex: str, name: str, keep: int | None = None) -> str:
    r"""Drop each `\name{…}{…}`, or keep one of its arguments.

    >>> drop_calls(r"a\footnote{b {c}} d", "footnote"), drop_calls(r"\href{u}{v}", "href", 1)
    ('a d', 'v')
    """
    call = re.compile(rf"\\{name}(?![A-Za-z])(?:\[[^\]]*\])?\s*(?=\{{)")
    while match := call.search(tex):
        end, arguments = match.end(), list[str]()
        while len(arguments) < 1 + (keep is not None) and tex[end : end + 1] == "{":
            argument, end = read_group(tex, end)
            arguments.append(argument)
        kept = arguments[keep] if keep is not None and keep < len(arguments) else ""
        tex = tex[: match.start()] + kept + tex[end:]
    return tex


def strip_latex(tex: str, macros: dict[str, str]) -> str:
    r"""Return printed text: commands and references gone, each formula a `MATH` sign.

    >>> strip_latex(r"{\bf Let} $k$-algebras be M\"obius-like \cite{A}, \emph{non-negative}.", {})
    ' Let \x00-algebras be Mobius-like , non-negative.'
    """
    for name, keep in (("footnote", None), ("texorpdfstring", 0), ("href", 1), ("textcolor", 1)):
        if f"\\{name}" in tex:
            tex = drop_calls(tex, name, keep)
    for formula in _FORMULAS:
        tex = formula.sub(MATH, tex)
    for name, content in macros.items():
        if name in tex and "#" not in content:
            printed = (
                MATH if re.search(r"\\math|\\ensuremath|\\operatorname|[_^$]", content) else content
            )
            tex = re.sub(re.escape(name) + r"(?![A-Za-z])\s?", lambda _, p=printed: p, tex)  # type: ignore[misc]
    tex = drop_calls(tex, "ensuremath")
    tex = _BEGIN.sub(" ", _SILENT.sub("", tex))
    tex = _ACCENT.sub(lambda match: match[1] or match[2], tex)
    return _COMMAND.sub("", _SPACE.sub(" ", tex))


def list_prose(tex: str, macros: dict[str, str]) -> list[str]:
    r"""List the printed words outside formulas, as `list_words` gives them, without numbers.

    >>> list_prose(r"For $n$th powers \[x\ \text{if}\] see~\ref{a} in 1954", {})
    ['for', 'powers', 'see', 'in']
    """
    text = _TOUCHES_MATH.sub(" ", strip_latex(tex, macros))
    return [word for word in list_words(text) if not word[0].isdigit()]
