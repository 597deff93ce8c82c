"""References inside a text: "by Lemma 3.1", "Section 2", "by (2.3)", "[7]"."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

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
_NUMBER = r"\(?(?P<number>[A-Z]?\d+(?:\.\d+)*[a-z]?|[A-Z])\)?(?![\w(])"
_NAMED = re.compile(
    rf"(?P<word>\b[A-Z][a-z]{{1,12}}|§§?|\b(?:eqs?|equations?|section))\b\.?\s?{_NUMBER}"
)
_MORE = re.compile(rf"(?:\s*(?P<to>[-–—])\s*|\s*,?\s+(?:and|or|&)\s+|\s*,\s*){_NUMBER}")
_EXTERNAL = re.compile(r"\s*,?\s*(?:of|in|from)\s+(?:\[|his|her|their)")
_CITATION = re.compile(r"\[(?P<marks>[^\[\]]{1,60})\]")
_RANGE = re.compile(r"(\d+)\s*[-–—]\s*(\d+)")
_EQUATION = re.compile(
    rf"\b(?:by|in|of|from|see|and|with|using|to|that|both|or|into|combining)\s+(?=\(){_NUMBER}"
)
_TAG = re.compile(r"\((?P<number>[A-Z]?\d+(?:\.\d+)*[a-z]?)\)")
_SECTION_NUMBER = re.compile(
    r"(?:Appendix|Chapter|Section|Part)?\s*([A-Z](?=\W)|[A-Z]?\d+(?:\.\d+)*)(?!\w)"
)


def find_references(document: Document) -> list[Label]:
    """Return where a document refers to its own statements, sections, equations and references.

    What the file itself spells out (`document.labels`) goes before what the words say. A statement is
    found by its kind and number together. Heads, headings and the bibliography refer to nothing, nor
    do "Lemma 1 of [7]" and a number that two places have.
    """
    targets = list_targets(document)
    found = sorted(document.labels, key=lambda label: label.start)
    starts = [label.start for label in found]
    for label in _read_references(document.text, targets):
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


def _read_references(text: str, targets: Targets) -> Iterator[Label]:
    cited: list[tuple[int, int]] = []
    for citation in _CITATION.finditer(text):
        labels = list(_read_citation(citation, targets))
        yield from labels
        cited += [citation.span()] * bool(labels)
    ends = [end for _, end in cited]
    for match in _NAMED.finditer(text):
        index = bisect_right(ends, match.start())
        if index == len(cited) or cited[index][0] > match.start():
            yield from _read_numbers(text, match, fold_kind(match["word"]), targets)
    for match in _EQUATION.finditer(text):
        yield from _read_numbers(text, match, "equation", targets)


def _read_numbers(text: str, match: re.Match[str], kind: str, targets: Targets) -> Iterator[Label]:
    """Yield the references of "Lemmas 2, 3 and 5–7", each with the span of its own number."""
    labels = []
    number: re.Match[str] | None = match
    start, previous = match.start(), ""
    while number:
        names = [number["number"]]
        if number is not match and number["to"]:
            names = _list_range(previous, number["number"])
        places = (targets.get((kind, name)) for name in names)
        labels += [Label(start, number.end(), place) for place in places if place is not None]
        previous, end = number["number"], number.end()
        number = _MORE.match(text, end)
        start = number.start("number") if number else end
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
    """Yield the entries of "[3, 7–9, Thm. 2]"; an interval such as [0, 1] cites nothing."""
    places: list[int | None] = []
    for part in re.split(r"\s*[,;]\s*", citation["marks"].strip()):
        marks = [part]
        if ("reference", part) not in targets and (run := _RANGE.fullmatch(part)):
            marks = [run[1], *_list_range(run[1], run[2])]
        elif " " in part and places:
            break  # a note: "Thm. 2", "p. 5"
        places += [targets.get(("reference", mark)) for mark in marks]
    if None not in places:
        yield from (Label(*citation.span(), place) for place in places if place is not None)


def _is_silent(units: Sequence[Unit], label: Label) -> bool:
    """Whether a reference stands in a head, a heading or the bibliography, or points to itself."""
    index = bisect_right(units, label.start, key=lambda unit: unit.start) - 1
    if index < 0:
        return False
    unit = units[index]
    is_head = unit.kind == "statement" and label.start < unit.head_end
    return is_head or unit.kind in ("heading", "reference") or unit.start == label.target
