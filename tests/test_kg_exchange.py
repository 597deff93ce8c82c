"""Graph files: what we write others can read, and what others write we translate or count."""

import csv
import json
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.errors import DataError
from graphtune.kg.exchange import read_graph_file
from graphtune.kg.export import export_graph, write_networkx, write_tables
from graphtune.records import Concept


@pytest.fixture
def graph():
    view = nx.MultiDiGraph()
    for key, name, kind, aliases in (
        ("rsk correspondence", "RSK correspondence", "technique", ["RSK", "Knuth’s map"]),
        ("young tableau", "Young tableaux", "object", []),
        ("erdos", "Erdős", "person", ["<& “quoted” |"]),
    ):
        view.add_node(
            key, label=name, type=kind, description="with \x0c\x14 and\ntwo lines", aliases=aliases,
            origin="rules", n_mentions=3, n_documents=2,
        )  # fmt: skip
    for source, kind, target in (
        ("rsk correspondence", "uses", "young tableau"),
        ("rsk correspondence", "related_to", "young tableau"),
        ("young tableau", "related_to", "rsk correspondence"),
        ("rsk correspondence", "conjectured_by", "erdos"),
    ):
        view.add_edge(
            source, target, key=kind, type=kind, origin="rules", evidence="a \ud800 quote\x00",
            document="Paper", support=2,
        )  # fmt: skip
    return view


@pytest.mark.parametrize("suffix", [".graphml", ".json"])
def test_a_graph_comes_back_as_it_went(graph, tmp_path, suffix):
    path = tmp_path / f"graph{suffix}"
    write_networkx(graph, path)
    back = read_graph_file(path)
    assert (back.skipped, back.mapped) == ({}, {})
    assert {c.id: (c.name, c.type) for c in back.concepts} == {
        node: (values["label"], values["type"]) for node, values in graph.nodes(data=True)
    }
    rsk = back.concepts[0]
    assert rsk.aliases == ("RSK", "Knuth’s map")
    assert rsk.description == "with    and\ntwo lines"
    assert {(r.source, r.type, r.target) for r in back.relations} == {
        (source, kind, target) for source, target, kind in graph.edges(keys=True)
    }
    assert {r.origin for r in back.relations} == {"imported"}
    assert {r.chunk_id for r in back.relations} == {None}
    again = tmp_path / f"again{suffix}"
    write_networkx(graph, again)
    assert again.read_bytes() == path.read_bytes()


def test_graphml_is_plain_enough_for_gephi(graph, tmp_path):
    path = tmp_path / "graph.graphml"
    write_networkx(graph, path)
    root = ET.parse(path).getroot()
    space = "{http://graphml.graphdrawing.org/xmlns}"
    kinds = {key.get("attr.type") for key in root.iter(f"{space}key")}
    assert kinds <= {"string", "int", "long", "double", "boolean"}
    ids = [edge.get("id") for edge in root.iter(f"{space}edge")]
    assert len(ids) == len(set(ids)) == 4
    assert "RSK | Knuth’s map" in path.read_text(encoding="utf-8")
    again = nx.read_graphml(path)
    assert again.number_of_edges() == 4
    assert again.nodes["erdos"]["n_mentions"] == 3


def test_edges_have_labels_and_weights_that_gephi_shows(graph, tmp_path):
    path = tmp_path / "graph.graphml"
    write_networkx(graph, path)
    back = nx.read_graphml(path)
    assert {(e["label"], e["weight"]) for *_, e in back.edges(data=True)} == {
        ("uses", 2), ("related_to", 2), ("conjectured_by", 2),
    }  # fmt: skip
    ids = [key.get("id") for key in ET.parse(path).getroot() if key.tag.endswith("}key")]
    assert len(ids) == len(set(ids))


def read_table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_is_two_tables_that_belong_together(graph, tmp_path):
    files = write_tables(graph, tmp_path / "graph.csv")
    assert [file.name for file in files] == ["graph-nodes.csv", "graph-edges.csv"]
    nodes, edges = map(read_table, files)
    assert [row["Label"] for row in nodes] == ["RSK correspondence", "Young tableaux", "Erdős"]
    assert {row["Source"] for row in edges} | {row["Target"] for row in edges} <= {
        row["Id"] for row in nodes
    }
    assert {row["Type"] for row in edges} == {"Directed"}
    assert sorted(row["Label"] for row in edges) == sorted(
        key for *_, key in graph.edges(keys=True)
    )
    assert nodes[2]["aliases"] == "<& “quoted” |"


