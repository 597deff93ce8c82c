"""Environments, headings, items and numbers of a LaTeX paper while it is read."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphtune.chunking.tex.counters import (
    SECTIONS,
    STYLES,
    Counters,
    Theorem,
    name_theorem,
    number_item,
    read_template,
)
from graphtune.chunking.tex.math import read_rows, tidy_formula
from graphtune.chunking.tex.output import OpenUnit, Output, Target
from graphtune.chunking.tex.refs import resolve_inside
from graphtune.chunking.tex.source import take_group

_LISTS = frozenset("itemize description enumerate".split())
FLOATS = {"figure": "Figure", "table": "Table", "wrapfigure": "Figure", "sidewaystable": "Table",
          "sidewaysfigure": "Figure", "longtable": "Table", "wraptable": "Table"}  # fmt: skip
_PROOF = re.compile(r"proof|sketch of proof|solution", re.IGNORECASE)
_PROOF_WORD = re.compile(r"\Aproof\b\s*", re.IGNORECASE)
_QED = "□"


@dataclass
class _Frame:
    """An open environment: what a label named before it, the unit that goes on behind it."""

    name: str
    current: Target
    outer: OpenUnit | None = None
    is_unit: bool = False
    saved: tuple[str | None, int] | None = None


@dataclass
class _List:
    """An open list: how its items are numbered ("" for dots), how many there were."""

    template: str
    count: int = 0


@dataclass
class Structure:
    """Knows which environments are open; `read` prints an argument."""

    output: Output
    counters: Counters
    theorems: dict[str, Theorem]
    read: Callable[[str], None]
    frames: list[_Frame] = field(default_factory=list)
    open_names: Counter[str] = field(default_factory=Counter)
    lists: list[_List] = field(default_factory=list)
    has_box: bool = False

    def begin(self, name: str, option: str | None) -> None:
        """Open an environment that is not mathematics."""
        frame = _Frame(name, self.output.current, self.output.unit)
        self.frames.append(frame)
        self.open_names[name] += 1
        plain = name.rstrip("*")
        theorem = name_theorem(name, self.theorems)
        if theorem:
            frame.is_unit = True
            self._begin_statement(theorem, option)
        elif plain == "abstract":
            frame.is_unit = True
            self.output.unit = None
            self.output.paragraph.print("Abstract. ")
            self.output.begin_unit(OpenUnit("abstract", "Abstract"), len("Abstract."))
        elif plain == "thebibliography":
            self._print_heading("References")
        elif plain in _LISTS:
            self.lists.append(_List(read_template(option or "") if plain == "enumerate" else ""))
        elif plain == "subequations":
            number = self.counters.step("equation")
            frame.saved = self.counters.formats.get("equation"), self.counters.values["equation"]
            self.counters.formats["equation"] = number + r"\alph{equation}"
            self.counters.values["equation"] = 0
            self.output.current = Target(self._place, number, "Equation")

    @property
    def _place(self) -> int:
        return self.output.start + self.output.paragraph.length

    def _print_heading(self, title: str) -> None:
        self.output.unit = None
        self.output.paragraph.print(title)
        self.output.end_paragraph(heading=1)

    def _begin_statement(self, theorem: Theorem, option: str | None) -> None:
        paragraph = self.output.paragraph
        start = self.output.start
        is_proof = _PROOF.match(theorem.word) is not None
        number = name = ""
        self.has_box = False
        if not (is_proof and option):
            self.read(theorem.word)
        label = paragraph.text if not is_proof else "Proof"
        if theorem.counter:
            number = self.counters.step(theorem.counter)
            paragraph.print(f" {number}")
            self.output.current = Target(start, number, label)
        if option and is_proof:
            self.read(option)
            name = _PROOF_WORD.sub("", paragraph.text).rstrip(" .:")
        elif option:
            paragraph.print(" (")
            before = paragraph.length
            self.read(option)
            name = "".join(paragraph.parts)[before:].strip()
            paragraph.print(")")
            self.output.current = self.output.current._replace(title=name)
        paragraph.print("" if paragraph.text.endswith((".", ":")) else ".")
        head = len(paragraph.text)
        paragraph.print(" ")
        unit = OpenUnit("proof" if is_proof else "statement", label, number, name)
        self.output.begin_unit(unit, head)

    def end(self, name: str) -> bool:
        """Close an environment and those inside it that were not closed; False where none is open."""
        if not self.open_names[name]:
            return False
        while self.frames:
            frame = self.frames.pop()
            self.open_names[frame.name] -= 1
            self._close(frame)
            if frame.name == name:
                break
        return True

    def _close(self, frame: _Frame) -> None:
        plain = frame.name.rstrip("*")
        if plain in _LISTS and self.lists:
            self.lists.pop()
        if frame.is_unit and self.output.unit is not None:
            if self.output.unit.kind == "proof" and plain in {"proof", "pf"}:
                self.print_box()
            self.output.end_unit(frame.outer)
        elif plain == "thebibliography":
            self.output.end_unit()
        if frame.saved:
            template, self.counters.values["equation"] = frame.saved
            self.counters.formats.pop("equation", None)
            if template:
                self.counters.formats["equation"] = template
        self.output.current = frame.current

    def print_box(self, *, is_early: bool = False) -> None:
        r"""Print the box that ends a proof, once; `\qedhere` prints it early."""
        if not self.has_box:
            self.output.paragraph.print(" " + _QED)
        self.has_box = is_early

    def add_item(self, label: str | None) -> None:
        """Print the mark of a list item."""
        paragraph = self.output.paragraph
        start = self.output.start
        if label is not None:
            self.read(label)
            self.output.current = Target(start, paragraph.text, "Item")
        elif self.lists and self.lists[-1].template:
            self.lists[-1].count += 1
            number = number_item(self.lists[-1].template, self.lists[-1].count)
            paragraph.print(number)
            is_default = self.lists[-1].template == r"(\arabic*)"
            self.output.current = Target(
                start, number.strip("().") if is_default else number, "Item"
            )
        else:
            paragraph.print("•")
        paragraph.print(" ")

    def add_bibitem(self, label: str | None, key: str) -> None:
        """Begin an entry of the bibliography."""
        start = self.output.start
        self.output.paragraph.print("[")
        if label is None:
            self.output.paragraph.print(self.counters.step("enumiv"))
        else:
            self.read(label)
        mark = self.output.paragraph.text[1:].strip()
        self.output.paragraph.print("] ")
        self.output.begin_unit(OpenUnit("reference", number=mark), len(mark) + 2)
        self.output.targets.setdefault(f"bib:{key.strip()}", Target(start, mark))

    def add_heading(self, name: str, title: str, *, is_starred: bool) -> None:
        """Print a section heading with its number."""
        depth = SECTIONS.index(name)
        has_chapters = self.counters.parents.get("section") == "chapter"
        level = max(1, depth if has_chapters else depth - 1)
        number = ""
        start = self.output.start
        if not is_starred and depth - 1 <= self.counters.values["secnumdepth"]:
            number = self.counters.step(name)
            self.output.paragraph.print(f"Part {number} " if name == "part" else f"{number} ")
        before = self.output.paragraph.length
        self.read(title)
        words = "".join(self.output.paragraph.parts)[before:].strip()
        if number:
            self.output.current = Target(start, number, name.capitalize(), words)
        else:
            self.output.current = self.output.current._replace(start=start, title=words)
        self.output.unit = None
        self.output.end_paragraph(heading=level)

    def begin_appendix(self) -> None:
        """Let the sections that follow have letters."""
        name = "chapter" if self.counters.parents.get("section") == "chapter" else "section"
        self.counters.values[name] = 0
        self.counters.reset_within(name)
        self.counters.formats[name] = rf"\Alph{{{name}}}"

    def number_caption(self, kind: str | None, *, is_starred: bool) -> tuple[str, str]:
        """Return the word and number of a caption; the innermost float says which."""
        open_float = (frame.name.rstrip("*") for frame in reversed(self.frames[-8:]))
        kind = kind or next((name for name in open_float if name in FLOATS), "figure")
        word = FLOATS.get(kind, kind.capitalize())
        if is_starred:
            return word, ""
        number = self.counters.step(word.lower())
        self.output.current = Target(self.output.start, number, word)
        return word, number

    def number_display(self, name: str, formula: str) -> str:
        """Count the rows of a display; return the numbers that it shows, such as "(3) (4)"."""
        marks = []
        for row in read_rows(name, formula):
            mark = row.tag or ""
            if row.is_numbered:
                mark = f"({self.counters.step('equation')})"
            place = Target(self._place, mark.strip("()"), "Equation")
            for key in row.labels:
                self.output.targets.setdefault(key.strip(), place if mark else self.output.current)
            marks.append(mark)
        return " ".join(filter(None, marks))

    def print_formula(
        self, source: str, name: str, known: Mapping[str, Target], *, is_display: bool
    ) -> None:
        """Print mathematics; a display shows its numbers."""
        paragraph = self.output.paragraph
        paragraph.print(" " if is_display else "")
        marks = self.number_display(name, source) if is_display else ""
        formula = f"${resolve_inside(tidy_formula(source), known)}$"
        if formula == "$$":
            return
        if not is_display:
            paragraph.print(formula)
            return
        paragraph.print_display(f"{formula} {marks}".rstrip())
        if r"\qedhere" in source:
            self.print_box(is_early=True)

    def read_count(self, name: str, text: str, position: int) -> int:
        """Change a counter as a command such as `setcounter` says."""
        counter, position = take_group(text, position)
        if name in {"stepcounter", "refstepcounter"}:
            number = self.counters.step(counter)
            if name == "refstepcounter":
                self.output.current = Target(self.output.start, number)
            return position
        value, position = take_group(text, position)
        if re.fullmatch(r"\s*-?\d{1,6}\s*", value):
            before = self.counters.values.get(counter, 0) if name == "addtocounter" else 0
            self.counters.values[counter] = before + int(value)
        return position

    def read_number(self, name: str, text: str, position: int) -> int:
        """Print the value of a counter."""
        if name.startswith("the"):
            known = name[3:] in self.counters.values or name[3:] in self.counters.formats
            self.output.paragraph.print(self.counters.print(name[3:]) if known else "")
            return position
        counter, position = take_group(text, position)
        self.output.paragraph.print(STYLES[name](self.counters.values.get(counter, 0)))
        return position
