"""Communities and paths of a small graph whose shape is known."""

import pytest

from graphtune.errors import DataError
from graphtune.kg.communities import find_communities, find_path
from graphtune.kg.graph import ConceptGraph
from graphtune.records import Concept, Relation


def make_graph(*edges: tuple[str, str, str], alone: str = "") -> ConceptGraph:
    names = dict.fromkeys([end for a, _, b in edges for end in (a, b)] + list(alone))
    return ConceptGraph(
        documents={}, chunks={}, mentions={}, hashes={},
        concepts={name: Concept(name, name.upper(), "object") for name in names},
        relations=[Relation(a, kind, b, "hand") for a, kind, b in edges],
    )  # fmt: skip


def make_clusters() -> ConceptGraph:
    cliques = [(a, "uses", b) for group in ("abcd", "efg") for a in group for b in group if a < b]
    return make_graph(*cliques, ("d", "uses", "e"), alone="xy")


def test_communities_are_the_dense_parts_largest_first() -> None:
    found = find_communities(make_clusters())
    assert [set(c.members) for c in found] == [set("abcd"), set("efg")]
    assert found[0].label.count(",") == 2
    assert set(found[0].label) <= set("ABCD, ")


def test_communities_do_not_depend_on_the_order_of_relations() -> None:
    graph = make_clusters()
    graph.relations.reverse()
    assert find_communities(graph) == find_communities(make_clusters())


def test_a_graph_without_relations_has_no_communities() -> None:
    assert find_communities(make_graph(alone="ab")) == []
    assert find_communities(make_graph()) == []


def test_a_path_is_shortest_and_says_which_way_relations_point() -> None:
    graph = make_graph(
        ("a", "uses", "b"), ("c", "generalizes", "b"), ("c", "implies", "b"), ("c", "uses", "d"),
        ("a", "uses", "e"), ("e", "uses", "f"), ("f", "uses", "d"),
    )  # fmt: skip
    steps = find_path(graph, "a", "d")
    assert [(s.source, s.relation.type, s.target, s.direction) for s in steps] == [
        ("a", "uses", "b", "forward"),
        ("b", "generalizes", "c", "backward"),
        ("c", "uses", "d", "forward"),
    ]
    back = find_path(graph, "d", "a")
    assert [s.direction for s in back] == ["backward", "forward", "backward"]
    assert find_path(graph, "a", "a") == []


def test_of_several_shortest_paths_the_first_by_name_is_taken() -> None:
    graph = make_graph(
        ("a", "uses", "z"), ("z", "uses", "d"), ("a", "uses", "m"), ("m", "uses", "d")
    )
    assert [step.target for step in find_path(graph, "a", "d")] == ["m", "d"]


def test_without_a_path_the_message_says_how_far_each_reaches() -> None:
    graph = make_graph(("a", "uses", "b"), ("b", "uses", "c"), alone="x")
    with pytest.raises(DataError, match=r"'A' reaches 2 other.*'X' reaches 0"):
        find_path(graph, "a", "x")
