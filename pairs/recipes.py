"""Recipes: how the graph's nodes and edges become (anchor, positive) pairs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from operator import attrgetter
from sys import intern

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.baselines import pair_mentions, pair_papers
from graphtune.pairs.edges import pair_edges
from graphtune.pairs.split import Split, list_new_concepts
from graphtune.pairs.structure import pair_proofs, pair_references, pair_sections
from graphtune.pairs.styles import pair_concepts
from graphtune.pairs.traces import quote_papers
from graphtune.records import Chunk, Pair
from graphtune.tuning_config import PairsConfig

#: Shorter passages teach nothing; in words.
MIN_POSITIVE = 5
#: Chunks that say nothing of a subject.
NO_PASSAGES = ("reference", "title", "authors")


def make_pairs(graph: ConceptGraph, split: Split, config: PairsConfig) -> list[Pair]:
    """Make all training pairs of a recipe, in a fixed order, without repetition.

    Held-out concepts are never anchors, under none of their names; held-out papers give no positive.
    Nor does an anchor stay that describes a held-out concept too (a sentence may describe several),
    or that is a sentence of held-out papers alone.
    """
    anchors = list_anchor_names(graph, split)
    # math-embed's positives are any chunks.
    left_out = () if config.recipe == "seed" else NO_PASSAGES
    allowed = {
        chunk.id: chunk
        for chunk in graph.chunks.values()
        if split.may_train_on(chunk) and chunk.kind not in left_out
    }
    pairs = sorted(
        _MAKERS[config.recipe](graph, anchors, allowed, config),
        key=attrgetter("concept_id", "style", "anchor", "chunk_id"),
    )
    # The seed's key; for `evidence` whole texts, so that near-identical passages stay apart.
    cut = 50 if config.recipe == "seed" else None
    held_out = find_held_out(graph, split, {pair.anchor for pair in pairs})
    unique, seen = [], defaultdict[str, set[str]](set)
    for pair in pairs:
        met, start = seen[pair.anchor[:cut]], intern(pair.positive[:cut])
        if start not in met and pair.anchor not in held_out:
            met.add(start)
            unique.append(pair)
    return unique


def list_anchor_names(graph: ConceptGraph, split: Split) -> dict[str, tuple[str, ...]]:
    """Return the names under which each training concept may be an anchor.

    Concepts that only held-out papers name have none, nor does a name count that also belongs to
    one of those or to a held-out concept.
    """
    held_out = list_hidden_names(graph, split)
    return {
        concept: tuple(n for n in graph.names(concept) if normalize_name(n) not in held_out)
        for concept in split.list_concepts("train")
    }


def list_hidden_names(graph: ConceptGraph, split: Split) -> set[str]:
    """Return the normal forms of the names that no anchor may be: of held-out concepts and new ones."""
    hidden = _list_hidden(graph, split)
    return {normalize_name(name) for concept in hidden for name in graph.names(concept)}


def _list_hidden(graph: ConceptGraph, split: Split) -> set[str]:
    held_out = (concept for concept, side in split.concepts.items() if side != "train")
    return {*held_out, *list_new_concepts(graph, split)}


def find_held_out(graph: ConceptGraph, split: Split, anchors: Set[str]) -> set[str]:
    """Return the anchors that name or describe a held-out concept, or quote held-out papers alone."""
    texts = (
        text
        for concept in _list_hidden(graph, split)
        for text in (*graph.names(concept), graph.concepts[concept].description)
    )
    forms = {normalize_name(text) for text in texts}
    described = {anchor for anchor in anchors if normalize_name(anchor) in forms}
    papers = quote_papers(graph, anchors)
    return described | {
        anchor
        for anchor, found in papers.items()
        if all(split.documents[paper] != "train" for paper in found)
    }


def _pair_by_evidence(
    graph: ConceptGraph,
    anchors: Mapping[str, Sequence[str]],
    allowed: Mapping[str, Chunk],
    config: PairsConfig,
) -> Iterator[Pair]:
    """Pair anchors of every style that has a weight with the passages that answer them."""
    made = chain(
        pair_concepts(graph, anchors, allowed, config),
        pair_sections(graph, allowed, config),
        pair_proofs(graph, allowed, config),
        pair_references(graph, allowed, config),
        pair_edges(graph, anchors, allowed, config),
    )
    return (pair for pair in made if pair.weight > 0 and len(pair.positive.split()) >= MIN_POSITIVE)


_MAKERS = {"evidence": _pair_by_evidence, "mention": pair_mentions, "seed": pair_papers}