@given(st.text(), st.sampled_from("=+-@\t\r＝"))
def test_no_cell_begins_like_a_formula(text, first):
    with tempfile.TemporaryDirectory() as folder:
        view = nx.MultiDiGraph()
        values = {"type": text, "description": f" ={text}", "aliases": [first + text]}
        rest = {"origin": "hand", "n_mentions": -1, "n_documents": 0}
        view.add_node(first + text, label=first + text, **values, **rest)
        nodes, _ = write_tables(view, Path(folder) / "graph.csv")
        [row] = read_table(nodes)
    assert row["n_mentions"] == "-1"
    for name in ("Id", "Label", "description", "aliases"):
        assert row[name].startswith("'")
    assert not row["type"].lstrip().startswith(tuple("=+-@"))


def test_json_is_networkx_own_node_link_form(graph, tmp_path):
    path = tmp_path / "graph.json"
    write_networkx(graph, path)
    again = nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="links")
    assert isinstance(again, nx.MultiDiGraph)
    assert set(again.edges(keys=True)) == set(graph.edges(keys=True))
    assert again.nodes["rsk correspondence"]["aliases"] == ["RSK", "Knuth’s map"]


def test_other_suffixes_are_refused(graph, tmp_path):
    with pytest.raises(DataError, match=r"'\.gexf'.*\.graphml, \.csv, \.json"):
        export_graph(graph, tmp_path / "graph.gexf")
    assert list(tmp_path.iterdir()) == []


def read_json(tmp_path, nodes, edges, key="links"):
    path = tmp_path / "foreign.json"
    path.write_text(json.dumps({"nodes": nodes, key: edges, "meta": {}}), encoding="utf-8")
    return read_graph_file(path)


def test_a_graph_with_descriptions_and_details_is_read(tmp_path):
    nodes = [
        {"id": "bailey lemma", "label": "Bailey's lemma", "type": "theorem", "papers": 4,
         "degree": 8, "description": "Short.", "color": "#E74C3C"},
        {"id": "the bailey lemma", "label": "Bailey lemma", "type": "theorem",
         "description": "A longer text.", "aliases": ["Bailey chain"]},
        {"id": "q-gamma", "label": "q-gamma function", "type": "function"},
        {"id": "stanley", "label": "Richard Stanley", "type": "person"},
        {"id": "theorem 1", "label": "Theorem 1", "type": "theorem"},
    ]  # fmt: skip
    edges = [
        {"source": "bailey lemma", "target": "q-gamma", "relation": "used", "detail": "It does."},
        {"source": "the bailey lemma", "target": "q-gamma", "relation": "uses"},
        {"source": "q-gamma", "target": "bailey lemma", "relation": "enumerates"},
        {"source": "bailey lemma", "target": "the bailey lemma", "relation": "uses"},
        {"source": "q-gamma", "target": "bailey lemma", "relation": "are_related_to"},
        {"source": "stanley", "target": "q-gamma", "relation": "conjectured_by"},
        {"source": "q-gamma", "target": "theorem 1", "relation": "uses"},
        {"source": "q-gamma", "target": "nowhere", "relation": "uses"},
        {"source": "bailey lemma", "target": "q-gamma", "relation": "defines"},
    ]
    graph = read_json(tmp_path, nodes, edges)
    assert graph.concepts[0] == Concept(
        "bailey lemma", "Bailey's lemma", "theorem", "A longer text.", ("Bailey chain",), "imported"
    )
    assert [(c.id, c.type) for c in graph.concepts[1:]] == [
        ("q-gamma function", "object"),
        ("richard stanley", "person"),
    ]
    assert [(r.source, r.type, r.target) for r in graph.relations] == [
        ("bailey lemma", "uses", "q-gamma function"),
        ("q-gamma function", "related_to", "bailey lemma"),
        ("q-gamma function", "conjectured_by", "richard stanley"),
        ("q-gamma function", "defined_in", "bailey lemma"),
    ]
    assert graph.skipped == {
        "duplicate edges": 1,
        "edges enumerates": 1,
        "edges uses of left-out nodes": 1,
        "edges uses of missing nodes": 1,
        "nodes that are only a statement number": 1,
        "self-loops": 1,
    }
    assert graph.mapped == {
        "are_related_to -> related_to": 1,
        "conjectured_by -> conjectured_by (reversed)": 1,
        "defines -> defined_in (reversed)": 1,
        "node type function -> object": 1,
        "nodes merged by name": 1,
        "used -> uses": 1,
    }


