"""The graph card: what it measures on a real workspace, and what it says of graphs that went wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from graphtune.kg import GraphStore, build_graph, load_graph
from graphtune.kg.card import BOUNDS, CardLine, GraphCard, judge_card, make_line, render_card
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.likeness import find_homographs, find_near_duplicates
from graphtune.kg.measures import compare_graphs, make_card
from graphtune.records import Concept, Relation
from graphtune.workspace import Workspace


@pytest.fixture
def graph(workspace: Workspace, papers: Path) -> ConceptGraph:
    build_graph(workspace, [papers])
    with GraphStore(workspace.database) as store:
        return load_graph(store)


def lines_of(card: GraphCard) -> dict[str, CardLine]:
    return {line.name: line for line in card.lines}


def measure(graph: ConceptGraph, workspace: Workspace) -> GraphCard:
    with GraphStore(workspace.database) as store:
        return make_card(graph, store)


def concepts_of(*names: str) -> ConceptGraph:
    made = [Concept(name.lower(), name, "object") for name in names]
    return ConceptGraph({}, {}, {concept.id: concept for concept in made}, {}, [], {})


def test_a_fresh_graph_has_no_fault(graph: ConceptGraph, workspace: Workspace) -> None:
    card = measure(graph, workspace)
    lines = lines_of(card)
    for name in ("verified spans", "vocabulary violations", "failed chunks", "pending chunks"):
        assert lines[name].verdict == "ok", lines[name]
    assert lines["verified spans"].of == sum(map(len, graph.mentions.values())) + len(
        [r for r in graph.relations if r.chunk_id]
    )
    assert not [warning for warning in judge_card(card) if warning.startswith("bad")]


def test_wrong_spans_strange_types_and_unused_concepts_are_counted(
    graph: ConceptGraph, workspace: Workspace
) -> None:
    before = lines_of(measure(graph, workspace))
    key = "schur function"
    mention = replace(graph.mentions[key][0], end=10**6)
    empty = replace(mention, end=mention.start)
    graph.mentions[key] = [mention, empty, *graph.mentions[key][1:]]
    graph.concepts["x"] = Concept("x", "Unused", "banana")
    graph.relations.append(Relation(key, "eats", "pieri rule", "hand"))
    card = measure(graph, workspace)
    lines = lines_of(card)
    assert lines["verified spans"].of - lines["verified spans"].value == 2
    assert lines["verified spans"].verdict == "bad"
    assert lines["vocabulary violations"].value == 2
    assert "Unused (banana)" in lines["vocabulary violations"].examples
    for name in ("concepts without mention", "concepts without relation"):
        assert lines[name].value == before[name].value + 1
    warnings = judge_card(card)
    assert warnings[0].startswith("bad: ")
    assert any("build again" in warning for warning in warnings)
    text = render_card(card)
    assert "bad  verified spans" in text
    assert "1000000) is not in the passage" in text


def test_failed_chunks_and_reasons_of_rejections_come_from_the_extraction(
    graph: ConceptGraph, workspace: Workspace
) -> None:
    with GraphStore(workspace.database) as store:
        first, second = (
            row["chunk_id"] for row in store.db.query("SELECT * FROM extractions LIMIT 2")
        )
        store.db.execute("UPDATE extractions SET status = 'failed' WHERE chunk_id = ?", [first])
        store.db.execute(
            'UPDATE extractions SET rejected = 3, rejections = \'{"quote not found": 2, "type": 1}\''
            " WHERE chunk_id = ?",
            [second],
        )
        store.db.conn.commit()
        card = make_card(graph, store)
    lines = lines_of(card)
    assert (lines["failed chunks"].value, lines["failed chunks"].verdict) != (0, "ok")
    assert lines["rejected records"].value == 3
    assert card.rejections.items() >= {"quote not found": 2, "type": 1}.items()
    assert "quote not found" in render_card(card)
    assert card.as_json()["rejections"]["type"] == 1


def test_what_resolution_suspects_and_leaves_out_is_on_the_card(
    graph: ConceptGraph, workspace: Workspace
) -> None:
    with GraphStore(workspace.database) as store:
        before = lines_of(make_card(graph, store))["homographs"].value
        store.db.table("meta").insert_all(
            [
                {
                    "key": "homographs",
                    "value": '{"schur function": ["a", "b"], "gone": ["a", "b"]}',
                },
                {"key": "left_out", "value": '{"dangling": 7, "loops": 0}'},
            ],
            replace=True,
        )
        card = make_card(graph, store)
    line = lines_of(card)["homographs"]
    assert line.value == before + 1
    assert any("2 papers" in example for example in line.examples)
    assert card.rejections["dangling (resolution)"] == 7
    assert "loops (resolution)" not in card.rejections


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Macdonald polynomial", "Polynomials of Macdonald"),
        ("semi-simple module", "semisimple module"),
        ("isomorphism theorem", "isomophism theorem"),
        ("symmetric functions ring", "ring of symmetric functions"),
    ],
)
def test_names_that_differ_by_little_are_near_duplicates(left: str, right: str) -> None:
    assert find_near_duplicates(concepts_of(left, right)) == [
        tuple(sorted((left.lower(), right.lower())))
    ]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("injective map", "bijective map"),
        ("symmetric relation", "asymmetric relation"),
        ("1-form on manifolds", "12-form on manifolds"),
        ("left ideal", "right ideal"),
        ("group", "groupoid"),
    ],
)
def test_names_that_mean_different_things_are_not(left: str, right: str) -> None:
    assert find_near_duplicates(concepts_of(left, right)) == []


def test_a_name_of_two_concepts_is_a_homograph() -> None:
    graph = concepts_of("normal subgroup", "normal operator")
    for key in graph.concepts:
        graph.concepts[key] = replace(graph.concepts[key], aliases=("normal",))
    assert find_homographs(graph) == {"normal": ["normal operator", "normal subgroup"]}


def test_a_graph_agrees_with_itself_and_less_with_another(graph: ConceptGraph) -> None:
    assert {line.share for line in compare_graphs(graph, graph)} <= {1.0, None}
    other = replace(graph, concepts=dict(graph.concepts), relations=[])
    gone = next(iter(other.concepts))
    del other.concepts[gone]
    key = next(iter(other.concepts))
    other.concepts[key] = replace(other.concepts[key], type="person")
    lines = {line.name: line for line in compare_graphs(graph, other)}
    assert lines["shared concepts"].value == len(graph.concepts) - 1
    assert lines["shared concepts"].of == len(graph.concepts)
    assert lines["shared relations"].value == 0
    assert lines["same type"].value == lines["same type"].of - 1


@pytest.mark.parametrize("name", BOUNDS)
def test_verdicts_get_worse_with_the_share(name: str) -> None:
    order = ["ok", "look", "bad"]
    verdicts = [order.index(make_line(name, n, 1000).verdict) for n in range(1001)]
    if BOUNDS[name].low:
        verdicts.reverse()
    assert verdicts == sorted(verdicts)
    assert (verdicts[0], verdicts[-1]) == (0, 2)
    assert make_line(name, 0, 0).verdict == ""
