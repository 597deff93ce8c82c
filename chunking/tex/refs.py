r"""How `\ref`, `\cref` and `\cite` are printed, from the numbers that a first reading found."""

import re
from collections.abc import Callable, Mapping
from itertools import groupby

from graphtune.chunking.tex.output import Target
from graphtune.chunking.tex.paragraph import Paragraph
from graphtune.chunking.tex.source import take_group, take_option

REFERENCES = frozenset(
    "ref eqref cref Cref autoref pageref nameref labelcref vref Ref hyperref".split()
)
CITATIONS = frozenset(
    "cite citep citet citealp citealt Citet Citep citeyear citeauthor parencite textcite autocite "
    "footcite fullcite citeyearpar citenum".split()
)

_INSIDE = re.compile(r"\\(eqref|ref)\s*\{([^{}]*)\}")


def _print_references(
    paragraph: Paragraph, name: str, keys: str, known: Mapping[str, Target]
) -> None:
    r"""Print what `\ref` and its like print for `keys`.

    A key that is not known is printed itself (its last part), not as "??": it often tells what is
    meant, as in "Theorem main".
    """
    names = [key.strip() for key in keys.split(",") if key.strip()]
    if name not in {"cref", "Cref", "labelcref"}:
        names = [keys.strip()] if keys.strip() else []
    groups = [
        (word, list(group)) for word, group in groupby(names, lambda key: _word(name, key, known))
    ]
    for index, (word, group) in enumerate(groups):
        paragraph.print("" if not index else " and " if index == len(groups) - 1 else ", ")
        paragraph.print(_plural(word) + " " if word and len(group) > 1 else "")
        for place, key in enumerate(group):
            paragraph.print("" if not place else " and " if place == len(group) - 1 else ", ")
            number = _number(name, key, known)
            lead = f"{word} " if word and len(group) == 1 else ""
            paragraph.print_reference(lead + number, key)


def _word(name: str, key: str, known: Mapping[str, Target]) -> str:
    """Return the kind that the command prints before a number."""
    if name not in {"cref", "Cref", "autoref"} or key not in known:
        return ""
    word = known[key].word
    if name == "cref":
        return {"Equation": "eq.", "Figure": "fig."}.get(word, word.lower())
    return word


def _plural(word: str) -> str:
    if word.endswith("."):
        return f"{word[:-1]}s."
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _number(name: str, key: str, known: Mapping[str, Target]) -> str:
    target = known.get(key)
    if name == "nameref" and target and target.title:
        return target.title
    number = target.number if target and name != "pageref" else ""
    number = number or key.rpartition(":")[2]
    is_equation = name in {"cref", "Cref", "labelcref"} and _is_equation(target)
    return f"({number})" if name == "eqref" or is_equation else number


def _is_equation(target: Target | None) -> bool:
    return target is not None and target.word == "Equation"


def read_reference(
    paragraph: Paragraph, name: str, text: str, position: int, known: Mapping[str, Target]
) -> int:
    r"""Print the reference whose argument stands at `position`; return the position behind it."""
    if name == "hyperref":  # \hyperref[key]{text}: the text is printed by itself.
        return take_option(text, position)[1]
    keys, position = take_group(text, position)
    _print_references(paragraph, name, keys, known)
    return position


def read_citation(
    paragraph: Paragraph,
    text: str,
    position: int,
    known: Mapping[str, Target],
    read: Callable[[str], None],
) -> int:
    """Print "[see 3, 7, Thm. 2]"; `read` prints the notes that stand before and behind."""
    after, position = take_option(text, position)
    second, position = take_option(text, position)
    before, after = (after, second) if second is not None else (None, after)
    keys, position = take_group(text, position)
    paragraph.print("[")
    if before:
        read(before)
        paragraph.print(" ")
    for index, key in enumerate(filter(None, map(str.strip, keys.split(",")))):
        target = known.get(f"bib:{key}")
        paragraph.print(", " if index else "")
        paragraph.print_reference(target.number if target else key, f"bib:{key}")
    if after:
        paragraph.print(", ")
        read(after)
    paragraph.print("]")
    return position


def resolve_inside(formula: str, known: Mapping[str, Target]) -> str:
    r"""Return a formula with the numbers that `\ref` and `\eqref` print in it.

    >>> resolve_inside(r"a \overset{\eqref{e}}{=} b", {"e": Target(0, "2", "Equation")})
    'a \\overset{(2)}{=} b'
    """
    return _INSIDE.sub(lambda match: _number(match[1], match[2].strip(), known), formula)
