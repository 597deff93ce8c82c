"""Wins and losses: queries that two systems answer differently, with their passages side by side."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN

from graphtune.bench.page.view import View
from graphtune.bench.systems import Ranking

#: Gains, and losses, that are listed.
LISTED = 8
#: Queries whose passages the page holds, those with the largest differences.
MAX_CASES = 150
#: Answers of each system, and characters of each.
DEPTH, LENGTH = 3, 420
_WORD = re.compile(r"\w+")

#: A piece of text, and whether it is one of the query's words.
Part = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Passage:
    """An answer: its rank (None where the system did not find it), grade (None: unjudged) and text."""

    rank: int | None
    grade: int | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What one system answered; `missed` says where its first relevant answer stands, if below."""

    label: str
    value: float
    passages: tuple[Passage, ...]
    missed: str


@dataclass(frozen=True, slots=True)
class Case:
    """A query with both systems' answers; `answer` is a relevant passage if neither side shows one."""

    number: int
    query: str
    group: str
    difference: float
    sides: tuple[Side, Side]
    answer: Passage | None


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of the base against another system: the largest gains and losses, and all of them."""

    gains: tuple[Case, ...]
    losses: tuple[Case, ...]
    all: tuple[Case, ...]
    group: str


def collect_cases(view: View) -> Cases:
    """Return the queries with the largest differences of NDCG@10 between the base and the other.

    Gains and losses are those of the first slice, which holds new queries where there are any.
    Without another system there are none.
    """
    part = view.slices[0]
    if view.tuned is None:
        return Cases((), (), (), part.label)
    number_of = {query: number for number, query in enumerate(view.report.benchmark.queries)}
    members = {number_of[query] for query in part.queries}
    differences = view.scores[view.tuned] - view.scores[view.base]
    # Differences by mere rounding are none.
    order = np.argsort(-np.abs(differences).round(6), kind="stable").tolist()
    inside = [number for number in order if number in members and abs(differences[number]) > 1e-6]
    gains = [number for number in inside if differences[number] > 0][:LISTED]
    losses = [number for number in inside if differences[number] < 0][:LISTED]
    # Those of the first slice before all others.
    ranked = dict.fromkeys([*gains, *losses, *inside, *order])
    made = {number: _make_case(view, number) for number in list(ranked)[:MAX_CASES]}
    return Cases(
        tuple(made[number] for number in gains),
        tuple(made[number] for number in losses),
        tuple(made[number] for number in sorted(made)),
        part.label,
    )


def _make_case(view: View, number: int) -> Case:
    benchmark, rankings = view.report.benchmark, view.report.rankings
    assert view.tuned is not None
    query = list(benchmark.queries)[number]
    text, grades = benchmark.queries[query], benchmark.qrels[query]
    marker = make_marker(text)

    def show(rank: int | None, document: str) -> Passage:
        return Passage(rank, grades.get(document), marker(benchmark.documents.get(document, "")))

    def make_side(place: int) -> Side:
        ranking = rankings[place]
        answers = [document for document, _ in ranking.runs[0].get(query, ())]
        shown = [(rank, document) for rank, document in enumerate(answers[:DEPTH], start=1)]
        good = [
            rank for rank, document in enumerate(answers, start=1) if grades.get(document, 0) > 0
        ]
        missed = ""
        if not good:
            missed = f"No relevant passage among its {len(answers)} answers."
        elif good[0] > DEPTH:
            shown.append((good[0], answers[good[0] - 1]))
            missed = f"Its first relevant passage has rank {good[0]}."
        passages = tuple(show(rank, document) for rank, document in shown)
        return Side(_name(ranking), float(view.scores[place, number]), passages, missed)

    sides = make_side(view.base), make_side(view.tuned)
    is_shown = any((passage.grade or 0) > 0 for side in sides for passage in side.passages)
    best = max(grades, key=lambda document: (grades[document], document))
    return Case(
        number=number,
        query=text,
        group=benchmark.groups.get(query, ""),
        difference=sides[1].value - sides[0].value,
        sides=sides,
        answer=None if is_shown else show(None, best),
    )


def _name(ranking: Ranking) -> str:
    seeds = len(ranking.runs)
    return ranking.label + (f" (answers of the first of {seeds} seeds)" if seeds > 1 else "")


def make_marker(query: str, length: int = LENGTH) -> Callable[[str], tuple[Part, ...]]:
    """Return what marks the query's words in a passage, and cuts the passage around them.

    Words match by their English stems, as in `graphtune.bench.strata`; stop words are not marked,
    unless the query has no others. A passage longer than `length` characters is cut to the part with
    the most of the query's words, with an ellipsis at each cut.

    >>> make_marker("Young diagrams")("A young diagram has rows.")
    (('A ', False), ('young diagram', True), (' has rows.', False))
    """
    stem = Stemmer.Stemmer("english").stemWord
    words = _WORD.findall(query.lower())
    asked = {stem(word) for word in words if word not in STOPWORDS_EN} or set(map(stem, words))

    def mark(text: str) -> tuple[Part, ...]:
        text = " ".join(text.split())
        found = [(m.start(), m.end(), stem(m[0].lower())) for m in _WORD.finditer(text)]
        hits = [hit for hit in found if hit[2] in asked]
        start, stop = _choose_window(text, hits, length)
        return _split_parts(text, [(a, b) for a, b, _ in hits], start, stop)

    return mark


def _choose_window(text: str, hits: list[tuple[int, int, str]], length: int) -> tuple[int, int]:
    """Return the bounds of the part to show, at spaces: it holds most words, a quarter of it before them."""
    if len(text) <= length:
        return 0, len(text)
    lead = length // 4

    def count_hits(start: int) -> tuple[int, int, int]:
        inside = [stem for a, b, stem in hits if start <= a and b <= start + length - lead]
        return len(set(inside)), len(inside), -start

    first = max((a for a, _, _ in hits), key=count_hits, default=0)
    start = min(max(0, first - lead), len(text) - length)
    stop = start + length
    if start > 0 and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    if stop < len(text) and (space := text.rfind(" ", first, stop)) > first:
        stop = space
    return start, stop


def _split_parts(
    text: str, spans: list[tuple[int, int]], start: int, stop: int
) -> tuple[Part, ...]:
    """Cut text at the marked spans within the bounds; spans with only a space or dash between are one."""
    joined: list[tuple[int, int]] = []
    for a, b in spans:
        if a < start or b > stop:
            continue
        if joined and text[joined[-1][1] : a] in (" ", "-"):
            joined[-1] = joined[-1][0], b
        else:
            joined.append((a, b))
    parts: list[Part] = [("…", False)] if start > 0 else []
    for a, b in joined:
        parts += [(text[start:a], False), (text[a:b], True)]
        start = b
    parts += [(text[start:stop], False), ("…" if stop < len(text) else "", False)]
    return tuple(part for part in parts if part[0])
