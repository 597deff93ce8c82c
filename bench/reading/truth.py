r"""What a LaTeX source says about its paper: statements, proofs, headings, references, in order."""

import re
from collections import Counter
from dataclasses import dataclass, field

from graphtune.bench.reading.prose import (
    MATH,
    find_macros,
    list_prose,
    read_group,
    strip_comments,
    strip_latex,
)

_KINDS = (
    "Theorem|Lemma|Proposition|Corollary|Conjecture|Claim|Fact|Definition|Example|Remark|Note|Notation|"
    "Observation|Problem|Exercise|Question|Construction|Axiom|Property|Condition|Identity|Proof|Warning|"
    "Solution|Algorithm|Convention|Assumption|Hypothesis|Principle|Criterion|Sublemma|Result|Properties"
)
_FACE = (
    r"(?:\\(?:textbf|textit|emph|underline|textsc|textsl)\s*\{"
    r"|\{\s*\\(?:bf|it|em|sc|sl|bfseries|itshape)\b)"
)
#: A head set by hand, in a face of its own or at the start of a paragraph: not in the truth, but whoever
#: finds it there is not wrong either.
_BY_HAND = re.compile(
    rf"(?:{_FACE}|\\paragraph\*?\{{|(?:^|\n)\s*\n\s*(?:\\noindent\s*)?|\\item\s*\[?|\\par\s+|\\\\\s*)"
    rf"\s*(?:[A-Z][\w'-]*\s+){{0,2}}(?P<kind>(?i:{_KINDS}))s?\b"
)
#: A line in bold at the start of a paragraph: a heading, for whoever reads pages.
_BOLD_LINE = re.compile(
    r"(?:\n\s*\n|\\\\|\\begin\{\w+\}|\\noindent|\\par)\s*(?=(?:\\textbf\s*|(?=\{\s*\\(?:large|Large)?\s*\\bf))\{)"
)
_NEW_THEOREM = re.compile(
    r"\\newtheorem(?P<star>\*?)\s*\{(?P<env>[^{}]+)\}\s*(?:\[(?P<shared>[^\]]+)\])?\s*"
    r"\{(?P<label>[^{}]*)\}\s*(?:\[(?P<within>[^\]]+)\])?"
)
_LEVELS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_MARK = re.compile(
    r"\\begin\{(?P<begin>[^{}]+)\}|\\end\{(?P<end>[^{}]+)\}"
    rf"|\\(?P<level>{'|'.join(_LEVELS)})(?P<star>\*?)\s*(?:\[[^\]]*\])?\s*(?=\{{)"
    r"|\\bibitem\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}|\\(?P<appendix>appendix)\b|\\label\{(?P<label>[^{}]*)\}"
    r"|\\setcounter\{(?P<counter>\w+)\}\{(?P<value>\d+)\}"
)
_REFERENCE = re.compile(r"\\(?:ref|autoref|cref|Cref|hyperref)\*?(?:\{|\[)([^{}\]]*)")
_NEGATIONS = {
    r"\\not\s*\\equiv\b": "≢", r"\\notin\b|\\not\s*\\in\b": "∉", r"\\neq?\b|\\not\s*=": "≠",
    r"\\nmid\b|\\not\s*\\mid\b": "∤",
}  # fmt: skip
_TOKEN = re.compile(rf"[^\W\d_{MATH}]+(?:-[^\W\d_]+)*|{MATH}(?:-[^\W\d_]+)+")


@dataclass(slots=True)
class TrueStatement:
    r"""An environment of \newtheorem; `is_optional` where the head was set by hand."""

    label: str
    number: str
    name: tuple[str, ...]
    has_name: bool
    words: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    is_optional: bool = False
    has_clear_end: bool = True
    first: int = 8  # so many of its words come before a head that it holds
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class TrueProof:
    """A proof; `target` is the index of its statement where the source says it."""

    words: tuple[str, ...]
    target: int | None = None
    is_optional: bool = False
    start: int = 0


