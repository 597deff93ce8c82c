"""Statements, proofs, headings, references, hyphens and characters of a document, against the truth."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graphtune.bench.reading.truth import TrueHeading, TrueProof, TrueStatement, Truth
from graphtune.bench.reading.words import Words, align, count_common, find_run, list_words
from graphtune.records import Chunk, Document, Unit

#: Headings that LaTeX itself may print: neither asked for nor wrong.
_PRINTED_ALONE = re.compile("abstract|(table of )?contents|index|part( [ivxlc]+)?")


@dataclass
class Score:
    """Counts by name, and notes on what was judged wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Score", paper: str) -> None:
        """Add the counts and notes of one paper."""
        self.counts.update(other.counts)
        self.notes += [f"{paper}: {note}" for note in other.notes]


def judge_structure(document: Document, chunks: Sequence[Chunk], truth: Truth) -> Score:
    """Judge the units and headings of a document, and the characters of its chunks."""
    score = Score()
    statements = judge_statements(document, truth, score)
    judge_proofs(document, truth, statements, score)
    judge_headings(document, truth.headings, score)
    judge_references(document, truth, score)
    count_signs(chunks, score)
    found = Counter(unicodedata.normalize("NFC", document.text))
    for sign, number in truth.negations.items():
        score.counts["negations"] += number
        score.counts["negations kept"] += min(number, found[sign])
    return score


def match_start(true: Words, found: Words) -> float:
    """Return the share of the first eight true words that stand, in order, where a text begins.

    >>> match_start("let the group act".split(), "pieri let the group act freely".split())
    1.0
    """
    first = true[:8]
    return count_common(first, found[: 3 * len(first) + 10]) / len(first) if first else 0.0


def _read_body(document: Document, unit: Unit, truth: Truth) -> list[str]:
    """Return the words of a unit's body that are prose words of the paper; those of formulas go."""
    words = list_words(document.text[max(unit.head_end, unit.start) : unit.end])
    return [word for word in words if word in truth.vocabulary]


def judge_statements(document: Document, truth: Truth, score: Score) -> dict[int, Unit]:
    """Match statements; return the unit of each true one that was found, by its index."""
    units = [unit for unit in document.units if unit.kind == "statement"]
    bodies = [_read_body(document, unit, truth) for unit in units]
    order = sorted(range(len(truth.statements)), key=lambda index: truth.statements[index].start)
    trues = [truth.statements[index] for index in order]

    def compare(i: int, j: int) -> float:
        return _compare_statement(trues[i], units[j], bodies[j])

    pairs = align(len(trues), len(units), compare)
    matched = {order[i]: (units[j], bodies[j]) for i, j in pairs if not trues[i].is_optional}
    asked = [index for index in order if not truth.statements[index].is_optional]
    score.counts["statements"] += len(asked)
    score.counts["statements found"] += len(units) - (len(pairs) - len(matched))
    score.counts["statements right"] += len(matched)
    for index in asked:
        true = truth.statements[index]
        if index not in matched:
            score.notes.append(f"statement missed: {true.label} {true.number} {true.words[:8]}")
            continue
        _judge_parts(true, *matched[index], score)
    taken = {j for _, j in pairs}
    score.notes += [
        f"statement invented: {document.text[unit.start : unit.start + 70]!r}"
        for j, unit in enumerate(units)
        if j not in taken
    ]
    return {index: unit for index, (unit, _) in matched.items()}


def _compare_statement(true: TrueStatement, unit: Unit, body: Words) -> float:
    if name_kind(true.label) != name_kind(unit.label):
        return 0.0
    same_number = bool(true.number) and true.number == unit.number
    if len(body) < 3 and (true.is_optional or same_number):  # a head above a list or a formula
        return 0.6 + 0.5 * same_number
    # A text that ends early has its number to show where it belongs; its end is judged apart.
    size = min(true.first, len(body)) if same_number else true.first
    likeness = match_start(true.words[:size], body)
    if len(true.words[: true.first]) < 3:  # nearly all formulas: the number decides
        likeness = 0.7 if same_number or not true.number else 0.0
    bonus = 0.5 * same_number + 0.2 * (not true.is_optional)
    return likeness + bonus if likeness >= 0.6 else 0.0


def name_kind(label: str) -> str:
    """Return the kind of a statement in the singular, without what stands before it.

    >>> name_kind("Main Theorem"), name_kind("Properties."), name_kind("Remarks")
    ('theorem', 'property', 'remark')
    """
    last = (label.casefold().rstrip(".:").split() or [""])[-1]
    if last.endswith("ies"):
        return f"{last[:-3]}y"
    return last if last.endswith("is") else last.rstrip("s")


