r"""Formulas of LaTeX text, cut at their relation signs.

Macros are read whole before anything is cut: `\in` is no part of `\infty`, nor `\le` of `\left`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A piece of LaTeX: a macro or an escaped sign, a word, a number, blanks, or any other sign.
_PIECE = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\W\d_]+|\d+|\s+|.", re.DOTALL)
_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$|(?<!\\)\$(?P<inline>(?:\\.|[^$\\])+)\$"
    r"|\\\[(?P<bracket>.+?)\\\]|\\\((?P<round>.+?)\\\)",
    re.DOTALL,
)
RELATIONS = frozenset(
    r"""= < > \le \leq \leqslant \ge \geq \geqslant \ne \neq \equiv \sim \simeq \approx \cong \asymp
    \propto \in \notin \ni \subset \subseteq \subsetneq \supset \supseteq \prec \preceq \succ \succeq
    \ll \gg \mid \parallel \perp \models \vdash \coloneqq \triangleq \doteq \to \mapsto \rightarrow
    \longrightarrow \longmapsto \hookrightarrow \twoheadrightarrow \Rightarrow \implies \iff
    \Leftrightarrow \leftrightarrow""".split()
)
#: What changes the look of a relation sign and stands before it.
_PREFIXES = frozenset((r"\not", ":", r"\mathrel"))
_OPENING = frozenset(("{", r"\left", r"\begin"))
_CLOSING = frozenset(("}", r"\right", r"\end"))
_BLANK_MACROS = frozenset([*r"\, \; \: \! \quad \qquad".split(), "\\ ", "&", r"\\"])
#: Punctuation and blanks around a part: the full stop of a sentence would tell which part is the last.
_EDGE = r"(?:[.,;:&\s]|\\\\|\\[,;:!> ]|\\q?quad(?![A-Za-z]))+"
_EDGES = re.compile(rf"\A{_EDGE}|{_EDGE}\Z")


class Sides(NamedTuple):
    """The parts of a formula in order, and the relation sign behind each but the last."""

    parts: tuple[str, ...]
    signs: tuple[str, ...]


def list_pieces(formula: str) -> list[str]:
    r"""Return the pieces of a formula, blanks left out.

    >>> list_pieces(r"\int_0^\infty  f\,dx \le 12")
    ['\\int', '_', '0', '^', '\\infty', 'f', '\\,', 'dx', '\\le', '12']
    """
    return [piece for piece in _PIECE.findall(formula) if not piece.isspace()]


def cut_formula(formula: str) -> Sides:
    r"""Cut a formula at the relation signs that stand outside of all braces and brackets.

    >>> cut_formula(r"\sum_{i=1}^n i = \frac{n(n+1)}{2} \le n^2")
    Sides(parts=('\\sum_{i=1}^n i', '\\frac{n(n+1)}{2}', 'n^2'), signs=('=', '\\le'))
    >>> cut_formula(r"a &= b \qquad c.")
    Sides(parts=('a', 'b \\qquad c'), signs=('=',))
    >>> cut_formula(r"\left\{ x \in S \right\} \not= \infty").parts
    ('\\left\\{ x \\in S \\right\\}', '\\infty')
    """
    parts, signs = [""], []
    depth = 0
    for piece in _PIECE.findall(formula):
        depth += (piece in _OPENING) - (piece in _CLOSING)
        if depth <= 0 and piece in RELATIONS:
            before, prefix = _take_prefix(parts[-1])
            parts[-1] = before
            signs.append(prefix + piece)
            parts.append("")
        else:
            parts[-1] += piece
    return _drop_empty([_EDGES.sub("", part) for part in parts], signs)


def _take_prefix(text: str) -> tuple[str, str]:
    """Return a text without what belongs to the sign behind it, and that."""
    for prefix in sorted(_PREFIXES):
        if text.rstrip().endswith(prefix):
            return text.rstrip().removesuffix(prefix), prefix
    return text, ""


def _drop_empty(parts: list[str], signs: list[str]) -> Sides:
    """Leave out parts without content (of "&=" in aligned rows, say), with the sign before them."""
    kept = [(part, n) for n, part in enumerate(parts) if _has_content(part)]
    between = [signs[n - 1] for _, n in kept[1:]]
    return Sides(tuple(part for part, _ in kept), tuple(between))


def _has_content(part: str) -> bool:
    return any(p not in _BLANK_MACROS and p not in ".,;:" for p in list_pieces(part))


def find_formulas(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yield start, end and content of each formula of a text, its delimiters inside the span.

    >>> list(find_formulas(r"Let $a=b$, which costs \$5. \[c\]"))
    [(4, 9, 'a=b'), (28, 33, 'c')]
    """
    for match in _FORMULA.finditer(text):
        content = next(group for group in match.groups() if group is not None).strip()
        if content:
            yield match.start(), match.end(), content


def list_macros(formula: str) -> list[str]:
    r"""Return the macros of letters in a formula, in order.

    >>> list_macros(r"\Gamma(x_\in) \, \{ \gamma")
    ['\\Gamma', '\\in', '\\gamma']
    """
    return [p for p in _PIECE.findall(formula) if p[0] == "\\" and p[1:2].isalpha()]
