"""The judge of the sample's gold, on a graph that is small enough to count by hand."""

import json

import pytest
from click.testing import CliRunner

from graphtune.bench.graphs.__main__ import judge
from graphtune.bench.graphs.sample import judge_sample, read_sample_gold
from graphtune.errors import DataError
from graphtune.kg.graph import ConceptGraph
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, Concept, Relation

GOLD = {
    "concepts": [
        {"name": "Dyck path", "aliases": ["Catalan path", "ballot path"], "defined_in": ["01#d"]},
        {"name": "poset", "aliases": ["ordered set"], "defined_in": ["01#p", "02#p"]},
        {"name": "lattice", "aliases": ["tosets"], "defined_in": ["02#l"]},
        {"name": "matroid", "aliases": [], "defined_in": ["03#m"]},
    ],
    "relations": [
        {"source": "lattice", "type": "is_instance_of", "target": "poset"},
        {"source": "Dyck path", "type": "uses", "target": "poset"},
        {"source": "poset", "type": "related_to", "target": "lattice"},
        {"source": "matroid", "type": "uses", "target": "lattice"},
    ],
}
TEXT = "Dyck paths, or Catalan paths, form a poset and a lattice. A poset is an ordered set."


@pytest.fixture
def gold(tmp_path):
    (tmp_path / "gold.json").write_text(json.dumps(GOLD))
    return read_sample_gold(tmp_path / "gold.json")


@pytest.fixture
def graph():
    chunk = Chunk("c", "d", 0, TEXT, 0, len(TEXT), "", 1, 1, 20)
    concepts = [
        Concept("dyck path", "Dyck path", "object", "", ("Catalan paths", "axis")),
        Concept("ordered set", "ordered set", "object"),
        Concept("lattice", "lattice", "object"),
        Concept("banana", "banana", "object", "", ("berry",)),
    ]
    relations = [
        Relation("lattice", "uses", "ordered set", "llm"),
        Relation("dyck path", "uses", "ordered set", "llm"),
        Relation("dyck path", "uses", "ordered set", "rules"),
        Relation("ordered set", "uses", "dyck path", "llm"),
        Relation("lattice", "uses", "banana", "llm"),
    ]
    documents = {"d": {"path": "/x/01.pdf"}}
    return ConceptGraph(documents, {"c": chunk}, {c.id: c for c in concepts}, {}, relations, {})


def test_every_row_is_counted_by_hand(graph, gold):
    rows = {row[""]: row["of"] for row in judge_sample(graph, gold)}
    assert (
        rows
        == {
            "concepts, recall": "2 / 2",  # Dyck path and poset are defined in 01
            "concepts, recall of those named": "2 / 2",
            "concepts, precision": "3 / 4",
            "aliases, recall": "1 / 2",  # poset is known as "ordered set" alone; "ballot path" is not named
            "aliases, precision": "1 / 2",  # "axis" is none; banana is not in the gold
            "relations, recall": "1 / 3",  # no paper names a matroid
            "relations, precision": "1 / 3",
            "relations without type, recall": "2 / 3",
            "relations without type, precision": "2 / 3",
        }
    )


def test_the_command_reads_a_workspace(tmp_path, gold):
    (tmp_path / "ws").mkdir()
    with GraphStore(tmp_path / "ws" / "graph.db"):
        pass
    result = CliRunner().invoke(judge, ["sample", str(tmp_path / "ws"), str(tmp_path)])
    assert isinstance(result.exception, DataError)  # there are no papers
    assert "--json" in CliRunner().invoke(judge, ["sample", "--help"]).output


@pytest.mark.parametrize("content", ["{}", "[1]", "no", '{"concepts": [{"name": "x"}]}'])
def test_a_file_that_is_no_gold_says_so(tmp_path, content):
    path = tmp_path / "gold.json"
    path.write_text(content)
    with pytest.raises(DataError, match="no gold"):
        read_sample_gold(path)
    with pytest.raises(DataError, match="cannot read"):
        read_sample_gold(tmp_path / "missing.json")
