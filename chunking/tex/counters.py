r"""Counters of a LaTeX paper, and the theorem environments that it declares."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from graphtune.chunking.tex.macros import Macro
from graphtune.chunking.tex.source import SHORT_NAMES, take_group, take_option
from graphtune.chunking.text import STATEMENT_HEAD

SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection")
_THEOREM = re.compile(r"\\(newtheorem|spnewtheorem|declaretheorem)(\*?)\s*(?=[{\[])")
_WITHIN = re.compile(r"\\(?:numberwithin|counterwithin\*?|@addtoreset)\s*\{(\w+)\}\s*\{(\w+)\}")
_BOOK = re.compile(r"\\documentclass\s*(?:\[[^\]]{0,500}\])?\s*\{\w*(?:book|report|memoir)\w*\}")
_STYLE = re.compile(r"\\(arabic|[Aa]lph|[Rr]oman|fnsymbol)\s*\{(\w+)\}")
_THE = re.compile(r"\\the([A-Za-z]+)")
_OPTION = re.compile(r"(\w+)\s*=\s*(\{[^{}]*\}|[^,]*)")
_LABEL_OPTION = re.compile(r"label\s*=\s*(\{(?:[^{}]|\{[^{}]*\})*\}|[^,]*)")
_ENUMERATION = re.compile(r"\\(arabic|[Aa]lph|[Rr]oman)\s*\*")
_SHORT_ENUMERATION = re.compile(r"(?<![A-Za-z\\])[1aAiI](?![A-Za-z])")
_SHORT_STYLES = {"1": "arabic", "a": "alph", "A": "Alph", "i": "roman", "I": "Roman"}
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
          (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


def print_roman(value: int) -> str:
    """Return a number in small Roman numerals.

    >>> print_roman(14)
    'xiv'
    """
    parts = []
    value = min(value, 10_000)
    for weight, letters in _ROMAN:
        count, value = divmod(value, weight)
        parts.append(letters * count)
    return "".join(parts)


def _print_letter(value: int) -> str:
    return chr(96 + value) if 1 <= value <= 26 else str(value)


STYLES: dict[str, Callable[[int], str]] = {
    "arabic": str,
    "alph": _print_letter,
    "Alph": lambda value: _print_letter(value).upper(),
    "roman": print_roman,
    "Roman": lambda value: print_roman(value).upper(),
    "fnsymbol": lambda value: "*†‡§¶"[value - 1] if 1 <= value <= 5 else str(value),
}


class Theorem(NamedTuple):
    """A statement environment: the word it prints, its counter ("" for one without numbers)."""

    word: str
    counter: str = ""


@dataclass
class Counters:
    r"""Numbers as LaTeX computes them: a step sets the counters within it to zero.

    >>> counters = Counters(parents={"theorem": "section"})
    >>> [counters.step(name) for name in ("section", "theorem", "theorem", "section", "theorem")]
    ['1', '1.1', '1.2', '2', '2.1']
    """

    parents: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)

    def step(self, name: str) -> str:
        """Count one on and return what is printed."""
        self.values[name] = self.values.get(name, 0) + 1
        self.reset_within(name)
        return self.print(name)

    def reset_within(self, name: str) -> None:
        """Set the counters within `name` to zero, and those within them."""
        waiting, seen = [name], {name}
        while waiting:
            parent = waiting.pop()
            inner = [child for child, above in self.parents.items() if above == parent]
            for child in inner:
                self.values[child] = 0
            waiting += [child for child in inner if child not in seen]
            seen.update(inner)

    def print(self, name: str, depth: int = 8) -> str:
        r"""Return what `\thename` prints; it follows the file's own `\renewcommand`, if there is one."""
        parent = self.parents.get(name)
        default = rf"\arabic{{{name}}}"
        template = self.formats.get(name, rf"\the{parent}.{default}" if parent else default)
        if depth:
            template = _THE.sub(lambda match: self.print(match[1], depth - 1), template[:200])
        return re.sub(r"\\[A-Za-z]+ ?|[{}]", "", self.print_styles(template))

    def print_styles(self, template: str) -> str:
        r"""Put numbers for `\arabic{name}`, `\Alph{name}` and the like."""
        return _STYLE.sub(lambda match: STYLES[match[1]](self.values.get(match[2], 0)), template)