def test_a_graph_of_papers_authors_and_results_is_read(tmp_path):
    nodes = [
        {"id": "paper:x", "label": "x_2020", "type": "paper", "papers": ["x"]},
        {"id": "author:w", "label": "Wheeler", "type": "author", "papers": ["x"]},
        {"id": "concept:hl", "label": "Hall-Littlewood polynomials", "type": "concept"},
        {"id": "result:a", "label": "Theorem 2 (Cauchy identity)", "type": "result"},
        {"id": "result:b", "label": "refined Cauchy identity", "type": "result"},
    ]
    edges = [
        {"source": "author:w", "target": "paper:x", "relation": "authored"},
        {"source": "paper:x", "target": "concept:hl", "relation": "discusses"},
        {"source": "result:b", "target": "result:a", "relation": "generalises"},
        {"source": "result:a", "target": "result:b", "relation": "follows from"},
        {"source": "result:b", "target": "result:a", "relation": "specialises_to"},
        {"source": "concept:hl", "target": "result:a", "relation": "is_used_by"},
        {"source": "result:a", "target": "concept:hl", "relation": "conjectures"},
        {"source": "author:w", "target": "result:b", "relation": "conjectures"},
        {"source": "result:a", "target": "result:b", "relation": "special-case of"},
    ]
    graph = read_json(tmp_path, nodes, edges, key="edges")
    cauchy, refined = "cauchy identity", "refined cauchy identity"
    assert {c.id: c.type for c in graph.concepts} == {
        "wheeler": "person", "hall-littlewood polynomial": "object", cauchy: "theorem", refined: "theorem",
    }  # fmt: skip
    assert [(r.source, r.type, r.target) for r in graph.relations] == [
        (refined, "generalizes", cauchy),
        (refined, "implies", cauchy),
        (refined, "specializes_to", cauchy),
        (cauchy, "uses", "hall-littlewood polynomial"),
        (refined, "conjectured_by", "wheeler"),
    ]
    assert graph.skipped == {
        "duplicate edges": 1,
        "edges authored of left-out nodes": 1,
        "edges conjectures": 1,
        "edges discusses of left-out nodes": 1,
        "nodes of type paper": 1,
    }
    assert graph.mapped["follows from -> implies (reversed)"] == 1
    assert graph.mapped["statement numbers taken off names"] == 1
    assert graph.mapped["node type result -> theorem"] == 2


def test_d3_links_may_hold_their_nodes(tmp_path):
    nodes = [{"id": 1, "name": "poset"}, {"id": 2, "name": "lattice"}]
    edges = [{"source": nodes[1], "target": nodes[0], "type": "is_a"}]
    (relation,) = read_json(tmp_path, nodes, edges).relations
    assert (relation.source, relation.type, relation.target) == (
        "lattice",
        "is_instance_of",
        "poset",
    )


def test_graphml_of_other_programs_is_read(tmp_path):
    view = nx.DiGraph()
    view.add_node("n1", label="Möbius functions", kind="x")
    view.add_node("n2", name="incidence algebra")
    view.add_node("n3", label="  ")
    view.add_edge("n1", "n2", label="is defined in")
    path = tmp_path / "foreign.GRAPHML"
    nx.write_graphml_xml(view, path)
    graph = read_graph_file(path)
    assert [c.name for c in graph.concepts] == ["Möbius functions", "incidence algebra"]
    assert [(r.source, r.type) for r in graph.relations] == [("mobius function", "defined_in")]
    assert graph.skipped == {"nodes without a name": 1}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "{", "not a graph file"),
        ("a.json", "[1, 2]", "no lists of nodes and links"),
        ("a.json", '{"nodes": [], "links": 3}', "no lists of nodes and links"),
        ("a.json", '{"nodes": [{"label": "x"}], "links": []}', "node 0 has no id"),
        ("a.json", '{"nodes": [], "edges": [{"source": 1}]}', "edge 0 has no source and target"),
        ("a.json", '{"nodes": ["x"], "edges": []}', "node 0"),
        ("a.json", b"\xff\xfe\x00", "not a graph file"),
        ("a.json", "[" * 100_000, "not a graph file"),
        ("a.graphml", "<graphml><graph>", "not a graph file"),
        ("a.graphml", "<html></html>", "not a graph file"),
        ("a.graphml", "", "not a graph file"),
    ],
)  # fmt: skip
def test_malformed_files_say_what_was_expected(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=words) as caught:
        read_graph_file(path)
    assert str(path) in str(caught.value)
    assert "expected GraphML or node-link JSON" in str(caught.value)


def test_a_missing_file_or_a_folder_cannot_be_read(tmp_path):
    for path in (tmp_path / "none.json", tmp_path / "none.graphml", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_graph_file(path)
