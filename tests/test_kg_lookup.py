"""Looking a concept up by name, with its relations and mentions, without loading the graph."""

from dataclasses import fields
from pathlib import Path

import pytest
from sqlite_utils import Database

from graphtune.kg.lookup import (
    count_mentions_of,
    find_concepts,
    read_concept,
    read_mentions_of,
    read_relations_of,
    suggest_names,
)
from graphtune.kg.schema import migrations
from graphtune.kg.store import GraphStore
from graphtune.records import Chunk, Concept, Document, Mention, Reading, Relation

TEXT = "Schur functions generalize to Macdonald polynomials, said Macdonald."
SCHUR = Concept("schur function", "Schur function", "object", "a basis", ("S-function",))
CONCEPTS = [
    SCHUR,
    Concept("skew schur function", "skew Schur function", "object"),
    Concept("macdonald polynomial", "Macdonald polynomial", "object"),
    Concept("normal (operator)", "normal", "object"),
    Concept("normal (subgroup)", "normal", "object"),
]
MENTIONS = [
    Mention("schur function", "c1", 0, 15, "mentions"),
    Mention("schur function", "c2", 0, 15, "defines"),
    Mention("macdonald polynomial", "c1", 30, 51, "uses"),
]
RELATIONS = [
    Relation("macdonald polynomial", "generalizes", "schur function", "rules", "c1", 0, 51),
    Relation("schur function", "related_to", "skew schur function", "imported"),
    Relation("schur function", "uses", "schur function", "hand"),
]


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    store = GraphStore(tmp_path / "graph.db")
    chunks = tuple(
        Chunk(f"c{n}", "d", n, TEXT, 0, len(TEXT), f"{n} Start", n, n, 9) for n in (1, 2)
    )
    document = Document("d", "/a.txt", "d", "txt", "A paper", TEXT)
    store.save_reading(Reading("/a.txt", "ok", "", document, chunks), "d", "v1")
    store.replace_graph(CONCEPTS, MENTIONS, RELATIONS, {})
    return store


@pytest.mark.parametrize(
    "name",
    ["Schur function", "Schur Functions", "the Schur functions", "S-Functions", "schur function"],
)
def test_names_and_aliases_in_any_spelling(store: GraphStore, name: str) -> None:
    assert find_concepts(store, name) == [SCHUR]


def test_a_shared_name_gives_all_that_have_it(store: GraphStore) -> None:
    ids = [concept.id for concept in find_concepts(store, "normal")]
    assert ids == ["normal (operator)", "normal (subgroup)"]
    assert [c.id for c in find_concepts(store, "normal (operator)")] == ["normal (operator)"]
    assert find_concepts(store, "Schubert") == find_concepts(store, "") == []
    assert read_concept(store, "Schubert") is None


def test_relations_come_with_names_and_evidence(store: GraphStore) -> None:
    rows = read_relations_of(store, "schur function")
    assert [(row["source_name"], row["type"], row["target_name"]) for row in rows] == [
        ("Schur function", "related_to", "skew Schur function"),
        ("Schur function", "uses", "Schur function"),
        ("Macdonald polynomial", "generalizes", "Schur function"),
    ]
    assert [(row["quote"], row["title"], row["page"]) for row in rows] == [
        (None, None, None),
        (None, None, None),
        (TEXT[:51], "A paper", 1),
    ]
    assert read_relations_of(store, "schur function", limit=2) == rows[:2]
    extra = {"source_name", "target_name", "title", "quote", "page"}
    assert rows[0].keys() - extra == {field.name for field in fields(Relation)}


def test_mentions_come_with_their_place_strongest_first(store: GraphStore) -> None:
    rows = read_mentions_of(store, "schur function")
    assert [(row["role"], row["page"], row["heading"]) for row in rows] == [
        ("defines", 2, "2 Start"),
        ("mentions", 1, "1 Start"),
    ]
    (row,) = read_mentions_of(store, "macdonald polynomial")
    assert row["context"] == TEXT  # 60 characters on each side reach both ends
    assert count_mentions_of(store, "schur function") == 2
    (row,) = read_mentions_of(store, "schur function", limit=1)
    assert row["role"] == "defines"


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("Schur funktion", "Schur function"),
        ("Mcdonald polynomials", "Macdonald polynomial"),
        ("Macdonald", "Macdonald polynomial"),
        ("skew Schur functoin", "skew Schur function"),
    ],
)
def test_near_names_are_suggested(store: GraphStore, asked: str, first: str) -> None:
    assert suggest_names(store, asked)[0] == first


def test_nothing_near_suggests_nothing(store: GraphStore) -> None:
    assert suggest_names(store, "Banach space") == suggest_names(store, "…") == []
    assert "Schur function" in suggest_names(store, "function")


def test_every_query_goes_by_an_index(store: GraphStore) -> None:
    asked: list[str] = []
    store.db.conn.set_trace_callback(asked.append)
    for concept in find_concepts(store, "S-function"):
        read_relations_of(store, concept.id)
        read_mentions_of(store, concept.id)
        count_mentions_of(store, concept.id)
    suggest_names(store, "Schur funktion")
    store.db.conn.set_trace_callback(None)
    assert len(asked) > 8
    for query in asked:
        plan = [row[3] for row in store.db.execute(f"EXPLAIN QUERY PLAN {query}")]
        # r, m and the subquery are the few rows that an inner query found.
        scans = {step.split()[1] for step in plan if step.startswith("SCAN")}
        assert scans <= {"r", "m", "(subquery-2)"}, plan


def test_an_older_graph_is_indexed_when_opened(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    db = Database(path)
    migrations.apply(db, stop_before="m003_replies_merges_and_edits")
    db.executescript("""
    INSERT INTO documents (id, path, sha256, format, title, text, page_starts, headings, chunking)
    VALUES ('d', '/a', 'd', 'txt', 'A', 'x', '[0]', '[]', 'v');
    INSERT INTO chunks (id, document_id, position, text, start, "end", heading, page_start, page_end,
        n_tokens, emphasis) VALUES ('c', 'd', 0, 'Schur', 0, 5, '', 1, 1, 1, '[]');
    INSERT INTO concepts VALUES ('schur function', 'Schur function', 'object', '', 'rules');
    INSERT INTO aliases VALUES ('schur function', 'S-function');
    INSERT INTO mentions VALUES ('schur function', 'c', 0, 5, 'uses');
    """)
    db.close()
    with GraphStore(path) as store:
        assert [c.name for c in find_concepts(store, "s-functions")] == ["Schur function"]
        assert store.mentions() == [Mention("schur function", "c", 0, 5, "uses")]
        store.delete_file("/a")
        assert store.mentions() == []
