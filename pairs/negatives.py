"""Hard negatives: passages that look right for an anchor and, as far as the graph knows, are not."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from graphtune.encoder import encode_texts, truncate_vectors
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.kg.ontology import Policy
from graphtune.nearest import search_exact
from graphtune.pairs.mask import make_mask
from graphtune.pairs.split import Split, cluster_repeats
from graphtune.pairs.traces import find_phrases, squash_text
from graphtune.records import Chunk, Pair
from graphtune.tuning_config import PairsConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: A mined negative scores at most this share of its positive's score (NV-Retriever, arXiv:2407.15831).
MARGIN = 0.95
#: The base model's best chunks for an anchor, of which one becomes the negative.
MINED = 100
#: Kinds of chunks that say nothing of a subject.
_EMPTY = ("reference", "title", "authors", "heading")
_STRONG = ("defines", "states")
#: Siblings and neighbours that are looked at, and concepts whose answers are remembered.
_MOST, _CACHED = 50, 1024


def add_negatives(
    graph: ConceptGraph,
    split: Split,
    pairs: list[Pair],
    config: PairsConfig,
    encoder: SentenceTransformer | None = None,
) -> None:
    """Give each pair a hard negative where one is found, in place; pairs that have one keep it.

    With `config.negatives` = `graph` it is a chunk that defines a sibling (a concept with the same
    target by a relation that the ontology calls a near miss), else one across such a relation, else a
    neighbour by any other relation that makes no pairs, else another passage of the positive's paper.
    With `mined` it is the first of the `encoder`'s best chunks for the anchor that scores below `MARGIN`
    of the positive.

    None is a passage that answers the anchor by the graph mask, or that mentions a concept named in the
    anchor, or one joined to it by a relation whose passages answer; none repeats or overlaps the
    positive, or stands in a held-out paper. Anchors in which the graph knows no concept get none: it
    cannot say what answers them.
    """
    judge = _Judge(graph, split, pairs)
    rank = _rank_by_model(judge, encoder) if encoder else _rank_by_graph(judge, config.seed)
    for row, pair in enumerate(pairs):
        if not pair.negative and judge.concepts[row]:
            found = next((chunk for chunk in rank(row) if judge.accepts(row, chunk)), None)
            if found:
                pairs[row] = replace(pair, negative=found.text, negative_id=found.id)


class _Judge:
    """What the graph says of a passage as the negative of a pair."""

    def __init__(self, graph: ConceptGraph, split: Split, pairs: list[Pair]) -> None:
        self.graph, self.pairs = graph, pairs
        self.allowed = {
            chunk.id: chunk
            for chunk in graph.chunks.values()
            if split.may_train_on(chunk) and chunk.kind not in _EMPTY
        }
        self.concepts = _find_concepts(graph, pairs)
        self.related = make_mask(graph, pairs).related
        self.twins = {key: min(same) for same in cluster_repeats(graph) for key in same}
        self.joined = {
            (x.source, x.target) for x in graph.links if x.type in ("proves", "refers_to")
        }
        self.answering = _join_concepts(graph, ("positive", "soft"))
        self.list_hidden = lru_cache(_CACHED)(self._list_hidden)

    def _list_hidden(self, concepts: frozenset[str]) -> frozenset[str]:
        """Return the passages that mention any of these concepts, or define what answers for them."""
        own = {m.chunk_id for key in concepts for m in self.graph.evidence(key)}
        others = set[str]().union(*(self.answering.get(key, set()) for key in concepts))
        strong = {m.chunk_id for o in others for m in self.graph.evidence(o) if m.role in _STRONG}
        return frozenset(self.twins.get(key, key) for key in own | strong)

    def accepts(self, row: int, chunk: Chunk) -> bool:
        """Tell whether a passage is, as far as the graph knows, no answer to the anchor of a pair."""
        pair, key = self.pairs[row], self.twins.get(chunk.id, chunk.id)
        positive = self.graph.chunks.get(pair.chunk_id)
        return not (
            any(key in answers for answers in self.related[row])
            or key in self.list_hidden(self.concepts[row])
            or (chunk.id, pair.chunk_id) in self.joined
            or (pair.chunk_id, chunk.id) in self.joined
            or (positive and _overlap(positive, chunk))
            or squash_text(chunk.text) == squash_text(pair.positive)
        )


def _overlap(one: Chunk, other: Chunk) -> bool:
    same = one.document_id == other.document_id
    return same and one.start < other.end and other.start < one.end


def _find_concepts(graph: ConceptGraph, pairs: Sequence[Pair]) -> list[frozenset[str]]:
    """Return the concepts that each anchor asks for: its own, and those that a longer text names."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for concept in graph.concepts:
        for name in graph.names(concept):
            owners[normalize_name(name)].add(concept)
    longer = {
        pair.anchor for pair in pairs if not pair.concept_id or pair.style in ("edge", "question")
    }
    inside = {
        text: frozenset[str]().union(*(owners[form] for form in forms))
        for text, forms in find_phrases(sorted(longer), owners.keys() - {""}).items()
    }
    own = {key: frozenset((key,)) for key in graph.concepts}
    nothing = frozenset[str]()
    return [
        own.get(pair.concept_id, nothing) | inside.get(pair.anchor, nothing)
        if pair.anchor in inside
        else own.get(pair.concept_id, nothing)
        for pair in pairs
    ]


