"""Merges that a tuned model finds: concepts whose names lie near each other, and that are one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from graphtune.encoder import encode_texts
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.kg.resolution.candidates import MergeCandidate
from graphtune.kg.resolution.keys import are_opposed, is_bare_adjective, read_acronym
from graphtune.kg.rounds import NewMerge
from graphtune.kg.sameness import explain_same, list_initials
from graphtune.kg.scope import Judge, Scope, list_own_names, normalise_rows
from graphtune.nearest import search_exact

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Of each name, so many others are looked at, if their cosine is at least this.
NEAREST_NAMES, MIN_SIMILARITY = 5, 0.8


def find_near_names(
    graph: ConceptGraph, scope: Scope, encoder: SentenceTransformer
) -> list[tuple[str, str]]:
    """Return the pairs of concepts of the scope of which two names lie near each other, in order."""
    owned = [
        (name, key)
        for key, names in sorted(list_own_names(graph).items())
        if key in scope.concepts
        for name in names
        if not is_bare_adjective(normalize_name(name))
    ]
    if len(owned) < 2:
        return []
    vectors = normalise_rows(
        encode_texts(encoder, [name for name, _ in owned], "query", "comparing names")
    )
    ids = [f"{row:08}" for row in range(len(owned))]
    pairs = set()
    for row, found in enumerate(search_exact(vectors, vectors, ids, NEAREST_NAMES + 1)):
        for other, score in found:
            one, two = owned[row][1], owned[int(other)][1]
            if one != two and score >= MIN_SIMILARITY:
                pairs.add((min(one, two), max(one, two)))
    return sorted(pairs)


def verify_merges(
    graph: ConceptGraph, pairs: Sequence[tuple[str, str]], apart: Collection[frozenset[str]]
) -> list[NewMerge]:
    """Return the merges that rules confirm (see `graphtune.kg.sameness`), the best attested first.

    A concept takes part in one merge a round at most, so that chains cannot grow.

    Args:
        graph: the graph.
        pairs: of concept ids.
        apart: pairs of normal forms that somebody keeps apart.
    """
    initials = list_initials({key: concept.name for key, concept in graph.concepts.items()})
    names = list_own_names(graph)

    def explain(one: str, two: str) -> str | None:
        if frozenset((one, two)) in initials:
            return "acronym"
        reasons = (explain_same(a, b) for a in names[one] for b in names[two])
        return next(filter(None, reasons), None)

    return choose_merges(graph, pairs, apart, explain)


def judge_merges(
    graph: ConceptGraph,
    pairs: Sequence[tuple[str, str]],
    apart: Collection[frozenset[str]],
    known: Iterable[NewMerge],
    judge: Judge,
) -> list[NewMerge]:
    """Return the merges that a judge confirms of those that the rules leave open."""
    busy = {normalize_name(name) for merge in known for name in merge[:2]}
    open_pairs = [pair for pair in pairs if not busy.intersection(pair) and not are_opposed(*pair)]
    candidates = [MergeCandidate(*(graph.concepts[key] for key in pair)) for pair in open_pairs]
    verdicts = dict(zip(open_pairs, judge.judge(candidates), strict=True))

    def explain(one: str, two: str) -> str | None:
        return "model" if verdicts[min(one, two), max(one, two)] else None

    return choose_merges(graph, open_pairs, apart, explain)


def choose_merges(
    graph: ConceptGraph,
    pairs: Sequence[tuple[str, str]],
    apart: Collection[frozenset[str]],
    explain: Callable[[str, str], str | None],
) -> list[NewMerge]:
    """Return the merges for which `explain` has a reason; the better attested concept is kept."""

    def rank(key: str) -> tuple[bool, int, str]:
        return bool(read_acronym(graph.concepts[key].name)), -len(graph.evidence(key)), key

    busy: set[str] = set()
    merges = []
    for pair in sorted(pairs, key=lambda pair: sorted(map(rank, pair))):
        kept, gone = sorted(pair, key=rank)
        if busy & {kept, gone} or _are_kept_apart(graph, kept, gone, apart):
            continue
        if reason := explain(kept, gone):
            busy |= {kept, gone}
            merges.append(NewMerge(graph.concepts[kept].name, graph.concepts[gone].name, reason))
    return merges


def _are_kept_apart(
    graph: ConceptGraph, one: str, two: str, apart: Collection[frozenset[str]]
) -> bool:
    forms = [{normalize_name(name) for name in graph.names(key)} for key in (one, two)]
    return any(frozenset((a, b)) in apart for a in forms[0] for b in forms[1])