def read_counters(source: str, macros: dict[str, Macro]) -> Counters:
    """Return the counters of a paper as they stand at its beginning."""
    counters = Counters()
    is_book = _BOOK.search(source) is not None or r"\chapter" in source
    above = ["chapter"] if is_book else []
    for name in SECTIONS[2:]:
        if above:
            counters.parents[name] = above[-1]
        above.append(name)
    if is_book:
        counters.parents |= dict.fromkeys(("equation", "figure", "table", "footnote"), "chapter")
    counters.formats["part"] = r"\Roman{part}"
    counters.values["secnumdepth"] = 2 if is_book else 3
    for theorem in _THEOREM.finditer(source):
        _, _, counter, within = _read_theorem(source, theorem)
        if within:
            counters.parents[counter] = within
    counters.parents |= {match[1]: match[2] for match in _WITHIN.finditer(source)}
    for name, macro in macros.items():
        if name.startswith("the") and not macro.arity:
            counters.formats[name[3:]] = macro.body
    return counters


def read_theorems(source: str) -> dict[str, Theorem]:
    r"""Return the statement environments that a source declares; a shared counter is its owner's.

    >>> read_theorems(r"\newtheorem{thm}{Theorem}[section] \newtheorem{lem}[thm]{Lemma}")["lem"]
    Theorem(word='Lemma', counter='thm')
    """
    theorems: dict[str, Theorem] = {}
    for match in _THEOREM.finditer(source):
        name, word, counter, _ = _read_theorem(source, match)
        if counter in theorems and counter != name:
            counter = theorems[counter].counter
        theorems[name] = Theorem(word, counter)
    return theorems


def _read_theorem(source: str, match: re.Match[str]) -> tuple[str, str, str, str]:
    """Return name, word, counter and the counter that it is within of one declaration."""
    position = match.end()
    if match[1] == "declaretheorem":
        option, position = take_option(source, position)
        name, position = take_group(source, position)
        after, _ = take_option(source, position)
        options = {key: value.strip(" {}") for key, value in _OPTION.findall(f"{option},{after}")}
        counter = next(
            (options[key] for key in ("sibling", "numberlike", "sharenumber") if key in options),
            name,
        )
        within = options.get("numberwithin", options.get("parent", options.get("within", "")))
        is_starred = options.get("numbered") == "no"
        return name, options.get("name", name.capitalize()), "" if is_starred else counter, within
    name, position = take_group(source, position)
    shared, position = take_option(source, position)
    word, position = take_group(source, position)
    within_option, _ = take_option(source, position)
    counter = "" if match[2] else shared or name
    return name, word, counter, within_option or ""


def name_theorem(name: str, theorems: dict[str, Theorem]) -> Theorem | None:
    """Return what an environment states; well-known names count where no declaration is found.

    Their numbers are unknown then, so they have none.

    >>> name_theorem("lem", {}), name_theorem("center", {})
    (Theorem(word='Lemma', counter=''), None)
    """
    if name in theorems:
        return theorems[name]
    plain = name.rstrip("*")
    word = SHORT_NAMES.get(plain, plain.capitalize())
    return Theorem(word) if STATEMENT_HEAD.fullmatch(word) else None


def read_template(option: str) -> str:
    r"""Return how a list numbers its items.

    >>> read_template(r"label=\textup{(\roman*)}, nosep"), read_template("(a)"), read_template("")
    ('(\\roman*)', '(\\alph*)', '(\\arabic*)')
    """
    match = _LABEL_OPTION.search(option)
    if match:
        template = re.sub(
            r"\\(?:textup|textbf|textit|upshape|rm|bf|itshape|normalfont)(?![A-Za-z])", "", match[1]
        )
        template = re.sub(r"[{}]", "", template)
        if _ENUMERATION.search(template):
            return template.strip()
    elif "=" not in option:
        short = re.sub(r"\\[A-Za-z]+|[{}]", "", option)
        found = _SHORT_ENUMERATION.search(short)
        if found:
            style = rf"\{_SHORT_STYLES[found[0]]}*"
            return (short[: found.start()] + style + short[found.end() :]).strip()
    return r"(\arabic*)"


def number_item(template: str, count: int) -> str:
    """Return the mark of a list item."""
    return _ENUMERATION.sub(lambda match: STYLES[match[1]](count), template)
