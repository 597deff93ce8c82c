"""Pairs across relations follow the ontology's policy and direction."""

import itertools
from dataclasses import replace

import pytest

from graphtune.kg.graph import ConceptGraph
from graphtune.kg.ontology import Direction, Policy, load_ontology
from graphtune.pairs.edges import pair_edges
from graphtune.pairs.split import Split
from graphtune.records import Chunk, Concept, Mention, Pair, Relation, Role
from graphtune.tuning_config import PairsConfig

ROLES: dict[str, dict[str, Role]] = {
    "a": {"a1": "defines", "both": "uses", "shared": "states"},
    "b": {"b1": "defines", "both": "defines", "b2": "states", "shared": "defines"},
    "c": {"c1": "states", "c2": "mentions"},
    "d": {"d1": "mentions"},
}


def make_graph(policy: Policy, direction: Direction, relations: list[Relation]) -> ConceptGraph:
    ontology = load_ontology()
    kind = ontology.relations["generalizes"].model_copy(
        update={"pairs": policy, "direction": direction}
    )
    ontology = ontology.model_copy(
        update={"relations": {**ontology.relations, "generalizes": kind}}
    )
    chunks = {
        key: Chunk(key, "p", 0, f"text {key}", 0, 9, "", 1, 1, 5)
        for roles in ROLES.values()
        for key in roles
    }
    mentions = {
        key: [Mention(key, chunk, 0, 1, role) for chunk, role in roles.items()]
        for key, roles in ROLES.items()
    }
    concepts = {key: Concept(key, key.upper(), "object") for key in ROLES}
    graph = ConceptGraph({"p": {"id": "p"}}, chunks, concepts, mentions, relations, {})
    return replace(graph, ontology=ontology)


def make_edges(graph: ConceptGraph, held_out: str = "", **settings: object) -> list[Pair]:
    sides = {key: "test" if key == held_out else "train" for key in graph.concepts}
    split = Split.model_validate({"concepts": sides, "documents": {"p": "train"}})
    anchors = {key: graph.names(key) for key in split.list_concepts("train")}
    config = PairsConfig.model_validate(settings)
    return list(pair_edges(graph, anchors, graph.chunks, config))


EDGE = Relation("a", "generalizes", "b", "rules")


@pytest.mark.parametrize(
    ("policy", "direction", "expected"),
    [
        ("positive", "forward", [("A", "both", 1.0), ("A", "b1", 1.0)]),
        ("soft", "forward", [("A", "both", 0.5), ("A", "b1", 0.5)]),
        ("soft", "backward", [("B", "a1", 0.5)]),
        ("positive", "both", [("A", "both", 1.0), ("A", "b1", 1.0), ("B", "a1", 1.0)]),
        ("hard_negative", "both", []),
        ("ignore", "both", []),
    ],
)
def test_the_name_of_one_end_meets_what_defines_the_other(
    policy: Policy, direction: Direction, expected: list[tuple[str, str, float]]
) -> None:
    """First what names both; never what defines or states the name's own concept."""
    pairs = make_edges(make_graph(policy, direction, [EDGE]))
    assert [(p.anchor, p.chunk_id, p.weight) for p in pairs] == expected
    assert {p.style for p in pairs} <= {"edge"}


def test_stating_passages_stand_in_where_none_defines_and_mere_mentions_never() -> None:
    to_c, to_d = replace(EDGE, target="c"), replace(EDGE, target="d")
    pairs = make_edges(make_graph("soft", "forward", [to_c, to_d]))
    assert [(p.anchor, p.chunk_id) for p in pairs] == [("A", "c1")]


def test_limits_weights_and_held_out_ends() -> None:
    graph = make_graph("soft", "both", [EDGE, replace(EDGE, chunk_id="both"), EDGE])
    doubled = make_edges(graph, max_per_edge=1, styles={"edge": 3.0})
    assert [(p.anchor, p.chunk_id, p.weight) for p in doubled] == [
        ("A", "both", 1.5),
        ("B", "a1", 1.5),
        ("A generalizes B", "both", 3.0),
    ]
    assert not make_edges(graph, styles={"edge": 0.0})
    assert not make_edges(graph, max_per_edge=0)
    assert not make_edges(graph, held_out="b")


def test_a_relation_in_words_meets_its_evidence_whatever_the_policy() -> None:
    places = [replace(EDGE, chunk_id=chunk) for chunk in ("b2", "both", "c2", None)]
    pairs = make_edges(make_graph("ignore", "both", places), max_per_edge=2)
    assert [(p.anchor, p.chunk_id) for p in pairs] == list(
        itertools.product(["A generalizes B"], ["b2", "both"])
    )
