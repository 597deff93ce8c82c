"""The SQLite file that holds a workspace's papers, chunks, findings and concept graph.

Findings (what an extractor saw in a chunk) are kept apart from the graph that is resolved from
them: a paper can leave, an extractor can improve, and the graph is made again from what remains.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, astuple, fields
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from sys import intern
from typing import Any, Self

from sqlite_utils import Database

from graphtune.errors import WorkspaceError
from graphtune.kg.schema import (
    Row,
    migrations,
    read_chunk,
    write_chunk,
    write_names,
    write_records,
    write_rows,
)
from graphtune.records import (
    ROLES,
    Chunk,
    ChunkLink,
    Concept,
    Mention,
    Reading,
    Relation,
)

_CONCEPT_COLUMNS = ("id", "name", "type", "description", "origin")


class GraphStore:
    """An open `graph.db`. Use it as a context manager; every writing method is one transaction.

    Raises:
        WorkspaceError: the file is no database, is corrupt, or was made by a newer graphtune.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.db = Database(path)
            self.db.execute("PRAGMA foreign_keys = ON")
            self.db.execute("PRAGMA busy_timeout = 60000")
            self.db.execute("PRAGMA cache_size = -262144")  # KiB, taken only as far as needed
            known = {migration.name for migration in migrations.pending(Database(memory=True))}
            unknown = {migration.name for migration in migrations.applied(self.db)} - known
            if unknown:
                raise WorkspaceError(
                    f"{path} was written by a newer graphtune (it has {sorted(unknown)[0]!r}); "
                    "upgrade with: pip install -U graphtune"
                )
            if migrations.pending(self.db):
                self.db.enable_wal()
                migrations.apply(self.db)
        except sqlite3.OperationalError as error:
            raise WorkspaceError(
                f"{path} cannot be opened ({error}): see that its folder can be written to, that "
                "the disk has room, and that no other program holds the file"
            ) from error
        except sqlite3.DatabaseError as error:
            raise WorkspaceError(
                f"{path} cannot be read as a graphtune database ({error}). Restore it from a copy, "
                "or move it away and run `graphtune build` again."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    # --- papers -------------------------------------------------------------------------------

    def files(self) -> dict[str, Row]:
        """Return a row (that of `files`, chunking, n_pages, n_chunks) for each known path."""
        rows = self.db.query(
            "SELECT files.*, documents.chunking, "
            "coalesce(json_array_length(page_starts), 0) AS n_pages, "
            "(SELECT count(*) FROM chunks WHERE chunks.document_id = documents.id) AS n_chunks "
            "FROM files "
            "LEFT JOIN documents ON documents.id = document_id ORDER BY files.path"
        )
        return {row["path"]: row for row in rows}

    def find_document(self, sha256: str, chunking: str) -> str | None:
        """Return the id of the paper with these bytes, if it was cut in this way."""
        rows = self.db.query(
            "SELECT id FROM documents WHERE sha256 = ? AND chunking = ?", [sha256, chunking]
        )
        return next((row["id"] for row in rows), None)

    def save_reading(self, reading: Reading, sha256: str, chunking: str) -> None:
        """Store how reading a file ended, with its paper, chunks and links if it has become one.

        What the path held before goes.
        """
        with self.db.atomic():
            self._forget_path(reading.path)
            document = reading.document
            if document:
                row = {
                    "id": document.id,
                    "path": reading.path,
                    "sha256": sha256,
                    "format": document.format,
                    "title": document.title,
                    "text": document.text,
                    "page_starts": json.dumps(document.page_starts),
                    "headings": json.dumps([asdict(heading) for heading in document.headings]),
                    "chunking": chunking,
                    "authors": document.authors,
                    "warnings": json.dumps(document.warnings, ensure_ascii=False),
                    "removed": json.dumps([astuple(item) for item in document.removed]),
                }
                self.db.table("documents").insert(row, replace=True)
                write_rows(self.db, "chunks", map(write_chunk, reading.chunks))
                write_rows(self.db, "chunk_links", map(asdict, reading.links))
            key = document.id if document else None
            self._save_file(reading.path, sha256, reading.status, reading.message, key)

    def save_duplicate_file(self, path: str, sha256: str, document_id: str) -> None:
        """Store that a file has the same bytes as a paper already held, and its status with it."""
        with self.db.atomic():
            twin = next(
                self.db.query(
                    "SELECT status, message FROM files WHERE document_id = ? ORDER BY path LIMIT 1",
                    [document_id],
                )
            )
            self._forget_path(path)
            self._save_file(path, sha256, twin["status"], twin["message"], document_id)

    def delete_file(self, path: str) -> None:
        """Forget a file, and its paper with all that only it supported."""
        with self.db.atomic():
            self._forget_path(path)

    def _save_file(
        self, path: str, sha256: str, status: str, message: str, document_id: str | None
    ) -> None:
        row = {"path": path, "sha256": sha256, "status": status, "message": message}
        self.db.table("files").insert({**row, "document_id": document_id}, replace=True)

    def _forget_path(self, path: str) -> None:
        # Mentions and relations go with their chunks, so the graph must be resolved again.
        self.db.execute("DELETE FROM meta WHERE key = 'graph_inputs'")
        self.db.execute("DELETE FROM files WHERE path = ?", [path])
        self.db.execute(
            "UPDATE documents SET path = (SELECT min(path) FROM files WHERE document_id = documents.id)"
            " WHERE path = ? AND EXISTS (SELECT 1 FROM files WHERE document_id = documents.id)",
            [path],
        )
        self.db.execute(
            "DELETE FROM documents WHERE id NOT IN "
            "(SELECT document_id FROM files WHERE document_id IS NOT NULL)"
        )

    def documents(self) -> list[Row]:
        """Return a row (id, path, title, n_pages, n_chunks) for each paper, by path."""
        return list(
            self.db.query(
                "SELECT id, path, title, json_array_length(page_starts) AS n_pages, "
                "(SELECT count(*) FROM chunks WHERE document_id = documents.id) AS n_chunks "
                "FROM documents ORDER BY path"
            )
        )

    def chunks(self) -> list[Chunk]:
        """Return all chunks, by the path of their paper and their position in it."""
        rows = self.db.query(
            "SELECT chunks.* FROM chunks JOIN documents ON documents.id = document_id "
            "ORDER BY documents.path, position"
        )
        return [read_chunk(row) for row in rows]

    def links(self) -> list[ChunkLink]:
        """Return the typed edges between chunks, in a fixed order."""
        query = 'SELECT * FROM chunk_links ORDER BY source, type, target, start, "end"'
        return [ChunkLink(**row) for row in self.db.query(query)]

    # --- the graph ----------------------------------------------------------------------------

    def replace_graph(
        self,
        concepts: Iterable[Concept],
        mentions: Iterable[Mention],
        relations: Iterable[Relation],
        meta: dict[str, str],
    ) -> None:
        """Put a newly resolved graph in the place of the old one."""
        concepts = list(concepts)
        aliases = [(concept.id, alias) for concept in concepts for alias in concept.aliases]
        names = [
            (name, concept.id) for concept in concepts for name in (concept.name, *concept.aliases)
        ]
        with self.db.atomic():
            for table in ("relations", "mentions", "names", "aliases", "concepts"):
                self.db.execute(f"DELETE FROM {table}")
            write_records(self.db, "concepts", concepts, _CONCEPT_COLUMNS)
            rows = ({"concept_id": key, "alias": alias} for key, alias in aliases)
            write_rows(self.db, "aliases", rows)
            write_names(self.db, names)
            write_records(self.db, "mentions", mentions, _columns(Mention))
            write_records(self.db, "relations", relations, _columns(Relation))
            self.db.table("meta").insert_all(
                [{"key": key, "value": value} for key, value in sorted(meta.items())], replace=True
            )

    def meta(self) -> dict[str, str]:
        """Return what the last resolution recorded about itself."""
        return {row["key"]: row["value"] for row in self.db.query("SELECT * FROM meta")}

    def concepts(self) -> list[Concept]:
        """Return all concepts with their aliases, by id."""
        aliases: dict[str, list[str]] = {}
        for row in self.db.query("SELECT * FROM aliases ORDER BY concept_id, alias"):
            aliases.setdefault(row["concept_id"], []).append(row["alias"])
        return [
            Concept(**row, aliases=tuple(aliases.get(row["id"], ())))
            for row in self.db.query("SELECT * FROM concepts ORDER BY id")
        ]

    def mentions(self) -> list[Mention]:
        """Return all mentions, by concept, chunk and place; they share their ids, which saves memory."""
        rows = self.db.execute(
            'SELECT concept_id, chunk_id, role, start, "end" FROM mentions '
            'ORDER BY concept_id, chunk_id, start, "end"'
        )
        roles = {role: role for role in ROLES}
        return [
            Mention(intern(concept), intern(chunk), start, end, roles[role])
            for concept, chunk, role, start, end in rows
        ]

    def count_mentions(self) -> dict[str, tuple[int, int]]:
        """Return for each concept its mentions outside bibliographies, and the papers they are in."""
        papers = dict(self.db.execute("SELECT id, document_id FROM chunks").fetchall())
        rows = self.db.execute(
            "SELECT concept_id, chunk_id FROM mentions WHERE role <> 'bibliography' ORDER BY concept_id"
        )
        counts = {}
        for key, group in groupby(rows, key=itemgetter(0)):
            held = [papers[chunk] for _, chunk in group]
            counts[key] = (len(held), len(set(held)))
        return counts

    def relations(self) -> list[Relation]:
        """Return all relations, in a fixed order."""
        query = "SELECT * FROM relations ORDER BY source, target, type, chunk_id, start"
        return [Relation(**row) for row in self.db.query(query)]

    def hashes(self) -> dict[str, str]:
        """Return sha256 of the corpus (passages) and of the graph, for the records of artefacts."""
        chunks = "SELECT id, prefix, text FROM chunks ORDER BY id"
        graph = [
            "SELECT * FROM concepts ORDER BY id",
            "SELECT * FROM aliases ORDER BY concept_id, alias",
            'SELECT * FROM mentions ORDER BY concept_id, chunk_id, start, "end"',
            "SELECT * FROM relations ORDER BY source, target, type, chunk_id, start",
        ]
        return {"corpus": self._hash_rows([chunks]), "graph": self._hash_rows(graph)}

    def _hash_rows(self, queries: list[str]) -> str:
        digest = hashlib.sha256()
        encode = json.JSONEncoder(ensure_ascii=False).encode  # one for all rows: half the time
        for query in queries:
            for row in self.db.execute(query):
                digest.update(encode(row).encode())
        return digest.hexdigest()


def _columns(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]
