"""The tables of `graph.db`, as append-only migrations: never change one, add the next."""

import json
from collections.abc import Iterable
from typing import Any

from sqlite_utils import Database, Migrations

from graphtune.records import Chunk, Span

Row = dict[str, Any]

migrations = Migrations("graphtune")


@migrations()
def m001_corpus_facts_and_graph(db: Database) -> None:
    """Papers and chunks, what extractors found in them, and the graph resolved from that."""
    db.executescript("""
    CREATE TABLE documents (
        id TEXT PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL, format TEXT NOT NULL,
        title TEXT NOT NULL, text TEXT NOT NULL, page_starts TEXT NOT NULL, headings TEXT NOT NULL,
        chunking TEXT NOT NULL
    );
    CREATE TABLE files (
        path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL,
        document_id TEXT REFERENCES documents(id) ON DELETE SET NULL
    );
    CREATE TABLE chunks (
        id TEXT PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        position INTEGER NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
        heading TEXT NOT NULL, page_start INTEGER NOT NULL, page_end INTEGER NOT NULL,
        n_tokens INTEGER NOT NULL, emphasis TEXT NOT NULL
    );
    CREATE INDEX chunks_document ON chunks(document_id, position);

    CREATE TABLE extractions (
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        extractor TEXT NOT NULL, version TEXT NOT NULL,
        status TEXT NOT NULL, message TEXT NOT NULL, rejected INTEGER NOT NULL,
        PRIMARY KEY (chunk_id, extractor)
    );
    CREATE TABLE found_concepts (
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE, extractor TEXT NOT NULL,
        name TEXT NOT NULL, type TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
        description TEXT NOT NULL, aliases TEXT NOT NULL, role TEXT NOT NULL
    );
    CREATE INDEX found_concepts_chunk ON found_concepts(chunk_id, extractor);
    CREATE TABLE found_relations (
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE, extractor TEXT NOT NULL,
        source TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL
    );
    CREATE INDEX found_relations_chunk ON found_relations(chunk_id, extractor);
    CREATE TABLE imports (
        sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, concepts TEXT NOT NULL, relations TEXT NOT NULL
    );

    CREATE TABLE concepts (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, description TEXT NOT NULL,
        origin TEXT NOT NULL
    );
    CREATE TABLE aliases (
        concept_id TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE, alias TEXT NOT NULL,
        PRIMARY KEY (concept_id, alias)
    );
    CREATE TABLE mentions (
        concept_id TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE,
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, role TEXT NOT NULL,
        PRIMARY KEY (concept_id, chunk_id, start, "end")
    );
    CREATE INDEX mentions_chunk ON mentions(chunk_id);
    CREATE TABLE relations (
        source TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE, type TEXT NOT NULL,
        target TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE, origin TEXT NOT NULL,
        chunk_id TEXT REFERENCES chunks(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL
    );
    CREATE INDEX relations_source ON relations(source);
    CREATE INDEX relations_target ON relations(target);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    """)


def write_rows(db: Database, table: str, rows: Iterable[Row]) -> None:
    """Insert rows, a thousand a statement."""
    db.table(table).insert_all(rows, batch_size=1000)


def read_chunk(row: Row) -> Chunk:
    """Turn a row of `chunks` into a record."""
    emphasis = tuple(Span(*span) for span in json.loads(row["emphasis"]))
    return Chunk(**{**row, "emphasis": emphasis})
