"""Reads expanded LaTeX source from left to right into paragraphs and units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from graphtune.chunking.tex.counters import SECTIONS, STYLES, Counters, Theorem, name_theorem
from graphtune.chunking.tex.math import DISPLAYS, find_math_end, tidy_formula
from graphtune.chunking.tex.output import OpenUnit, Output, Target
from graphtune.chunking.tex.refs import (
    CITATIONS,
    REFERENCES,
    read_citation,
    read_reference,
)
from graphtune.chunking.tex.source import (
    ARGUMENTS,
    CHARACTERS,
    ENVIRONMENT_ARGUMENTS,
    LENGTHS,
    MARKS,
    TOKEN,
    skip_arguments,
    take_accent,
    take_group,
    take_length,
    take_option,
)
from graphtune.chunking.tex.structure import FLOATS, Structure

_EMPHASIS = frozenset("emph textit textbf textsl defn defin dfn term textem".split())
_SWITCHES = frozenset("em it bf sl itshape bfseries slshape".split())
_BREAKS = frozenset(
    "par newpage clearpage cleardoublepage pagebreak paragraph subparagraph".split()
)
_DROPPED = re.compile(r"(?:comment|tikzpicture|tikzcd|picture|pspicture|xy|filecontents)\*?$")
_OPENING = re.compile(r"\s*\{")
_COUNTS = frozenset("setcounter addtocounter stepcounter refstepcounter".split())


@dataclass
class Reader:
    """Reads a source; `known` are the places that an earlier reading found."""

    theorems: dict[str, Theorem]
    counters: Counters
    known: Mapping[str, Target]
    raw: list[str]
    output: Output = field(default_factory=Output)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    depth: int = 0
    is_inserting: bool = False
    in_note: bool = False
    structure: Structure = field(init=False)

    def __post_init__(self) -> None:
        """Let the structure print through this reader."""
        self.structure = Structure(self.output, self.counters, self.theorems, self.read_quietly)

    def read(self, text: str) -> None:
        """Print `text`."""
        position = 0
        missing: set[str] = set()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                break
            position = match.end()
            if match["command"]:
                position = self._read_command(match["command"], text, match, missing)
            elif match["symbol"]:
                position = self._read_symbol(match["symbol"], text, position)
            elif match["math"]:
                position = self._read_math(text, position, match["math"])
            elif match["brace"] == "{":
                self.output.paragraph.open_group()
            elif match["brace"]:
                self.output.paragraph.close_group()
            elif match["blank"]:
                if not text.startswith(r"\end{proof}", position):
                    self.end_paragraph()
            elif match["raw"]:
                self.output.paragraph.print(self.raw[int(match["raw"])])
            else:
                self.output.paragraph.print(MARKS.get(match[0], match[0]))

    def read_quietly(self, source: str) -> None:
        """Print an argument that has no structure or emphasis of its own, such as a title."""
        paragraph = self.output.paragraph
        groups, is_plain = paragraph.groups, paragraph.is_plain
        paragraph.groups, paragraph.is_plain = [], True
        self.depth += 1
        self.read(" ".join(source.split()) if self.depth < 8 else "")
        self.depth -= 1
        paragraph.groups, paragraph.is_plain = groups, is_plain

    def end_paragraph(self) -> None:
        """Close the paragraph; notes and floats follow where no statement or proof is open."""
        if self.depth:
            self.output.paragraph.print(" ")
            return
        self.output.end_paragraph()
        if self.output.unit is None:
            self.read_waiting()

    def read_waiting(self) -> None:
        """Print the footnotes and floats that were met inside a paragraph or unit."""
        if self.is_inserting:
            return
        self.is_inserting = True
        while self.waiting:
            batch, self.waiting = self.waiting, []
            for number, source in batch:
                if number == "float":
                    self.read(source)
                    self.output.end_paragraph()
                else:
                    self._insert_unit(OpenUnit("footnote", number=number), "", source)
        self.is_inserting = False

    def _insert_unit(self, unit: OpenUnit, head: str, source: str) -> None:
        """Print a unit of its own; the one that is open goes on behind it."""
        outer, self.in_note = self.output.unit, True
        self.output.end_unit()
        paragraph = self.output.paragraph
        groups, emphasised = paragraph.groups, paragraph.emphasised
        paragraph.groups, paragraph.emphasised = [], []
        paragraph.print(head)
        self.output.begin_unit(unit, len(paragraph.text))
        paragraph.print(" ")
        self.read(source)
        self.output.end_unit(outer)
        paragraph.groups, paragraph.emphasised = groups, emphasised
        self.in_note = False

    def _read_command(self, name: str, text: str, match: re.Match[str], missing: set[str]) -> int:
        position, paragraph = match.end(), self.output.paragraph
        is_starred = "*" in match[0]
        if name == "begin":
            return self._begin_environment(text, position, missing)
        if name == "end":
            name, position = take_group(text, position)
            if not self.depth and self.structure.end(name):
                self.end_paragraph()
            return position
        if not self.depth and (after := self._read_block(name, text, position, is_starred)) >= 0:
            return after
        if name in CHARACTERS:
            paragraph.print(CHARACTERS[name])
        elif name in {"qedhere", "qed"}:
            self.structure.print_box(is_early=True)
        elif name in _SWITCHES:
            paragraph.emphasise()
        elif name in _EMPHASIS:
            return self._open_argument(text, position)
        elif name in REFERENCES:
            return read_reference(paragraph, name, text, position, self.known)
        elif name in CITATIONS:
            return read_citation(paragraph, text, position, self.known, self.read_quietly)
        elif name in {"footnote", "footnotetext", "thanks"}:
            return self._read_note(name, text, position)
        elif name == "label":
            argument, position = take_group(text, position)
            self.output.add_label(argument)
        elif name in LENGTHS:
            return take_length(text, position)
        elif name in _COUNTS:
            return self.structure.read_count(name, text, position)
        elif name in STYLES or name.startswith("the"):
            return self.structure.read_number(name, text, position)
        elif name == "ensuremath":
            argument, position = take_group(text, position)
            paragraph.print(f"${tidy_formula(argument)}$")
        elif len(name) == 1 and (accent := take_accent(text, position, name)):
            paragraph.print(accent[0])
            return accent[1]
        return skip_arguments(text, position, ARGUMENTS[name]) if name in ARGUMENTS else position

    def _read_block(self, name: str, text: str, position: int, is_starred: bool) -> int:
        """Read a command that makes paragraphs; return the position behind it, -1 for another one."""
        if name in SECTIONS:
            _, position = take_option(text, position)
            title, position = take_group(text, position)
            self.output.end_unit()
            self.read_waiting()
            self.structure.add_heading(name, title, is_starred=is_starred)
            self.read_waiting()
        elif name in _BREAKS:
            self.end_paragraph()
            if name.endswith("paragraph"):
                return self._open_argument(text, position)
        elif name in {"item", "bibitem"}:
            self.end_paragraph()
            label, position = take_option(text, position)
            if name == "item":
                self.structure.add_item(label)
            else:
                key, position = take_group(text, position)
                self.structure.add_bibitem(label, key)
        elif name in {"caption", "captionof"} and not self.in_note:
            return self._read_caption(name, text, position, is_starred)
        elif name == "appendix":
            self.structure.begin_appendix()
        elif name in {"newtheorem", "spnewtheorem"}:
            _, position = take_option(text, skip_arguments(text, position, 2))
        else:
            return -1
        return position

    def _read_note(self, name: str, text: str, position: int) -> int:
        """Let a footnote wait for the end of its paragraph; one inside another stays in brackets."""
        _, position = take_option(text, position)
        if self.in_note:
            self.output.paragraph.print(" ")
            return self._open_argument(text, position, "(", ")")
        note, position = take_group(text, position)
        number = "" if name == "thanks" else self.counters.step("footnote")
        self.waiting.append((number, note))
        return position

    def _read_caption(self, name: str, text: str, position: int, is_starred: bool) -> int:
        kind = None
        if name == "captionof":
            kind, position = take_group(text, position)
        _, position = take_option(text, position)
        caption, position = take_group(text, position)
        self.output.end_paragraph()
        word, number = self.structure.number_caption(kind, is_starred=is_starred)
        head = f"{word} {number}:" if number else ""
        self._insert_unit(OpenUnit("caption", word, number), head, caption)
        return position

    def _open_argument(self, text: str, position: int, lead: str = "", closing: str = "") -> int:
        match = _OPENING.match(text, position)
        if not match:
            return position
        self.output.paragraph.print(lead)
        self.output.paragraph.open_group(closing, is_emphasised=not lead)
        return match.end()

    def _read_symbol(self, symbol: str, text: str, position: int) -> int:
        if symbol in "[(":
            return self._read_math(text, position, {"[": "\\]", "(": "\\)"}[symbol])
        accent = take_accent(text, position, symbol)
        if accent:
            self.output.paragraph.print(accent[0])
            return accent[1]
        if symbol == "\\":
            self.output.paragraph.print(" ")
            return take_option(text, position)[1]
        printed = symbol if symbol in "&%$#_{}" else " " if symbol in " ,;:\n" else ""
        self.output.paragraph.print(printed)
        return position

    def _read_math(self, text: str, position: int, closing: str) -> int:
        """Print mathematics up to `closing`, or to the end of the paragraph where that lacks."""
        stop, after, is_closed = find_math_end(text, position, closing)
        if not is_closed:
            self.output.warn(f"a formula is not closed by {closing}")
        self.structure.print_formula(
            text[position:stop], "", self.known, is_display=closing in {"$$", "\\]"}
        )
        return after

    def _begin_environment(self, text: str, position: int, missing: set[str]) -> int:
        name, position = take_group(text, position)
        plain, closing = name.rstrip("*"), rf"\end{{{name}}}"
        is_float = plain in FLOATS and plain != "longtable" and not self.is_inserting
        if DISPLAYS.match(name) or _DROPPED.match(name) or (is_float and not self.depth):
            stop = -1 if closing in missing else text.find(closing, position)
            if stop >= 0:
                self._read_whole(name, text[position:stop])
                return stop + len(closing)
            missing.add(closing)
            self.output.warn(f"environment {name[:40]} is not closed")
        if self.depth:
            return position
        option = None
        if plain in ENVIRONMENT_ARGUMENTS:
            position = skip_arguments(text, position, ENVIRONMENT_ARGUMENTS[plain])
        else:
            option, position = take_option(text, position)
        if name == "restatable":
            argument, position = take_group(text, position)
            _, position = take_group(text, position)
            self.theorems[name] = name_theorem(argument, self.theorems) or Theorem(argument)
        self.end_paragraph()
        self.structure.begin(name, option)
        return position

    def _read_whole(self, name: str, source: str) -> None:
        """Read an environment that is mathematics or a float; pictures are not text."""
        if DISPLAYS.match(name):
            if name.rstrip("*") in {"alignat", "xalignat"}:
                source = source[skip_arguments(source, 0, 1) :]
            self.structure.print_formula(source, name, self.known, is_display=name != "math")
        elif not _DROPPED.match(name):
            self.waiting.append(("float", rf"\begin{{{name}}}{source}\end{{{name}}}"))
