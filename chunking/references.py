"""References inside a text: "by Lemma 3.1", "Section 2", "by (2.3)", "[7]"."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence

from graphtune.chunking.formulas import hide_formulas
from graphtune.records import Document, Label, Unit

#: (kind, number) of a place that can be referred to, and its offset; None where two have the name.
Targets = Mapping[tuple[str, str], int | None]

_KINDS = {
    "thm": "theorem", "prop": "proposition", "cor": "corollary", "lem": "lemma", "def": "definition",
    "defn": "definition", "conj": "conjecture", "ex": "example", "rem": "remark", "sec": "section",
    "eq": "equation", "eqn": "equation", "§": "section", "§§": "section", "subsection": "section",
    "chapter": "section", "appendix": "section", "appendice": "section", "corollarie": "corollary",
    "propertie": "property", "hypothese": "hypothesis", "hypothesi": "hypothesis", "fig": "figure",
}  # fmt: skip
_VALUE = r"(?P<number>[A-Z]?\d+(?:\.\d+)*[a-z]?|[A-Z])"
#: A part of a statement: "(ii)" of "Theorem 4(ii)".
_PART = r"(?:\((?:[ivx]{1,4}|[a-z]|\d)\))?"
_NUMBER = rf"(?P<mark>(?P<open>\()?{_VALUE}(?(open)\)){_PART})(?![\w(])"
_WORD = r"(?P<word>\b[A-Za-z][a-z]{1,12}|§§?)\.?\s?"
_NAMED = re.compile(_WORD + _NUMBER)
_WORD_BEFORE = re.compile(rf"{_WORD}\Z")
_PART_BEHIND = re.compile(rf"{_PART}(?![\w(])")
_MORE = re.compile(rf"(?:\s*(?P<to>[-–—])\s*|\s*,?\s+(?:and|or|&)\s+|\s*,\s*){_NUMBER}")
_EXTERNAL = re.compile(r"\s*,?\s*(?:of|in|from)\s+(?:\[|his|her|their)")
#: Brackets beside an operator, a digit or other brackets are mathematics; \0, \1: see hide_formulas.
_OPERATORS = "=+−*·×/<>≤≥∈∉⊂⊆≅≡∼≈⊗⊕∪∩|^_"
_CITATION = re.compile(
    rf"(?<![{_OPERATORS}\[\]!\d\x00\x01])(?<![{_OPERATORS}]\s)\[(?P<marks>[^\[\]]{{1,60}})\]"
    rf"(?!\s?[{_OPERATORS}]|[\[\](!\w\x00\x01])"
)
_RANGE = re.compile(r"(\d+)\s*[-–—]\s*(\d+)")
_EQUATION = re.compile(
    rf"\b(?:by|in|of|from|see|and|with|using|to|that|both|or|into|combining)\s+(?P<word>)(?=\(){_NUMBER}"
)
_TAG = re.compile(r"\((?P<number>[A-Z]?\d+(?:\.\d+)*[a-z]?)\)")
_MARKDOWN_TAG = re.compile(rf"\\tag\{{{_VALUE}\}}")
_SECTION_NUMBER = re.compile(
    r"(?:Appendix|Chapter|Section|Part)?\s*([A-Z](?=\W)|[A-Z]?\d+(?:\.\d+)*)(?!\w)"
)


def find_references(document: Document) -> list[Label]:
    """Return where a document refers to its own statements, sections, equations and references.

    What the file itself spells out (`document.labels`) goes before what the words say. A statement is
    found by its kind and number together. Heads, headings and the bibliography refer to nothing, nor
    do "Lemma 1 of [7]" and a number that two places have. A span covers the kind and the number, as in
    "Lemma 3.1". Nothing is guessed inside formulas and code.
    """
    targets = list_targets(document)
    given = sorted(document.labels, key=lambda label: label.start)
    kinds = {kind for kind, _ in targets}.union(_KINDS.values())
    found = [_widen_label(document.text, label, kinds) for label in given]
    starts = [label.start for label in found]
    entries = {unit.start for unit in document.units if unit.kind == "reference"}
    has_citations = any(label.target in entries for label in given)
    for label in _read_references(hide_formulas(document), targets):
        if has_citations and label.target in entries:
            continue
        index = bisect_right(starts, label.end)
        if not index or found[index - 1].end <= label.start:
            found.append(label)
    kept = {label for label in found if not _is_silent(document.units, label)}
    return sorted(kept, key=lambda label: (label.start, label.end, label.target))


def list_targets(document: Document) -> Targets:
    """Return what can be referred to by number: statements, sections, equations, bibliography."""
    places: list[tuple[str, str, int]] = []
    for unit in document.units:
        if unit.number and unit.kind in ("statement", "caption"):
            places.append((fold_kind(unit.label), unit.number, unit.start))
        elif unit.number and unit.kind == "reference":
            places.append(("reference", unit.number, unit.start))
    for heading in document.headings:
        if section := _SECTION_NUMBER.match(heading.title):
            places.append(("section", section[1], heading.start))
    for start, end in document.displays:
        for tag in _TAG.finditer(document.text, start, end):
            # The number of an equation stands at its margin, alone.
            if not document.text[tag.end() : end].strip() or not document.text[start : tag.start()]:
                places.append(("equation", tag["number"], start))
        for tag in _MARKDOWN_TAG.finditer(document.text, start, end):
            places.append(("equation", tag["number"], start))
    targets: dict[tuple[str, str], int | None] = {}
    for kind, number, start in places:
        targets[kind, number] = None if (kind, number) in targets else start
    return targets


def fold_kind(word: str) -> str:
    """Reduce the name of a kind of statement to the singular, spelt out, in lower case.

    >>> [fold_kind(word) for word in ("Thm", "Lemmas", "Corollaries", "Main Theorem", "")]
    ['theorem', 'lemma', 'corollary', 'theorem', '']
    """
    word = word.lower().rpartition(" ")[2]
    word = word[:-1] if word.endswith("s") and len(word) > 3 else word
    return _KINDS.get(word, word)


def _widen_label(text: str, label: Label, kinds: Collection[str]) -> Label:
    """Return a label that covers the kind printed before its number, and the part behind it.

    >>> label = _widen_label("By Lemma 4(ii) it", Label(9, 10, 0), {"lemma"})
    >>> label.start, label.end
    (3, 14)
    """
    word = _WORD_BEFORE.search(text, max(0, label.start - 20), label.start)
    start = word.start() if word and fold_kind(word["word"]) in kinds else label.start
    part = _PART_BEHIND.match(text, label.end)
    return Label(start, part.end() if part else label.end, label.target)


def _read_references(text: str, targets: Targets) -> Iterator[Label]:
    kinds = {kind for kind, _ in targets}  # most papers lack one of them, and need no search
    cited: list[tuple[int, int]] = []
    for citation in _CITATION.finditer(text) if "reference" in kinds else ():
        labels = list(_read_citation(citation, targets))
        yield from labels
        cited += [citation.span()] * bool(labels)
    ends = [end for _, end in cited]
    for match in _NAMED.finditer(text):
        index = bisect_right(ends, match.start())
        if index == len(cited) or cited[index][0] > match.start():
            yield from _read_numbers(text, match, fold_kind(match["word"]), targets)
    for match in _EQUATION.finditer(text) if "equation" in kinds else ():
        yield from _read_numbers(text, match, "equation", targets)


def _read_numbers(text: str, match: re.Match[str], kind: str, targets: Targets) -> Iterator[Label]:
    """Yield the references of "Lemmas 2, 3 and 5–7", each with the span of its own number."""
    labels = []
    number: re.Match[str] | None = match
    start, previous = match.start("word"), ""
    while number:
        names = [number["number"]]
        if number is not match and number["to"]:
            names = _list_range(previous, number["number"])
        places = (targets.get((kind, name)) for name in names)
        labels += [Label(start, number.end("mark"), place) for place in places if place is not None]
        previous, end = number["number"], number.end()
        number = _MORE.match(text, end)
        start = number.start("mark") if number else end
    if not _EXTERNAL.match(text, end):
        yield from labels


def _list_range(first: str, last: str) -> list[str]:
    """Return the numbers after the first one of a range, the last included.

    >>> _list_range("2.3", "2.6"), _list_range("2", "A")
    (['2.4', '2.5', '2.6'], ['A'])
    """
    head, _, low = first.rpartition(".")
    head_last, _, high = last.rpartition(".")
    if head != head_last or not (low.isdigit() and high.isdigit()) or int(high) > int(low) + 50:
        return [last]
    stem = f"{head}." if head else ""
    return [f"{stem}{number}" for number in range(int(low) + 1, int(high) + 1)]


def _read_citation(citation: re.Match[str], targets: Targets) -> Iterator[Label]:
    """Yield the entries of "[3, 7–9, Thm. 2]"; [0, 1] and [1, 1, . . . , 1] cite nothing."""
    places: list[int | None] = []
    for part in re.split(r"\s*[,;]\s*", citation["marks"].strip()):
        marks = [part]
        if ("reference", part) not in targets and (run := _RANGE.fullmatch(part)):
            marks = [run[1], *_list_range(run[1], run[2])]
        elif " " in part and places and any(map(str.isalpha, part)):
            break  # a note: "Thm. 2", "p. 5"
        places += [targets.get(("reference", mark)) for mark in marks]
    if None not in places and len(set(places)) == len(places):
        yield from (Label(*citation.span(), place) for place in places if place is not None)


def _is_silent(units: Sequence[Unit], label: Label) -> bool:
    """Whether a reference stands in a head, a heading or the bibliography, or points to itself."""
    index = bisect_right(units, label.start, key=lambda unit: unit.start) - 1
    if index < 0:
        return False
    unit = units[index]
    is_head = unit.kind == "statement" and label.start < unit.head_end
    return is_head or unit.kind in ("heading", "reference") or unit.start == label.target
