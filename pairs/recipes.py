"""Recipes: how the graph's nodes and edges become (anchor, positive) pairs."""

import random
from collections import defaultdict
from collections.abc import Iterator, Set

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs.edges import pair_edges
from graphtune.pairs.split import Split, list_new_concepts
from graphtune.pairs.traces import make_source_finder, quote_papers
from graphtune.records import GRADES, Chunk, Pair, Style
from graphtune.tuning_config import PairsConfig


def make_pairs(graph: ConceptGraph, split: Split, config: PairsConfig) -> list[Pair]:
    """Make all training pairs of a recipe, in a fixed order, without repetition.

    Held-out concepts are never anchors, under none of their names; held-out papers give no positive.
    Nor does an anchor stay that describes a held-out concept too (a sentence may describe several),
    or that is a sentence of held-out papers alone.
    """
    make = _pair_by_evidence if config.recipe == "evidence" else _pair_by_paper
    pairs = sorted(
        make(graph, split, config),
        key=lambda pair: (pair.concept_id, pair.style, pair.anchor, pair.chunk_id),
    )
    # The seed's key; for `evidence` whole texts, so that near-identical passages stay apart.
    cut = 50 if config.recipe == "seed" else None
    held_out = _find_held_out(graph, split, {pair.anchor for pair in pairs})
    unique = {
        (pair.anchor[:cut], pair.positive[:cut]): pair
        for pair in reversed(pairs)
        if pair.anchor not in held_out
    }
    return list(reversed(unique.values()))


def list_anchor_names(graph: ConceptGraph, split: Split) -> dict[str, tuple[str, ...]]:
    """Return the names under which each training concept may be an anchor.

    Concepts that only held-out papers name have none, nor does a name count that also belongs to
    one of those or to a held-out concept.
    """
    hidden = _list_hidden(graph, split)
    held_out = {normalize_name(name) for concept in hidden for name in graph.names(concept)}
    return {
        concept: tuple(n for n in graph.names(concept) if normalize_name(n) not in held_out)
        for concept in split.list_concepts("train")
    }


def _list_hidden(graph: ConceptGraph, split: Split) -> set[str]:
    held_out = (concept for concept, side in split.concepts.items() if side != "train")
    return {*held_out, *list_new_concepts(graph, split)}


def _find_held_out(graph: ConceptGraph, split: Split, anchors: Set[str]) -> set[str]:
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


def _list_passages(graph: ConceptGraph, split: Split) -> list[Chunk]:
    return [
        chunk
        for chunk in graph.chunks.values()
        if split.may_train_on(chunk) and chunk.kind != "reference"
    ]


def _pair_by_evidence(graph: ConceptGraph, split: Split, config: PairsConfig) -> Iterator[Pair]:
    """Pair each name with the chunks that define or state the concept, and a few that mention it.

    A section headed by the concept's name gives all its chunks, without the heading line. A
    description meets only chunks that define or state, and never one that it was taken from.
    """
    allowed = {chunk.id: chunk for chunk in _list_passages(graph, split)}
    sections: defaultdict[str, list[Chunk]] = defaultdict(list)
    for chunk in allowed.values():
        sections[normalize_name(read_section_title(chunk))].append(chunk)
    anchors, find_sources = list_anchor_names(graph, split), make_source_finder(graph)
    for concept, names in anchors.items():
        grades: dict[str, int] = {}
        for mention in graph.evidence(concept):
            if mention.chunk_id in allowed:
                grades[mention.chunk_id] = max(
                    grades.get(mention.chunk_id, 0), GRADES[mention.role]
                )
        strong = sorted((c for c in grades if grades[c] > 1), key=lambda c: (-grades[c], c))
        weak = sorted(c for c in grades if grades[c] == 1)[: config.max_weak]
        chunks = [allowed[chunk] for chunk in [*strong, *weak][: config.max_per_anchor]]
        description = graph.concepts[concept].description.strip()
        evidence = {mention.chunk_id for mention in graph.evidence(concept)}
        sources = find_sources(description, evidence) if description and names else evidence
        for chunk in chunks:
            for position, name in enumerate(names):
                yield _pair(name, chunk, "alias" if position else "name", concept)
            if chunk.id in strong and chunk.id not in sources:
                yield _pair(description, chunk, "description", concept)
        for name in names[:1]:
            for chunk in sections[normalize_name(name)][: config.max_per_anchor]:
                body = _drop_heading(chunk)
                if body and chunk not in chunks:
                    yield Pair(name, body, "section", concept, chunk.id, chunk.document_id)
    yield from pair_edges(graph, anchors, allowed, config)


def _pair_by_paper(graph: ConceptGraph, split: Split, config: PairsConfig) -> Iterator[Pair]:
    """Pair as math-embed did: positives are any chunks of the papers that name the concept.

    Name and description each meet at most `max_per_anchor` chunks; across a relation, each end's
    name meets at most `max_per_edge` chunks of the other end's papers. Which ones is drawn at random.
    """
    by_document: defaultdict[str, list[Chunk]] = defaultdict(list)
    for chunk in graph.chunks.values():
        if split.may_train_on(chunk):
            by_document[chunk.document_id].append(chunk)

    def draw_chunks(concept: str, most: int, salt: str) -> list[Chunk]:
        chunks = [chunk for paper in sorted(graph.papers(concept)) for chunk in by_document[paper]]
        generator = random.Random(f"{config.seed} {concept} {salt}")
        return chunks if len(chunks) <= most else generator.sample(chunks, most)

    anchors = list_anchor_names(graph, split)
    for concept, names in anchors.items():
        for chunk in draw_chunks(concept, config.max_per_anchor, "node"):
            if names:
                yield _pair(names[0], chunk, "name", concept)
            description = graph.concepts[concept].description
            if names and description:
                yield _pair(description, chunk, "description", concept)
    for relation in graph.relations:
        for one, other in (
            (relation.source, relation.target),
            (relation.target, relation.source),
        ):
            if anchors.get(one) and other in anchors:
                for chunk in draw_chunks(other, config.max_per_edge, f"{one} {relation.type}"):
                    yield _pair(anchors[one][0], chunk, "edge", one)


def read_section_title(chunk: Chunk) -> str:
    """Return the title of the innermost section of a chunk, without its number.

    >>> chunk = Chunk("c", "d", 0, "", 0, 0, "2 Tableaux > 2.1 Row insertion", 1, 1, 0)
    >>> read_section_title(chunk)
    'Row insertion'
    """
    title = chunk.heading.rsplit(" > ", 1)[-1]
    number, _, rest = title.partition(" ")
    return rest if rest and number.strip(".").replace(".", "").isdigit() else title


def _drop_heading(chunk: Chunk) -> str:
    first, _, rest = chunk.text.partition("\n\n")
    title = normalize_name(read_section_title(chunk))
    return rest if title and normalize_name(first).endswith(title) else chunk.text


def _pair(anchor: str, chunk: Chunk, style: Style, concept: str) -> Pair:
    return Pair(anchor, chunk.text, style, concept, chunk.id, chunk.document_id)
