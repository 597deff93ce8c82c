"""LaTeX source into a `Document`, read the way its PDF would print."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from graphtune.chunking.builder import TextBuilder
from graphtune.chunking.plain import decode_text
from graphtune.chunking.texsource import (
    ARGUMENTS,
    CHARACTERS,
    ENVIRONMENT_ARGUMENTS,
    SHORT_NAMES,
    expand_macros,
    read_theorems,
    skip_arguments,
    strip_comments,
    take_accent,
    take_group,
    take_option,
)
from graphtune.chunking.text import STATEMENT_HEAD, clean_text
from graphtune.records import Document

_TOKEN = re.compile(
    r"\\(?P<command>[A-Za-z@]+)\*?[ \t]*|\\(?P<symbol>.)|(?P<math>\$\$?)|(?P<brace>[{}])"
    r"|(?P<blank>\n[ \t]*\n\s*)|(?P<mark>---?|``|''|[`'~&])|(?P<text>[^\\${}~`'&\-\n]+|.)",
    re.DOTALL,
)
_MARKS = {"--": "–", "---": "—", "``": "“", "''": "”", "`": "‘", "'": "’", "~": " ", "&": " "}
_SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection")
_EMPHASIS = frozenset("emph textit textbf textsl defn defin dfn term textem".split())
_SWITCHES = frozenset("em it bf sl itshape bfseries slshape".split())
_MATH = re.compile(
    r"(?:equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign|dmath)\*?$"
)
_DROPPED = re.compile(r"(?:comment|tikzpicture|tikzcd|picture|pspicture|xy|filecontents)\*?$")
_REFERENCES = frozenset("ref eqref cref Cref autoref pageref nameref".split())


def read_latex(path: Path, data: bytes) -> Document:
    """Read a LaTeX file; what stands outside its document environment is not printed.

    Mathematics stays as it is, between dollar signs.

    Raises:
        DocumentError: the file is not text.
    """
    source = strip_comments(decode_text(path, data))
    begin = source.find(r"\begin{document}")
    end = source.rfind(r"\end{document}")
    body = source[
        begin + len(r"\begin{document}") if begin >= 0 else 0 : end if end > begin else None
    ]
    reader = _Reader(read_theorems(source), has_chapters=r"\chapter" in body)
    title = _read_title(source)
    reader.builder.add_paragraph(title)
    reader.read(expand_macros(source, body))
    reader.end_paragraph()
    return reader.builder.build_document(path, data, "tex", title)


def _read_title(source: str) -> str:
    match = re.search(r"\\title\s*(?:\[[^\]]*\])?\s*(?=\{)", source)
    return _print_inline(expand_macros(source, take_group(source, match.end())[0])) if match else ""


def _print_inline(source: str) -> str:
    """Return what a short piece of source prints, without structure."""
    reader = _Reader({}, has_chapters=False, is_inline=True)
    reader.read(source)
    reader.end_paragraph()
    return " ".join(reader.builder.paragraphs)


@dataclass
class _Group:
    """An open brace: where emphasis began inside it, what to print when it closes."""

    emphasis: int | None = None
    closing: str = ""


@dataclass
class _Reader:
    """Reads source from left to right into paragraphs; groups are kept on a stack."""

    theorems: dict[str, str]
    has_chapters: bool
    is_inline: bool = False
    builder: TextBuilder = field(default_factory=TextBuilder)
    parts: list[str] = field(default_factory=list)
    length: int = 0
    emphasis: list[tuple[int, int]] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)
    lists: list[int | None] = field(default_factory=list)
    counters: list[int] = field(default_factory=lambda: [0] * len(_SECTIONS))
    entries: int = 0

    def read(self, text: str) -> None:
        """Print `text`."""
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                break
            position = match.end()
            if match["command"]:
                position = self._read_command(match["command"], text, match)
            elif match["symbol"]:
                position = self._read_symbol(match["symbol"], text, position)
            elif match["math"]:
                position = self._read_math(text, position, match["math"])
            elif match["brace"] == "{":
                self.groups.append(_Group())
            elif match["brace"]:
                self._close_group()
            elif match["blank"]:
                self.end_paragraph()
            else:
                self.print(_MARKS.get(match[0], match[0]))

    def print(self, text: str) -> None:
        """Append text to the paragraph; runs of white space become one space."""
        text = re.sub(r"\s+", " ", clean_text(text))
        if text.startswith(" ") and (not self.parts or self.parts[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.parts.append(text)
            self.length += len(text)

    def end_paragraph(self) -> None:
        """Hand the paragraph to the builder."""
        for group in self.groups:
            if group.emphasis is not None:
                self._add_emphasis(group.emphasis)
                group.emphasis = 0
        text = "".join(self.parts).rstrip()
        self.builder.add_paragraph(text, [(a, b) for a, b in self.emphasis if b <= len(text)])
        self.parts, self.length, self.emphasis = [], 0, []

    def _add_emphasis(self, start: int) -> None:
        text = "".join(self.parts)[start:]
        begin = start + len(text) - len(text.lstrip(" .,;:"))
        end = start + len(text.rstrip(" .,;:"))
        if begin < end and any(map(str.isalpha, text)):
            self.emphasis.append((begin, end))

    def _close_group(self) -> None:
        if self.groups:
            group = self.groups.pop()
            if group.emphasis is not None:
                self._add_emphasis(group.emphasis)
            self.print(group.closing)

    def _read_command(self, name: str, text: str, match: re.Match[str]) -> int:
        position = match.end()
        if name == "begin":
            return self._begin_environment(text, position)
        if name == "end":
            return self._end_environment(text, position)
        if name in _SECTIONS and not self.is_inline:
            return self._read_section(name, text, position, is_starred="*" in match[0])
        if name in CHARACTERS:
            self.print(CHARACTERS[name])
        elif name in _SWITCHES and self.groups:
            self.groups[-1].emphasis = self.length
        elif name in {"par", "newpage", "clearpage", "caption", "paragraph", "subparagraph"}:
            self.end_paragraph()
        if name in _EMPHASIS or name in {"paragraph", "subparagraph"}:
            return self._open_group(text, position, _Group(emphasis=self.length))
        if name == "footnote":
            self.print(" (")
            return self._open_group(text, position, _Group(closing=")"))
        if name in {"item", "bibitem"}:
            return self._read_item(name, text, position)
        if name in _REFERENCES or name.startswith("cite"):
            return self._read_reference(name, text, position)
        if name == "verb" and position < len(text):
            end = text.find(text[position], position + 1)
            self.print(text[position + 1 : end])
            return end + 1 if end >= 0 else len(text)
        accent = take_accent(text, position, name) if len(name) == 1 else None
        if accent:
            self.print(accent[0])
            return accent[1]
        return skip_arguments(text, position, ARGUMENTS.get(name, 0))

    def _open_group(self, text: str, position: int, group: _Group) -> int:
        match = re.compile(r"\s*\{").match(text, position)
        if not match:
            return position
        self.groups.append(group)
        return match.end()

    def _read_section(self, name: str, text: str, position: int, *, is_starred: bool) -> int:
        _, position = take_option(text, position)
        argument, position = take_group(text, position)
        title = _print_inline(argument)
        depth = _SECTIONS.index(name)
        level = max(1, depth if self.has_chapters else depth - 1)
        if not is_starred and name != "part":
            self.counters[depth] += 1
            self.counters[depth + 1 :] = [0] * (len(_SECTIONS) - depth - 1)
            number = ".".join(map(str, self.counters[depth - level + 1 : depth + 1]))
            title = f"{number} {title}"
        self.end_paragraph()
        self.builder.add_heading(title, level)
        return position

    def _read_item(self, name: str, text: str, position: int) -> int:
        self.end_paragraph()
        label, position = take_option(text, position)
        if name == "bibitem":
            self.entries += 1
            _, position = take_group(text, position)
            self.print(f"[{self.entries}] ")
        elif label is not None:
            self.print(_print_inline(label) + " ")
        elif self.lists and self.lists[-1] is not None:
            self.lists[-1] += 1
            self.print(f"({self.lists[-1]}) ")
        else:
            self.print("• ")
        return position

    def _read_reference(self, name: str, text: str, position: int) -> int:
        note, position = take_option(text, position)
        _, position = take_option(text, position)
        keys, position = take_group(text, position)
        if name.startswith("cite"):
            self.print(f"[{keys}, {_print_inline(note)}]" if note else f"[{keys}]")
        else:
            label = keys.rpartition(":")[2]
            self.print(f"({label})" if name == "eqref" else label)
        return position

    def _read_symbol(self, symbol: str, text: str, position: int) -> int:
        if symbol in "[(":
            return self._read_math(text, position, {"[": "\\]", "(": "\\)"}[symbol])
        accent = take_accent(text, position, symbol)
        if accent:
            self.print(accent[0])
            return accent[1]
        if symbol == "\\":
            self.print(" ")
            return take_option(text, position)[1]
        self.print(symbol if symbol in "&%$#_{}" else " " if symbol in " ,;:\n" else "")
        return position

    def _read_math(self, text: str, position: int, closing: str) -> int:
        """Print mathematics up to `closing`, or to the end of the paragraph where that lacks."""
        end = re.compile(rf"(?<!\\){re.escape(closing)}").search(text, position)
        if end is None:
            end = re.compile(r"\n[ \t]*\n|\Z").search(text, position)
        stop, after = (end.start(), end.end()) if end else (len(text), len(text))
        formula = " ".join(re.sub(r"\\label\s*\{[^{}]*\}", "", text[position:stop]).split())
        is_inline = closing in {"$", "\\)"}
        self.print(f"${formula}$" if is_inline else f" ${formula}$ ")
        return after

    def _begin_environment(self, text: str, position: int) -> int:
        name, position = take_group(text, position)
        plain = name.rstrip("*")
        closing = rf"\end{{{name}}}"
        if _MATH.match(name):
            return self._read_math(
                text, skip_arguments(text, position, plain == "alignat"), closing
            )
        if _DROPPED.match(name):
            end = text.find(closing, position)
            return end + len(closing) if end >= 0 else len(text)
        self.end_paragraph()
        option, position = take_option(text, position)
        kind = self.theorems.get(name) or SHORT_NAMES.get(plain) or plain.capitalize()
        if name in self.theorems or STATEMENT_HEAD.fullmatch(kind):
            label = _print_inline(option) if option else ""
            head = label if plain == "proof" and label else f"{kind} ({label})" if label else kind
            self.print(f"{head}. ")
        elif plain in {"abstract", "thebibliography"}:
            self.builder.add_heading("Abstract" if plain == "abstract" else "References", 1)
        elif plain in {"itemize", "description", "enumerate"}:
            self.lists.append(0 if plain == "enumerate" else None)
        return skip_arguments(text, position, ENVIRONMENT_ARGUMENTS.get(plain, 0))

    def _end_environment(self, text: str, position: int) -> int:
        name, position = take_group(text, position)
        if self.lists and name in {"itemize", "description", "enumerate"}:
            self.lists.pop()
        self.end_paragraph()
        return position
