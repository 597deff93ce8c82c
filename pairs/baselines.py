"""The plain recipes that others are compared with: math-embed's own, and names with what mentions them."""

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate

from graphtune.kg.graph import ConceptGraph
from graphtune.records import Chunk, Pair, Style
from graphtune.tuning_config import PairsConfig


def pair_mentions(
    graph: ConceptGraph,
    anchors: Mapping[str, Sequence[str]],
    allowed: Mapping[str, Chunk],
    config: PairsConfig,
) -> Iterator[Pair]:
    """Pair names with chunks that hold them, whatever these do with the concept, drawn at random."""
    for concept, names in anchors.items():
        found = sorted({m.chunk_id for m in graph.evidence(concept)} & allowed.keys())
        generator = random.Random(f"{config.seed} {concept}")
        for key in generator.sample(found, min(len(found), config.max_per_anchor)):
            for position, name in enumerate(names):
                style: Style = "alias" if position else "name"
                yield _pair(name, allowed[key], style, concept)


def pair_papers(
    graph: ConceptGraph,
    anchors: Mapping[str, Sequence[str]],
    allowed: Mapping[str, Chunk],
    config: PairsConfig,
) -> Iterator[Pair]:
    """Pair as math-embed did: positives are any chunks of the papers that name the concept.

    Name and description each meet at most `max_per_anchor` chunks; across a relation, each end's
    name meets at most `max_per_edge` chunks of the other end's papers. Which ones is drawn at random.
    """
    by_document: defaultdict[str, list[Chunk]] = defaultdict(list)
    for chunk in allowed.values():
        by_document[chunk.document_id].append(chunk)

    @cache
    def list_papers(concept: str) -> tuple[list[list[Chunk]], list[int]]:
        papers = [by_document[paper] for paper in sorted(graph.papers(concept))]
        return papers, list(accumulate(map(len, papers), initial=0))

    def draw_chunks(concept: str, most: int, salt: str) -> Iterator[Chunk]:
        # Places are drawn, not chunks: the papers of a common concept hold thousands.
        papers, starts = list_papers(concept)
        generator = random.Random(f"{config.seed} {concept} {salt}")
        places = range(starts[-1])
        for place in places if len(places) <= most else generator.sample(places, most):
            paper = bisect_right(starts, place) - 1
            yield papers[paper][place - starts[paper]]

    for concept, names in anchors.items():
        description = graph.concepts[concept].description
        for chunk in draw_chunks(concept, config.max_per_anchor, "node") if names else ():
            yield _pair(names[0], chunk, "name", concept)
            if description:
                yield _pair(description, chunk, "description", concept)
    for relation in graph.relations:
        for one, other in (
            (relation.source, relation.target),
            (relation.target, relation.source),
        ):
            if anchors.get(one) and other in anchors:
                for chunk in draw_chunks(other, config.max_per_edge, f"{one} {relation.type}"):
                    yield _pair(anchors[one][0], chunk, "edge", one)


def _pair(anchor: str, chunk: Chunk, style: Style, concept: str) -> Pair:
    return Pair(anchor, chunk.text, style, concept, chunk.id, chunk.document_id)
