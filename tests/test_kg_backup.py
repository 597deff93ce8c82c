"""Copies of a database that others write to."""

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune.cli import main
from graphtune.errors import WorkspaceError
from graphtune.kg.backup import backup_database
from graphtune.kg.store import GraphStore
from graphtune.records import Concept
from graphtune.workspace import Workspace


def test_a_copy_made_while_another_writes_is_one_moment(tmp_path: Path) -> None:
    source = tmp_path / "graph.db"
    GraphStore(source).db.close()
    stop = threading.Event()
    generations = []

    def write() -> None:
        with GraphStore(source) as store:
            while not stop.is_set():
                generation = len(generations)
                concepts = [Concept(f"{generation}-{n}", "x" * 500, "object") for n in range(200)]
                store.replace_graph(concepts, [], [], {})
                generations.append(generation)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not generations:
            pass
        copies = [tmp_path / f"copy{n}.db" for n in range(5)]
        for copy in copies:
            assert backup_database(source, copy) == copy.stat().st_size
    finally:
        stop.set()
        writer.join()
    assert len(generations) > 1
    for copy in copies:
        with GraphStore(copy) as store:
            ids = [concept.id for concept in store.concepts()]
        assert len(ids) == 200
        assert len({key.split("-")[0] for key in ids}) == 1


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "graph.db", tmp_path / "copy.db"
    GraphStore(source).db.close()
    target.write_text("precious")
    with pytest.raises(WorkspaceError, match="--force"):
        backup_database(source, target)
    assert target.read_text() == "precious"
    backup_database(source, target, force=True)
    with GraphStore(target) as store:
        assert store.concepts() == []
    with pytest.raises(WorkspaceError, match="name another file"):
        backup_database(source, source, force=True)


def test_a_damaged_database_gives_no_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "graph.db", tmp_path / "copy.db"
    with GraphStore(source) as store:
        store.replace_graph([Concept(str(n), "x" * 500, "object") for n in range(500)], [], [], {})
        store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(source.read_bytes())
    half = len(data) // 2
    data[half : half + 20_000] = b"\xff" * 20_000
    source.write_bytes(data)
    with pytest.raises((WorkspaceError, sqlite3.DatabaseError)):
        backup_database(source, target)
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_the_command(workspace: Workspace) -> None:
    empty = CliRunner().invoke(main, ["backup", "-w", str(workspace.root)])
    assert empty.exit_code == 1
    assert "nothing to copy" in empty.output
    GraphStore(workspace.database).db.close()
    run = CliRunner().invoke(main, ["backup", "-w", str(workspace.root), "--json"])
    data = json.loads(run.stdout)
    with closing(sqlite3.connect(data["file"])) as copy:
        assert copy.execute("SELECT count(*) FROM concepts").fetchone() == (0,)
    assert Path(data["file"]).parent == workspace.root