@dataclass(frozen=True, slots=True)
class TrueHeading:
    """A heading; `is_optional` for run-in ones (paragraphs) and bold lines."""

    words: tuple[str, ...]
    has_math: bool = False
    is_optional: bool = False
    start: int = 0


@dataclass(slots=True)
class Truth:
    """All of it.

    `items` are those of lists, `vocabulary` all prose words, `tokens` the words as they are written, with
    hyphens, in lower case.
    """

    statements: list[TrueStatement] = field(default_factory=list)
    proofs: list[TrueProof] = field(default_factory=list)
    headings: list[TrueHeading] = field(default_factory=list)
    references: list[tuple[str, ...]] = field(default_factory=list)
    items: list[tuple[str, ...]] = field(default_factory=list)
    vocabulary: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    negations: Counter[str] = field(default_factory=Counter)
    is_two_column: bool = False


def read_truth(tex: str) -> Truth:
    r"""Read a source.

    >>> truth = read_truth(r'''\newtheorem{thm}{Theorem}[section] \begin{document} \section{One}
    ... \begin{thm}[Pieri] Let it be. \end{thm} \begin{proof} So it is. \end{proof} \end{document}''')
    >>> [(s.label, s.number, s.name, s.words) for s in truth.statements], truth.proofs[0].target
    ([('Theorem', '1.1', ('pieri',), ('let', 'it', 'be'))], 0)
    """
    tex = strip_comments(tex)
    preamble, _, body = tex.partition(r"\begin{document}")
    body = body.partition(r"\end{document}")[0]
    reader = _Reader(preamble, body)
    reader.scan()
    reader.add_heads_by_hand()
    truth = reader.truth
    truth.is_two_column = bool(
        re.search(r"\\documentclass\[[^\]]*twocolumn|\\twocolumn|\\begin\{multicols\}", tex)
    )
    plain = strip_latex(body, reader.macros)
    truth.vocabulary = frozenset(list_prose(body, reader.macros))
    truth.tokens = frozenset(token.casefold() for token in _TOKEN.findall(plain))
    for pattern, sign in _NEGATIONS.items():
        truth.negations[sign] = len(re.findall(pattern, body))
    return truth


class _Numbers:
    """LaTeX's counters, as far as statements need them."""

    def __init__(self, preamble: str) -> None:
        has_chapters = re.search(r"\\documentclass(\[[^\]]*\])?\{(book|report|amsbook)", preamble)
        self.values: Counter[str] = Counter()
        self.looks = {
            "section": r"\thechapter.\arabic{section}" if has_chapters else r"\arabic{section}",
            "chapter": r"\arabic{chapter}",
            "subsection": r"\thesection.\arabic{subsection}",
            "subsubsection": r"\thesubsection.\arabic{subsubsection}",
        }
        self.within = {"subsection": "section", "subsubsection": "subsection"}
        if has_chapters:
            self.within["section"] = "chapter"
        self.kinds: dict[str, tuple[str, str]] = {}  # environment → (label, counter)
        for match in _NEW_THEOREM.finditer(preamble):
            env, label = match["env"], match["label"]
            counter = "" if match["star"] else match["shared"] or env
            self.kinds[env] = (label, counter)
            if counter == env:
                self._add(env, match["within"] or "")
        for match in re.finditer(r"\\numberwithin\{(\w+)\}\{(\w+)\}", preamble):
            self._add(match[1], match[2])
        for match in re.finditer(r"\\renewcommand\{?\\the(\w+)\}?\s*(?=\{)", preamble):
            self.looks[match[1]] = read_group(preamble, match.end())[0]

    def _add(self, counter: str, within: str) -> None:
        self.looks[counter] = (rf"\the{within}." if within else "") + rf"\arabic{{{counter}}}"
        if within:
            self.within[counter] = within

    def step(self, counter: str) -> str:
        """Count on, set back what is counted within, and return the number as printed."""
        self.values[counter] += 1
        self._reset(counter)
        return self.render(rf"\the{counter}")

    def _reset(self, counter: str) -> None:
        for inner, outer in self.within.items():
            if outer == counter:
                self.values[inner] = 0
                self._reset(inner)

    def render(self, look: str) -> str:
        r"""Return what a definition such as `\thesection.\arabic{theorem}` prints."""
        for _ in range(5):
            look = re.sub(r"\\the(\w+)", lambda m: self.looks.get(m[1], ""), look)
        look = re.sub(
            r"\\(arabic|Alph|alph|Roman|roman)\s*\{(\w+)\}",
            lambda m: _show(self.values[m[2]], m[1]),
            look,
        )
        return re.sub(r"\\[A-Za-z]+|[{}\s]", "", look)


