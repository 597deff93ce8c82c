import json
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from graphtune.errors import WorkspaceError
from graphtune.kg.findings import count_extractions, pending_chunks, read_findings, save_extractions
from graphtune.kg.store import GraphStore
from graphtune.records import (
    Box,
    Chunk,
    Concept,
    Document,
    Extraction,
    FoundConcept,
    Mention,
    Quality,
    Reading,
    Relation,
    Span,
    Unit,
)

TEXT = "A partition is a sequence."


def make_document(key: str, path: str) -> Document:
    return Document(key, path, key * 4, "txt", f"Paper {key}", TEXT)


def make_chunk(key: str, document: str) -> Chunk:
    return Chunk(
        key, document, 0, TEXT, 0, len(TEXT), "1 Start", 1, 1, 6, (Span(2, 11),), "1 Start",
        "statement", (Unit(0, 9, "statement", 4, "Lemma", "1", "Hall"),),
        (Box(1, 0.5, 1, 2, 3),), Quality(0.5, 0.1, 0.2, 0.3), "abc",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    return GraphStore(tmp_path / "graph.db")


def add(store: GraphStore, key: str, path: str) -> None:
    document = make_document(key, path)
    reading = Reading(path, "ok", "", document, (make_chunk(f"c{key}", key),))
    store.save_reading(reading, document.sha256, "v1")


def test_what_is_stored_comes_back(store: GraphStore) -> None:
    add(store, "d1", "/a.txt")
    assert store.chunks() == [make_chunk("cd1", "d1")]
    assert store.files()["/a.txt"]["chunking"] == "v1"
    row = store.documents()[0]
    assert (row["title"], row["n_pages"], row["n_chunks"]) == ("Paper d1", 1, 1)


def test_the_file_is_in_wal_mode_and_checks_foreign_keys(store: GraphStore) -> None:
    assert store.db.journal_mode == "wal"
    with pytest.raises(sqlite3.IntegrityError):
        store.db.table("chunks").insert(
            {**dict.fromkeys(store.db["chunks"].columns_dict, 0), "id": "x"}
        )


def test_a_deleted_file_takes_along_what_only_it_supported(store: GraphStore) -> None:
    add(store, "d1", "/a.txt")
    add(store, "d2", "/b.txt")
    found = Extraction((FoundConcept("partition", "object", 2, 11),))
    save_extractions(store.db, "rules", "1", [(chunk, found) for chunk in store.chunks()])
    concept = Concept("partition", "partition", "object", aliases=("partition of n",))
    mentions = [Mention("partition", f"cd{n}", 2, 11, "defines") for n in (1, 2)]
    relation = Relation("partition", "uses", "partition", "rules", "cd1", 0, 5)
    store.replace_graph([concept], mentions, [relation], {"k": "v"})
    store.delete_file("/a.txt")
    assert store.mentions() == mentions[1:]
    assert store.relations() == []
    assert store.concepts() == [concept]
    assert [c.name for _, _, c in read_findings(store.db, "rules")] == ["partition"]


def test_a_duplicate_keeps_the_paper_when_the_first_copy_goes(store: GraphStore) -> None:
    add(store, "d1", "/a.txt")
    store.save_duplicate_file("/copy.txt", "d1" * 4, "d1")
    store.delete_file("/a.txt")
    assert [row["path"] for row in store.documents()] == ["/copy.txt"]
    store.delete_file("/copy.txt")
    assert store.documents() == []


def test_failed_chunks_stay_pending_and_keep_earlier_findings(store: GraphStore) -> None:
    add(store, "d1", "/a.txt")
    chunk = store.chunks()[0]
    found = Extraction(
        (FoundConcept("partition", "object", 2, 11),), rejections=(("no evidence", 2),)
    )
    save_extractions(store.db, "llm", "1", [(chunk, found)])
    assert pending_chunks(store.db, "llm", "1") == []
    assert [title for title, _ in pending_chunks(store.db, "llm", "2")] == ["Paper d1"]
    save_extractions(store.db, "llm", "2", [(chunk, "the reply was no JSON")])
    assert len(pending_chunks(store.db, "llm", "2")) == 1
    assert len(list(read_findings(store.db, "llm"))) == 1
    assert count_extractions(store.db, "llm") == {"ok": 0, "failed": 1, "rejected": 0}


def test_an_interrupted_write_leaves_the_old_graph(store: GraphStore) -> None:
    concept = Concept("a", "a", "object")
    store.replace_graph([concept], [], [], {})
    broken = [Mention("a", "no such chunk", 0, 1, "uses")]
    with pytest.raises(sqlite3.IntegrityError):
        store.replace_graph([Concept("b", "b", "object")], broken, [], {})
    assert store.concepts() == [concept]


def test_hashes_follow_the_content(store: GraphStore) -> None:
    before = store.hashes()
    add(store, "d1", "/a.txt")
    after = store.hashes()
    assert before["corpus"] != after["corpus"]
    assert before["graph"] == after["graph"]


def test_a_corrupt_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "graph.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(WorkspaceError, match=r"graph\.db cannot be read"):
        GraphStore(tmp_path / "graph.db")


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    GraphStore(path).db.close()
    db = Database(path)
    row = {"migration_set": "graphtune", "name": "m999_later", "applied_at": "2030-01-01"}
    db.table("_sqlite_migrations").insert(row)
    db.close()
    with pytest.raises(WorkspaceError, match="newer graphtune"):
        GraphStore(path)


def test_emphasis_is_stored_as_plain_json(store: GraphStore) -> None:
    add(store, "d1", "/a.txt")
    assert json.loads(next(store.db.query("SELECT emphasis FROM chunks"))["emphasis"]) == [[2, 11]]
