r"""Macros and environments that a LaTeX file defines, put in place of their calls."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from graphtune.chunking.tex.source import SHORT_NAMES, take_group, take_option
from graphtune.chunking.text import STATEMENT_HEAD

#: Commands that the reader knows itself; a file that redefines their look does not change them.
_KEPT = frozenset(
    "part chapter section subsection subsubsection paragraph subparagraph emph textit textbf item "
    "begin end label ref eqref cref Cref autoref pageref nameref cite caption footnote thanks title "
    "author date abstract maketitle bibitem appendix qedhere qed tag input include newtheorem verb "
    "newcommand renewcommand providecommand def let par".split()
)
_COMMAND = re.compile(r"\\(?:([A-Za-z@]+)|.)", re.DOTALL)
_NAME = re.compile(r"\*?\s*(?:\{\s*\\([A-Za-z@]+)\s*\}|\\([A-Za-z@]+))")
_ARITY = re.compile(r"\s*\[(\d)\]")
_DEF = re.compile(r"\s*\\([A-Za-z@]+)([^{}\n\\]{0,60})(?=\{)")
_LET = re.compile(r"\s*\\([A-Za-z@]+)\s*=?\s*(\\[A-Za-z@]+|\\.|\S)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\s*\{([^{}\\]{1,60})\}")
_PARAMETER = re.compile(r"(\\[A-Za-z@]+)?#(\d)")
_ENDS_IN_COMMAND = re.compile(r"\\[A-Za-z@]+\Z")
_REST = re.compile(r"\s*\Z")
_DEFINITIONS = {
    "newcommand": "command", "renewcommand": "command", "providecommand": "command",
    "DeclareRobustCommand": "command", "def": "def", "gdef": "def", "edef": "def", "xdef": "def",
    "let": "let", "DeclareMathOperator": "operator", "newenvironment": "environment",
    "renewenvironment": "environment",
}  # fmt: skip
_MAX_GROWTH = 4
_MAX_DEPTH = 100


class Macro(NamedTuple):
    r"""A user's macro: how many arguments, the default of an optional first one, what it prints.

    One that is final prints a command as it was when `\let` was read, whatever became of it since.
    """

    arity: int
    default: str | None
    body: str
    is_final: bool = False


@dataclass
class Expansion:
    """Reads a source once, from left to right, as TeX does; what waits to be read is on a stack."""

    macros: dict[str, Macro] = field(
        default_factory=lambda: {"texorpdfstring": Macro(2, None, "#1")}
    )
    environments: dict[str, tuple[Macro, str]] = field(default_factory=dict)
    stack: list[tuple[str, int]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    budget: int = 0

    def expand(self, source: str) -> str:
        r"""Return `source` with every macro replaced from its definition on; definitions go.

        The text grows to at most five times its length; a macro that calls itself stays then.

        >>> Expansion().expand(r"\newcommand{\term}[1]{\emph{#1}}a \term{graph} is")
        'a \\emph{graph} is'
        """
        self.budget = _MAX_GROWTH * len(source) + 100_000
        self.stack = [(source, 0)]
        while self.stack:
            text, position = self.stack.pop()
            match = _COMMAND.search(text, position)
            if match is None:
                self.parts.append(text[position:])
                continue
            self.parts.append(text[position : match.start()])
            self.stack.append((text, match.end()))
            self._read_command(match)
        return "".join(self.parts)

    def _read_command(self, match: re.Match[str]) -> None:
        name = match[1]
        if name in _DEFINITIONS and self._define(_DEFINITIONS[name]):
            return
        macro = self.macros.get(name) if name else None
        if name in {"begin", "end"} and self._replace_environment(name):
            return
        if macro is None or self.budget <= 0 or len(self.stack) > _MAX_DEPTH:
            self.parts.append(match[0])
        else:
            self._push(macro)

    def _push(self, macro: Macro) -> None:
        """Take a macro's arguments and put what it prints before the rest."""
        if macro.is_final:
            text, position = self.stack[-1]
            is_word = macro.body[1:].isalpha() and text[position : position + 1].isalpha()
            self.parts.append(macro.body + " " * is_word)
            return
        arguments = []
        if macro.default is not None:
            option = self._take_option()
            arguments.append(macro.default if option is None else option)
        while len(arguments) < macro.arity:
            arguments.append(self._take_group())
        self._push_text(_fill(macro.body, arguments))

    def _push_text(self, body: str) -> None:
        text, position = self.stack[-1]
        if text[position : position + 1].isalpha() and _ENDS_IN_COMMAND.search(body[-40:]):
            body += " "
        if position >= len(text):
            self.stack.pop()
        self.budget -= len(body) + 1
        self.stack.append((body, 0))

    def _take_group(self) -> str:
        while len(self.stack) > 1 and _REST.match(*self.stack[-1]):
            self.stack.pop()
        text, position = self.stack[-1]
        argument, position = take_group(text, position)
        self.stack[-1] = (text, position)
        return argument

    def _take_option(self) -> str | None:
        text, position = self.stack[-1]
        option, position = take_option(text, position)
        self.stack[-1] = (text, position)
        return option

    def _define(self, kind: str) -> bool:
        """Read a definition; False where it is none that can be understood."""
        text, position = self.stack[-1]
        patterns = {
            "def": _DEF,
            "let": _LET,
            "environment": re.compile(r"\*?" + _ENVIRONMENT.pattern),
        }
        match = patterns.get(kind, _NAME).match(text, position)
        if match is None:
            return False
        self.stack[-1] = (text, match.end())
        name = match[1] or match[2]
        if kind == "environment":
            self._define_environment(name)
            return True
        macro: Macro | None
        if kind == "let":
            macro = self.macros.get(match[2][1:], Macro(0, None, match[2], is_final=True))
        elif kind == "operator":
            macro = Macro(0, None, rf"\operatorname{{{self._take_group()}}}")
        elif kind == "def":
            # Arguments that end at a given text are rare; such calls stay as they are.
            is_plain = re.fullmatch(r"(?:#\d\s*)*", match[2].strip()) is not None
            body = self._take_group()
            macro = Macro(match[2].count("#"), None, body) if is_plain else None
        else:
            macro = self._read_macro()
        is_loop = macro is not None and re.search(rf"\\{name}(?![A-Za-z@])", macro.body)
        if macro and name not in _KEPT and not is_loop:
            self.macros[name] = macro
        return True

    def _read_macro(self) -> Macro:
        text, position = self.stack[-1]
        arity = _ARITY.match(text, position)
        default = None
        if arity:
            default, position = take_option(text, arity.end())
        self.stack[-1] = (text, position)
        return Macro(int(arity[1]) if arity else 0, default, self._take_group())

    def _define_environment(self, name: str) -> None:
        macro = self._read_macro()
        closing = self._take_group()
        plain = name.rstrip("*")
        word = SHORT_NAMES.get(plain, plain.capitalize())
        # The look of a theorem, a proof or an abstract is no matter here, but what it is.
        if not STATEMENT_HEAD.fullmatch(word) and plain not in {"abstract", "thebibliography"}:
            self.environments[name] = (macro, closing)

    def _replace_environment(self, command: str) -> bool:
        text, position = self.stack[-1]
        match = _ENVIRONMENT.match(text, position)
        if not match or match[1] not in self.environments or self.budget <= 0:
            return False
        if len(self.stack) > _MAX_DEPTH:
            return False
        macro, closing = self.environments[match[1]]
        self.stack[-1] = (text, match.end())
        if command == "begin":
            self._push(macro)
        else:
            self._push_text(closing)
        return True


def _fill(body: str, arguments: list[str]) -> str:
    r"""Put arguments in the place of their numbers.

    >>> _fill(r"\tau#1^{#2}", ["x", "2"])
    '\\tau x^{2}'
    """

    def insert(match: re.Match[str]) -> str:
        index = int(match[2]) - 1
        argument = arguments[index] if 0 <= index < len(arguments) else ""
        gap = " " if match[1] and argument[:1].isalpha() else ""
        return (match[1] or "") + gap + argument

    return _PARAMETER.sub(insert, body)