def _show(value: int, style: str) -> str:
    if style == "arabic" or value < 1:
        return str(value)
    letter = chr(64 + value)
    if style.lower() == "roman":
        units = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
        letter = "X" * (value // 10) + units[value % 10]
    return letter if style[0].isupper() else letter.lower()


class _Reader:
    """Walks through the marks of a body once."""

    def __init__(self, preamble: str, body: str) -> None:
        self.body = body
        self.numbers = _Numbers(preamble)
        self.macros = find_macros(preamble + body)
        self.truth = Truth()
        self.labels: dict[str, int] = {}
        self.open: list[tuple[str, int | None]] = []  # environment, index of its statement

    def scan(self) -> None:
        marks = list(_MARK.finditer(self.body))
        for index, mark in enumerate(marks):
            if mark["begin"]:
                self._begin(mark["begin"], mark.end(), index, marks)
            elif mark["end"]:
                self._end(mark["end"], mark.start(), mark.end())
            elif mark["level"]:
                self._add_heading(mark)
            elif mark["appendix"]:
                self.numbers.looks["section"] = r"\Alph{section}"
                self.numbers.values["section"] = 0
            elif mark["label"]:
                self._note_label(mark["label"])
            elif mark["counter"]:
                self.numbers.values[mark["counter"]] = int(mark["value"])
            else:
                self._add_reference(mark.end())

    def _begin(self, env: str, start: int, index: int, marks: list[re.Match[str]]) -> None:
        statement: int | None = None
        if env == "thebibliography":
            self.truth.headings.append(TrueHeading(("references",), start=start))
        elif env in self.numbers.kinds or env == "proof":
            begin = marks[index].start()
            name, start = self._read_option(start)
            end = self._find_end(index, marks)
            words = tuple(list_prose(self.body[start:end], self.macros))
            if env == "proof":
                target = self._find_target(name, begin)
                self.truth.proofs.append(TrueProof(words, target, start=begin))
            else:
                label, counter = self.numbers.kinds[env]
                number = self.numbers.step(counter) if counter else ""
                name_words = tuple(list_prose(name, self.macros))
                statement = len(self.truth.statements)
                self.truth.statements.append(
                    TrueStatement(label, number, name_words, bool(name), words, start=begin)
                )
        self.open.append((env, statement))

    def _read_option(self, start: int) -> tuple[str, int]:
        match = re.compile(r"[ \t]*\n?[ \t]*\[").match(self.body, start)
        return read_group(self.body, match.end() - 1, "[]") if match else ("", start)

    def _find_end(self, index: int, marks: list[re.Match[str]]) -> int:
        """Return where the environment ends, or the first statement or proof inside it begins."""
        depth = 0
        for mark in marks[index + 1 :]:
            if mark["begin"]:
                if mark["begin"] in self.numbers.kinds or mark["begin"] == "proof":
                    return mark.start()
                depth += 1
            elif mark["end"]:
                if depth == 0:
                    return mark.start()
                depth -= 1
        return len(self.body)

    def _end(self, env: str, start: int, end: int) -> None:
        while self.open:
            name, statement = self.open.pop()
            if statement is not None:
                true = self.truth.statements[statement]
                true.end = end
                true.follow = tuple(list_prose(self.body[end : end + 1500], self.macros)[:8])
            if name == env:
                break

    def _find_target(self, name: str, begin: int) -> int | None:
        """Return the statement that a proof names, or else that it follows directly."""
        if reference := _REFERENCE.search(name):
            return self.labels.get(reference[1])
        statements = self.truth.statements
        if name and not re.fullmatch(r"(?i)(sketch of )?proof( sketch| idea| outline)?\.?", name):
            return None
        if not statements or not 0 < statements[-1].end <= begin:
            return None
        between = self.body[statements[-1].end : begin]
        is_direct = not list_prose(between, self.macros) and "\\begin" not in between
        return len(statements) - 1 if is_direct and not _MARK_LEVEL.search(between) else None

    def _add_heading(self, mark: re.Match[str]) -> None:
        level = mark["level"]
        title, _ = read_group(self.body, mark.end())
        if not mark["star"] and level not in ("part", "paragraph", "subparagraph"):
            self.numbers.step(level)
        words = tuple(list_prose(title, self.macros))
        has_math = bool(set(strip_latex(title, self.macros)) & {MATH}) or "\\ref" in title
        self.truth.headings.append(
            TrueHeading(words, has_math, level.endswith("paragraph"), mark.start())
        )

    def _note_label(self, label: str) -> None:
        inside = [statement for _, statement in self.open if statement is not None]
        just_before = self.truth.statements[-1:] and not self.open
        if inside:
            self.labels[label] = inside[-1]
        elif just_before:
            between = self.body[self.truth.statements[-1].end :].partition(f"{{{label}}}")[0]
            if len(between) < 40:
                self.labels[label] = len(self.truth.statements) - 1

    def _add_reference(self, start: int) -> None:
        end = min(
            found
            for found in (
                self.body.find(r"\bibitem", start) % (len(self.body) + 1),
                self.body.find(r"\end{thebibliography}", start) % (len(self.body) + 1),
            )
        )
        self.truth.references.append(tuple(list_prose(self.body[start:end], self.macros)))

    def add_heads_by_hand(self) -> None:
        """Add optional statements and proofs for heads that are set by hand."""
        for match in _BY_HAND.finditer(self.body):
            rest = re.sub(
                r"^[^{}]{0,40}\}", "", self.body[match.end() : match.end() + 1500], count=1
            )
            words = list_prose(rest, self.macros)[:12]
            kind = match["kind"].capitalize()
            if kind == "Proof":
                proof = TrueProof(tuple(words), None, is_optional=True, start=match.start())
                self.truth.proofs.append(proof)
            else:
                for true in self.truth.statements:
                    if true.start < match.start() < true.end and true.has_clear_end:
                        true.has_clear_end = False  # it holds another head
                        before = self.body[true.start : match.start()].partition("}")[2]
                        true.first = len(list_prose(before, self.macros)) - len(true.name)
                statement = TrueStatement(kind, "", (), False, tuple(words), (), True)
                statement.start = match.start()
                self.truth.statements.append(statement)
        for match in _BOLD_LINE.finditer(self.body):
            title, _ = read_group(self.body, self.body.index("{", match.end()))
            title_words = tuple(list_prose(title, self.macros))
            heading = TrueHeading(title_words, True, True, match.start())
            if 0 < len(title_words) <= 12:
                self.truth.headings.append(heading)
        self.truth.headings.sort(key=lambda heading: heading.start)
        for match in re.finditer(r"\\item\b", self.body):
            text = self.body[match.end() : match.end() + 400].partition(r"\item")[0]
            self.truth.items.append(tuple(list_prose(text, self.macros)))


_MARK_LEVEL = re.compile(rf"\\(?:{'|'.join(_LEVELS)})\b")
