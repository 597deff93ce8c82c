"""The graph mask: which passages of a batch are no negatives for an anchor.

Leaving out what is known to be true of an anchor follows SimKGC (arXiv:2203.02167); here it is the
graph that knows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.split import cluster_names, cluster_repeats
from graphtune.records import Pair, Role

#: Characters; a longer anchor is a sentence, not a name.
_LONGEST_NAME = 120
_NOTHING: frozenset[str] = frozenset()


class GraphMask:
    """Weights of in-batch negatives: 0 where the graph says that the passage answers the anchor.

    `related[i]` are sets of the chunks that answer the anchor of pair i, `near[i]` the chunks that define
    a neighbour of its concept; pairs share these sets. `twins` names one chunk for all that repeat each
    other: with it, the sets hold only such names. Without any sets, nothing is masked.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        related: Sequence[tuple[frozenset[str], ...]] = (),
        near: Sequence[frozenset[str]] = (),
        neighbour_weight: float = 1.0,
        twins: Mapping[str, str] | None = None,
    ) -> None:
        keys = [(_name_positive(pair), _name_negative(pair)) for pair in pairs]
        same = twins or {}
        self.positives = [same.get(positive, positive) for positive, _ in keys]
        self.negatives = [same.get(negative, negative) for _, negative in keys]
        self.has_negatives = any(self.negatives)
        self.related, self.near = related, near
        self.neighbour_weight = neighbour_weight

    def weigh(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the weights for a batch of pairs, float32 of shape (n, n), or (n, 2n) with hard negatives.

        Columns are the positives of the rows, then their hard negatives if any pair has one; the column
        of a row that has none is 0. The diagonal is 1.
        """
        columns = [self.positives[row] for row in rows]
        if self.has_negatives:
            columns += [self.negatives[row] for row in rows]
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, key in enumerate(columns):
            places[key].append(place)
        absent = places.pop("", [])
        held = frozenset(places)
        weights = np.ones((len(rows), len(columns)), dtype=np.float32)
        for i, row in enumerate(rows if self.related else ()):
            for key in self.near[row] & held if self.near else ():
                weights[i, places[key]] = self.neighbour_weight
            for answers in self.related[row]:
                for key in answers & held:
                    weights[i, places[key]] = 0.0
        weights[:, absent] = 0.0
        np.fill_diagonal(weights, 1.0)
        return weights


def _name_positive(pair: Pair) -> str:
    return pair.chunk_id or pair.positive


def _name_negative(pair: Pair) -> str:
    return (pair.negative_id or pair.negative) if pair.negative else ""


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the graph knows of the concepts in use; those that cannot be told apart share a number."""

    numbers: dict[str, int]
    """By concept."""
    named: dict[str, int]
    """By normal form of a name."""
    related: dict[int, frozenset[str]]
    near: dict[int, frozenset[str]]


def make_mask(
    graph: ConceptGraph, pairs: Sequence[Pair], neighbour_weight: float = 1.0
) -> GraphMask:
    """Ask the graph, for each pair, which chunks answer its anchor.

    These are the positives of all pairs with this anchor or this concept, the chunks that define, state,
    use or mention the concept, one with the anchor as its name, or an equivalent one, and whatever nearly
    repeats any of these. Near are the chunks that define a concept one relation away, where the ontology
    makes positive or soft pairs of that relation.
    """
    twins = {key: min(same) for same in cluster_repeats(graph) for key in same}
    anchors = [_fold_anchor(pair.anchor) for pair in pairs]
    answers = _collect_answers(graph, pairs, anchors, twins)
    by_anchor: defaultdict[str, set[str]] = defaultdict(set)
    for anchor, pair in zip(anchors, pairs, strict=True):
        key = _name_positive(pair)
        by_anchor[anchor].add(twins.get(key, key))
    shared = {anchor: frozenset(keys) for anchor, keys in by_anchor.items()}
    related, near = [], []
    for anchor, pair in zip(anchors, pairs, strict=True):
        found = (answers.numbers.get(pair.concept_id), answers.named.get(anchor))
        numbers = [number for number in dict.fromkeys(found) if number is not None]
        related.append((shared[anchor], *(answers.related[number] for number in numbers)))
        near.append(answers.near[numbers[0]] if numbers else _NOTHING)
    return GraphMask(pairs, related, near, neighbour_weight, twins)


def _fold_anchor(anchor: str) -> str:
    """Return what anchors that ask for the same have in common; sentences are only themselves."""
    return (normalize_name(anchor) or anchor) if len(anchor) <= _LONGEST_NAME else anchor


def _collect_answers(
    graph: ConceptGraph, pairs: Sequence[Pair], anchors: Sequence[str], twins: Mapping[str, str]
) -> _Answers:
    clusters = cluster_names(graph, graph.concepts)
    numbers = {concept: n for n, cluster in enumerate(clusters) for concept in cluster}
    named = {
        normalize_name(name): numbers[concept]
        for concept in graph.concepts
        for name in graph.names(concept)
    }
    equal, close = _link_clusters(graph, numbers)
    own: defaultdict[int, set[str]] = defaultdict(set)
    for pair in pairs:
        if pair.concept_id in numbers:
            own[numbers[pair.concept_id]].add(_name_positive(pair))
    used = own.keys() | {named[anchor] for anchor in anchors if anchor in named}

    def gather(members: Iterable[int], role: Role | None = None) -> set[str]:
        concepts = (concept for number in members for concept in clusters[number])
        return {m.chunk_id for c in concepts for m in graph.evidence(c) if role in (None, m.role)}

    def name_twins(keys: set[str]) -> frozenset[str]:
        return frozenset(twins.get(key, key) for key in keys)

    return _Answers(
        numbers,
        named,
        {n: name_twins(own[n] | gather({n, *equal[n]})) for n in used},
        {n: name_twins(gather(close[n] - {n}, "defines")) for n in used},
    )


def _link_clusters(
    graph: ConceptGraph, numbers: Mapping[str, int]
) -> tuple[defaultdict[int, set[int]], defaultdict[int, set[int]]]:
    """Return the clusters that relations with policy "positive", and with "soft", join to each one."""
    linked: dict[str, defaultdict[int, set[int]]] = {
        "positive": defaultdict(set),
        "soft": defaultdict(set),
    }
    for relation in graph.relations:
        kind = graph.ontology.relations.get(relation.type)
        if kind and kind.pairs in linked and {relation.source, relation.target} <= numbers.keys():
            one, other = numbers[relation.source], numbers[relation.target]
            linked[kind.pairs][one].add(other)
            linked[kind.pairs][other].add(one)
    return linked["positive"], linked["soft"]
