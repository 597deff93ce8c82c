"""The judge of concept graphs, on a graph and a gold that are small enough to count by hand."""

import json

import pytest
from click.testing import CliRunner

from graphtune.bench.graphs.__main__ import judge
from graphtune.bench.graphs.planetmath import (
    judge_concepts,
    judge_related,
    read_gold,
    sample_wrong,
)
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.store import GraphStore
from graphtune.records import Concept, Relation

GOLD = [
    {"name": "Dyck paths", "aliases": ["Catalan path"], "kind": "title", "related": ["poset"]},
    {"name": "poset", "aliases": ["ordered set"], "kind": "defines", "related": ["Dyck path"]},
    {"name": "lattice", "aliases": [], "kind": "defines", "related": ["chain", "poset"]},
    {"name": "chain", "aliases": ["total order"], "kind": "title", "related": []},
]


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "concepts.jsonl"
    path.write_text("\n".join(map(json.dumps, GOLD)))
    return read_gold(path)


@pytest.fixture
def graph():
    concepts = [
        Concept("dyck path", "Dyck path", "object", "", ("Catalan paths",)),
        Concept("poset", "poset", "object"),
        Concept("ordered set", "ordered set", "object"),
        Concept("lattice", "lattice", "object"),
        Concept("banana", "banana", "object", "A fruit."),
    ]
    edges = [("dyck path", "banana"), ("banana", "poset")]
    relations = [Relation(a, "uses", b, "hand") for a, b in edges]
    return ConceptGraph({}, {}, {c.id: c for c in concepts}, {}, relations, {})


def read(rows):
    return {row[""]: row["of"] for row in rows}


def test_concepts_and_aliases_are_counted(graph, gold):
    assert read(judge_concepts(graph, gold)) == {
        "recall, titles": "1 / 2",
        "recall, defined terms": "2 / 2",
        "recall, all": "3 / 4",
        "precision": "4 / 5",
        "aliases with their name, both known": "1 / 2",
        "aliases with their name, of all": "1 / 3",
    }


def test_related_pairs_are_counted_once_whatever_their_order(graph, gold):
    rows = read(judge_related(graph, gold, seed=0))
    assert rows["related pairs within two hops"] == "1 / 2"
    assert rows["random pairs within two hops"].endswith("/ 1000")
    assert judge_related(graph, gold, seed=0) == judge_related(graph, gold, seed=0)


def test_wrong_concepts_are_those_outside_the_gold(graph, gold):
    (wrong,) = sample_wrong(graph, gold, 9, seed=0)
    assert (wrong["name"], wrong["description"]) == ("banana", "A fruit.")


def test_a_gold_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*concepts.jsonl"):
        read_gold(tmp_path / "concepts.jsonl")
    (tmp_path / "concepts.jsonl").write_text('{"name": "poset"}')
    with pytest.raises(DataError, match="needs name, aliases, kind, related"):
        read_gold(tmp_path / "concepts.jsonl")


def test_the_command_reads_a_database(tmp_path, graph, gold):
    with GraphStore(tmp_path / "graph.db") as store:
        store.replace_graph(list(graph.concepts.values()), [], [], {})
    outcome = CliRunner().invoke(judge, ["planetmath", str(tmp_path), str(tmp_path)])
    assert isinstance(outcome.exception, DataError)  # there are no papers