def _judge_parts(true: TrueStatement, unit: Unit, body: Words, score: Score) -> None:
    head = f"{true.label} {true.number}"
    has_number = true.number == unit.number.rstrip(".")
    name = [word for word in list_words(unit.name) if not word[0].isdigit()]
    has_name = bool(unit.name) == true.has_name and count_common(true.name, name) == len(true.name)
    ends_right = true.has_clear_end and reaches_end(true, body)
    score.counts["numbers right"] += has_number
    score.counts["names right"] += has_name
    score.counts["clear ends"] += true.has_clear_end
    score.counts["ends right"] += ends_right
    if not has_number:
        score.notes.append(f"statement number: {head} got {unit.number!r}")
    if not has_name:
        score.notes.append(f"statement name: {head} {true.name} got {unit.name!r}")
    if true.has_clear_end and not ends_right:
        score.notes.append(f"statement end: {head} {true.words[-5:]} got {list(body[-12:])}")


def reaches_end(true: TrueStatement, body: Words) -> bool:
    """Tell whether a text ends where a statement does.

    Its last four words stand in the text; what follows them is a formula at most: fewer than nine long
    words, and not those that follow the statement in the source.

    >>> true = TrueStatement("Lemma", "1", (), False, ("all", "is", "well", "here"), ("next", "we", "go"))
    >>> texts = "all is well here mod", "all is well", "all is well here next we go"
    >>> [reaches_end(true, text.split()) for text in texts]
    [True, False, False]
    """
    last = true.words[-4:]
    if not last:
        return sum(map(_is_long, body)) < 9
    run = find_run(last, body, gap=40, last=True)
    if run is None:
        return False
    tail = body[run[1] :]
    overrun = count_common(true.follow, tail)
    return sum(map(_is_long, tail)) < 9 and overrun < max(2, min(3, len(true.follow)))


def _is_long(word: str) -> bool:
    return len(word) > 3 and word.isalpha()


def judge_proofs(
    document: Document, truth: Truth, statements: dict[int, Unit], score: Score
) -> None:
    """Match proofs, and see whether they are tied to the statement they follow or name."""
    units = [unit for unit in document.units if unit.kind == "proof"]
    bodies = [_read_body(document, unit, truth) for unit in units]
    trues = sorted(truth.proofs, key=lambda proof: proof.start)

    def compare(i: int, j: int) -> float:
        bonus = 0.2 * (not trues[i].is_optional)
        if len(trues[i].words) < 3:
            return 0.6 + bonus if len(bodies[j]) < 30 else 0.0
        likeness = match_start(trues[i].words, bodies[j])
        return likeness + bonus if likeness >= 0.6 else 0.0

    pairs = align(len(trues), len(units), compare)
    matched = [(trues[i], units[j]) for i, j in pairs if not trues[i].is_optional]
    score.counts["proofs"] += sum(not proof.is_optional for proof in trues)
    score.counts["proofs found"] += len(units) - (len(pairs) - len(matched))
    score.counts["proofs right"] += len(matched)
    met, taken = {i for i, _ in pairs}, {j for _, j in pairs}
    score.notes += [
        f"proof missed: {proof.words[:8]}"
        for i, proof in enumerate(trues)
        if i not in met and not proof.is_optional
    ]
    score.notes += [
        f"proof invented: {document.text[unit.start : unit.start + 70]!r}"
        for j, unit in enumerate(units)
        if j not in taken
    ]
    for proof, unit in matched:
        _judge_tie(proof, unit, truth, statements, score)


def _judge_tie(
    proof: TrueProof, unit: Unit, truth: Truth, statements: dict[int, Unit], score: Score
) -> None:
    if proof.target is None:
        return
    target = statements.get(proof.target)
    is_right = target is not None and unit.proves == target.start
    score.counts["ties"] += 1
    score.counts["ties right"] += is_right
    if not is_right:
        true = truth.statements[proof.target]
        score.notes.append(f"tie: proof {proof.words[:6]} of {true.label} {true.number}")


