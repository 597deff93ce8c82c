"""Pairs across relations: what one end's name finds, and the sentence that states the relation."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.ontology import Direction
from graphtune.records import GRADES, Chunk, Pair, Relation
from graphtune.tuning_config import PairsConfig

#: A partly right answer is drawn half as often as a right one.
SOFT_WEIGHT = 0.5


def pair_edges(
    graph: ConceptGraph,
    anchors: Mapping[str, Sequence[str]],
    allowed: Mapping[str, Chunk],
    config: PairsConfig,
) -> Iterator[Pair]:
    """Pair across relations as the ontology says, and relations in words with their evidence.

    Where passages of one end answer the other's name (policy `positive` or `soft`, in the policy's
    direction), the name meets chunks that define the end, else those that state it; first those that
    name both. Chunks that define or state the name's own concept are its own answers and left out.
    Besides, "source phrase target" meets the relation's evidence. Both ends are training concepts.

    Args:
        graph: the graph with its ontology.
        anchors: the names under which each training concept may be an anchor, the best first.
        allowed: the chunks that may be positives, by id.
        config: `max_per_edge` for each direction and for the evidence, `styles` for the weight.
    """
    weight = config.styles["edge"]
    if not weight:
        return

    @cache
    def grade_chunks(concept: str) -> dict[str, int]:
        grades: dict[str, int] = {}
        for mention in graph.evidence(concept):
            key, grade = mention.chunk_id, GRADES[mention.role]
            if key in allowed:
                grades[key] = max(grades.get(key, 0), grade)
        return grades

    told: dict[tuple[str, str, str], int] = {}
    for relation in graph.relations:
        edge = (relation.source, relation.type, relation.target)
        if relation.source == relation.target or not all(map(anchors.get, (edge[0], edge[2]))):
            continue
        if edge not in told:
            told[edge] = 0
            for one, other, share in list_directions(graph, relation):
                chunks = _choose_answers(grade_chunks(one), grade_chunks(other))
                for chunk in chunks[: config.max_per_edge]:
                    yield _make_pair(anchors[one][0], allowed[chunk], one, weight * share)
        evidence = allowed.get(relation.chunk_id or "")
        if evidence and told[edge] < config.max_per_edge:
            told[edge] += 1
            yield _make_pair(phrase_relation(graph, relation), evidence, edge[0], weight)


def list_directions(graph: ConceptGraph, relation: Relation) -> Iterator[tuple[str, str, float]]:
    """Yield whose name finds whose passages across a relation, and how right these are (at most 1)."""
    kind = graph.ontology.relations.get(relation.type)
    share = {"positive": 1.0, "soft": SOFT_WEIGHT}.get(kind.pairs if kind else "ignore")
    if kind and share:
        for one, other in follow(relation, kind.direction):
            yield one, other, share


def follow(relation: Relation, direction: Direction) -> Iterator[tuple[str, str]]:
    """Yield the ends of a relation as (whose name, whose passages) in a policy's direction.

    >>> list(follow(Relation("a", "generalizes", "b", "rules"), "backward"))
    [('b', 'a')]
    """
    if direction != "backward":
        yield relation.source, relation.target
    if direction != "forward":
        yield relation.target, relation.source


def phrase_relation(graph: ConceptGraph, relation: Relation) -> str:
    """Return a relation in words: "Schur function is an instance of symmetric function"."""
    source, target = graph.concepts[relation.source], graph.concepts[relation.target]
    return f"{source.name} {graph.ontology.phrase(relation.type)} {target.name}"


def _choose_answers(own: Mapping[str, int], others: Mapping[str, int]) -> list[str]:
    """Return the chunks with the other end's best grade, if it is at least `states`; best first."""
    best = max(others.values(), default=0)
    if best < GRADES["states"]:
        return []
    found = [
        chunk
        for chunk, grade in others.items()
        if grade == best and own.get(chunk, 0) < GRADES["states"]
    ]
    return sorted(found, key=lambda chunk: (chunk not in own, chunk))


def _make_pair(anchor: str, chunk: Chunk, concept: str, weight: float) -> Pair:
    return Pair(anchor, chunk.text, "edge", concept, chunk.id, chunk.document_id, weight)