def _join_concepts(graph: ConceptGraph, policies: Sequence[Policy]) -> dict[str, set[str]]:
    """Return the concepts one relation away, either way, where the ontology has one of these policies."""
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for relation in graph.relations:
        kind = graph.ontology.relations.get(relation.type)
        if kind and kind.pairs in policies and relation.source != relation.target:
            joined[relation.source].add(relation.target)
            joined[relation.target].add(relation.source)
    return dict(joined)


def _rank_by_graph(judge: _Judge, seed: int) -> Callable[[int], Iterator[Chunk]]:
    """Return what yields the chunks of siblings, neighbours and the same paper for a pair, in order."""
    graph, allowed = judge.graph, judge.allowed
    near, loose = _join_concepts(graph, ("hard_negative",)), _join_concepts(graph, ("ignore",))
    members = {key: sorted(ends) for key, ends in near.items()}
    papers: defaultdict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for chunk in allowed.values():
        papers[chunk.document_id][chunk.kind != "statement"].append(chunk.id)

    def list_chunks(concepts: Iterable[str]) -> list[str]:
        mentions = (m for key in concepts for m in graph.evidence(key) if m.role in _STRONG)
        return sorted({m.chunk_id for m in mentions} & allowed.keys())

    @lru_cache(_CACHED)
    def list_tiers(concept: str) -> list[list[str]]:
        siblings = {s for end in near.get(concept, ()) for s in _take_near(members[end], concept)}
        groups = (siblings, near.get(concept, set()), loose.get(concept, set()))
        return [list_chunks(sorted(group - {concept})[:_MOST]) for group in groups]

    def rank(row: int) -> Iterator[Chunk]:
        pair = judge.pairs[row]
        salt = zlib.crc32(f"{seed} {pair.anchor} {pair.chunk_id}".encode())
        tiers = list_tiers(pair.concept_id) if pair.concept_id in graph.concepts else []
        for keys in (*tiers, *papers[pair.document_id]):
            start = salt % len(keys) if keys else 0
            for key in (*keys[start:], *keys[:start]):
                yield allowed[key]

    return rank


def _take_near(names: Sequence[str], name: str) -> Sequence[str]:
    """Return a name and those that follow it in a sorted list, so that each has others.

    >>> _take_near(["a", "b", "c"], "b")
    ['b', 'c', 'a']
    """
    place = bisect_left(names, name)
    return [*names[place : place + _MOST], *names[: max(0, min(place, place + _MOST - len(names)))]]


def _rank_by_model(judge: _Judge, encoder: SentenceTransformer) -> Callable[[int], Iterator[Chunk]]:
    """Return what yields the encoder's best chunks for a pair that score well below its positive."""
    width = encoder.get_embedding_dimension() or 0
    asked = zip(judge.pairs, judge.concepts, strict=True)
    anchors = sorted({pair.anchor for pair, concepts in asked if concepts and not pair.negative})
    keys = sorted(judge.allowed)
    passages = [judge.allowed[key].passage for key in keys]
    queries = truncate_vectors(encode_texts(encoder, anchors, "query"), width)
    documents = truncate_vectors(encode_texts(encoder, passages, "document"), width)
    best = search_exact(queries, documents, keys, MINED)
    rows = {anchor: row for row, anchor in enumerate(anchors)}
    places = {key: place for place, key in enumerate(keys)}

    def rank(row: int) -> Iterator[Chunk]:
        pair = judge.pairs[row]
        if pair.chunk_id in places:
            query = rows[pair.anchor]
            score = float(queries[query] @ documents[places[pair.chunk_id]])
            yield from (judge.allowed[key] for key, s in best[query] if 0 < s < MARGIN * score)

    return rank