def judge_headings(document: Document, headings: Sequence[TrueHeading], score: Score) -> None:
    """Match headings; equal are those with the same words outside formulas."""
    texts = [
        [word for word in list_words(heading.title) if not word[0].isdigit()]
        for heading in document.headings
    ]

    def compare(i: int, j: int) -> float:
        true, found = headings[i].words, texts[j]
        if not true:
            return 0.5 if headings[i].has_math and len(found) <= 3 else 0.0
        share = count_common(true, found) / max(len(true), 1)
        slack = 6 if headings[i].has_math else 3
        return share if share >= 0.6 and len(found) <= 2 * len(true) + slack else 0.0

    pairs = align(len(headings), len(texts), compare)
    asked = [i for i, heading in enumerate(headings) if not heading.is_optional]
    matched = [(i, j) for i, j in pairs if not headings[i].is_optional]
    taken = {j for _, j in pairs}
    invented = [
        j
        for j in range(len(texts))
        if j not in taken and not _PRINTED_ALONE.fullmatch(" ".join(texts[j]))
    ]
    score.counts["headings"] += len(asked)
    score.counts["headings right"] += len(matched)
    score.counts["headings found"] += len(matched) + len(invented)
    for i, j in matched:
        is_equal = _are_equal(headings[i], texts[j])
        score.counts["titles equal"] += is_equal
        if not is_equal:
            title = document.headings[j].title
            score.notes.append(f"heading text: {headings[i].words} got {title!r}")
    met = {i for i, _ in pairs}
    score.notes += [f"heading missed: {headings[i].words}" for i in asked if i not in met]
    score.notes += [f"heading invented: {document.headings[j].title!r}" for j in invented]


def _are_equal(true: TrueHeading, found: Words) -> bool:
    opener = found[:1] in (["part"], ["appendix"], ["chapter"], ["section"])
    for words in (found, found[1:], found[2:]) if opener else (found,):
        if list(true.words) == list(words):
            return True
        extra = len(words) - len(true.words)
        if true.has_math and extra <= 6 and count_common(true.words, words) == len(true.words):
            return True
    # The number of a part or an appendix may be a word ("II").
    return list(true.words) == list(found[1:]) and re.fullmatch("[ivx]+", found[0]) is not None


def judge_references(document: Document, truth: Truth, score: Score) -> None:
    """Match the entries of the bibliography; entries of a list made by hand are not wrong."""
    references = truth.references
    units = [unit for unit in document.units if unit.kind == "reference"]
    bodies = [_read_body(document, replace(unit, head_end=unit.start), truth) for unit in units]

    def compare(i: int, j: int) -> float:
        likeness = match_start(references[i], bodies[j])
        return likeness if likeness >= 0.6 else 0.0

    pairs = align(len(references), len(units), compare)
    met, taken = {i for i, _ in pairs}, {j for _, j in pairs}
    taken |= {
        j
        for j, body in enumerate(bodies)
        if j not in taken and any(match_start(item, body[:20]) > 0.8 for item in truth.items)
    }
    score.counts["references"] += len(references)
    score.counts["references found"] += len(units) - (len(taken) - len(pairs))
    score.counts["references right"] += len(pairs)
    score.notes += [
        f"reference missed: {entry[:8]}" for i, entry in enumerate(references) if i not in met
    ]
    score.notes += [
        f"reference invented: {document.text[unit.start : unit.start + 70]!r}"
        for j, unit in enumerate(units)
        if j not in taken
    ]


def count_signs(chunks: Sequence[Chunk], score: Score) -> None:
    """Count what should not be in a text: controls, replacement and private-use characters."""
    for chunk in chunks:
        kinds = Counter(map(classify_sign, chunk.text))
        score.counts["chunks"] += 1
        for kind in ("control", "replacement", "private"):
            score.counts[f"{kind} characters"] += kinds[kind]
            score.counts[f"chunks with {kind}"] += kinds[kind] > 0


def classify_sign(char: str) -> str:
    r"""Say whether a character is a control (line feeds are none), a replacement or private.

    >>> [classify_sign(char) for char in "a\n\x14\ufffd\ue000"]
    ['', '', 'control', 'replacement', 'private']
    """
    if char == "\ufffd":
        return "replacement"
    category = unicodedata.category(char)
    if category == "Co":
        return "private"
    return "control" if category in ("Cc", "Cf") and char != "\n" else ""


#: Rows of the table: name, the count above, the count below.
SHARES: tuple[tuple[str, str, str], ...] = (
    ("statements recall", "statements right", "statements"),
    ("statements precision", "statements right", "statements found"),
    ("… with the right number", "numbers right", "statements right"),
    ("… with the right name", "names right", "statements right"),
    ("… with the right end", "ends right", "clear ends"),
    ("proofs recall", "proofs right", "proofs"),
    ("proofs precision", "proofs right", "proofs found"),
    ("… tied to the right statement", "ties right", "ties"),
    ("headings recall", "headings right", "headings"),
    ("headings precision", "headings right", "headings found"),
    ("… with equal text", "titles equal", "headings right"),
    ("references recall", "references right", "references"),
    ("references precision", "references right", "references found"),
    ("hyphens right", "hyphens right", "hyphens"),
    ("negated relations kept", "negations kept", "negations"),
    ("chunks with control characters", "chunks with control", "chunks"),
    ("chunks with U+FFFD", "chunks with replacement", "chunks"),
    ("chunks with private-use characters", "chunks with private", "chunks"),
)
