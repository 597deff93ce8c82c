"""The tables of `graph.db`, as append-only migrations: never change one, add the next."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from itertools import chain
from operator import attrgetter
from typing import Any

from sqlite_utils import Database, Migrations

from graphtune.kg.names import normalize_name
from graphtune.records import Box, Chunk, Quality, Span, Unit

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


@migrations()
def m002_structure_of_papers(db: Database) -> None:
    """Add authors, warnings and removals of papers, the structure of chunks, and edges between them."""
    db.executescript("""
    ALTER TABLE documents ADD COLUMN authors TEXT NOT NULL DEFAULT '';
    ALTER TABLE documents ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE documents ADD COLUMN removed TEXT NOT NULL DEFAULT '[]';

    ALTER TABLE chunks ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
    ALTER TABLE chunks ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
    ALTER TABLE chunks ADD COLUMN units TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE chunks ADD COLUMN boxes TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE chunks ADD COLUMN quality TEXT NOT NULL DEFAULT '[1, 0, 0, 0]';
    ALTER TABLE chunks ADD COLUMN content_id TEXT NOT NULL DEFAULT '';
    CREATE TABLE chunk_links (
        source TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE, type TEXT NOT NULL,
        target TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, weight REAL NOT NULL
    );
    CREATE INDEX chunk_links_source ON chunk_links(source, type);
    CREATE INDEX chunk_links_target ON chunk_links(target, type);
    CREATE TABLE chunk_signatures (
        chunk_id TEXT PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE, signature BLOB NOT NULL
    );
    """)


@migrations()
def m003_replies_merges_and_edits(db: Database) -> None:
    """Add the model's replies, reasons of rejections, merges, edits by hand, and an index of names."""
    db.executescript("""
    CREATE TABLE replies (
        key TEXT PRIMARY KEY, model TEXT NOT NULL, content TEXT NOT NULL,
        finish_reason TEXT NOT NULL, output_limit INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, cost REAL,
        seconds REAL NOT NULL
    );
    ALTER TABLE extractions ADD COLUMN rejections TEXT NOT NULL DEFAULT '{}';
    CREATE TABLE edits (
        id INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, arguments TEXT NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE merges (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kept TEXT NOT NULL, gone TEXT NOT NULL,
        reason TEXT NOT NULL, name TEXT NOT NULL, chunk_id TEXT, start INTEGER, "end" INTEGER,
        UNIQUE (kept, gone)
    );
    CREATE TABLE verdicts (
        kept TEXT NOT NULL, gone TEXT NOT NULL, same INTEGER NOT NULL, PRIMARY KEY (kept, gone)
    ) WITHOUT ROWID;
    CREATE TABLE names (
        form TEXT NOT NULL,
        concept_id TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE,
        reversed TEXT NOT NULL,
        PRIMARY KEY (form, concept_id)
    ) WITHOUT ROWID;
    CREATE INDEX names_reversed ON names(reversed);
    CREATE INDEX names_concept ON names(concept_id);
    CREATE INDEX relations_chunk ON relations(chunk_id);
    ALTER TABLE relations ADD COLUMN note TEXT NOT NULL DEFAULT '';

    -- A concept's mentions side by side: without row numbers the table is its own index.
    ALTER TABLE mentions RENAME TO old_mentions;
    CREATE TABLE mentions (
        concept_id TEXT NOT NULL REFERENCES concepts(id) ON DELETE CASCADE,
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, role TEXT NOT NULL,
        PRIMARY KEY (concept_id, chunk_id, start, "end")
    ) WITHOUT ROWID;
    INSERT INTO mentions SELECT concept_id, chunk_id, start, "end", role FROM old_mentions;
    DROP TABLE old_mentions;
    CREATE INDEX mentions_chunk ON mentions(chunk_id);
    """)
    known = "SELECT name, id FROM concepts UNION SELECT alias, concept_id FROM aliases"
    write_names(db, db.execute(known))


@migrations()
def m004_rounds(db: Database) -> None:
    """Add what rounds of the loop brought: mentions, and the edits that merge."""
    db.executescript("""
    CREATE TABLE rounds (number INTEGER PRIMARY KEY);
    CREATE TABLE round_mentions (
        round INTEGER NOT NULL REFERENCES rounds(number) ON DELETE CASCADE, name TEXT NOT NULL,
        chunk_id TEXT NOT NULL REFERENCES chunks(id) ON DELETE CASCADE,
        start INTEGER NOT NULL, "end" INTEGER NOT NULL, role TEXT NOT NULL, origin TEXT NOT NULL,
        PRIMARY KEY (round, name, chunk_id, start, "end")
    ) WITHOUT ROWID;
    CREATE INDEX round_mentions_chunk ON round_mentions(chunk_id);
    ALTER TABLE edits ADD COLUMN round INTEGER REFERENCES rounds(number) ON DELETE CASCADE;
    """)


def write_names(db: Database, names: Iterable[tuple[str, str]]) -> None:
    """Index (name or alias, concept id) by normal forms, read from both ends (see `kg.lookup`)."""
    forms = sorted({(normalize_name(name), key) for name, key in names})
    rows = ({"form": form, "concept_id": key, "reversed": form[::-1]} for form, key in forms)
    write_rows(db, "names", rows)


def write_rows(db: Database, table: str, rows: Iterable[Row]) -> None:
    """Insert rows, all with the columns of the first."""
    rows = iter(rows)
    if first := next(rows, None):
        columns = ", ".join(f'"{column}"' for column in first)
        marks = ", ".join(f":{column}" for column in first)
        with db.atomic():
            command = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            db.conn.executemany(command, chain([first], rows))


def write_records(db: Database, table: str, records: Iterable[Any], columns: Sequence[str]) -> None:
    """Insert the named fields of records; much faster than rows where there are millions."""
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" for _ in columns)
    with db.atomic():
        command = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        db.conn.executemany(command, map(attrgetter(*columns), records))


def write_chunk(chunk: Chunk) -> Row:
    """Turn a record into a row of `chunks`."""
    row = {field.name: getattr(chunk, field.name) for field in fields(chunk)}
    lists = {name: json.dumps(row[name]) for name in ("emphasis", "boxes")}
    units = json.dumps([astuple(unit) for unit in chunk.units], ensure_ascii=False)
    return {**row, **lists, "units": units, "quality": json.dumps(astuple(chunk.quality))}


def read_chunk(row: Row) -> Chunk:
    """Turn a row of `chunks` into a record."""
    loaded = {name: json.loads(row[name]) for name in ("emphasis", "boxes", "units", "quality")}
    return Chunk(
        **{
            **row,
            "emphasis": tuple(Span(*span) for span in loaded["emphasis"]),
            "boxes": tuple(Box(*box) for box in loaded["boxes"]),
            "units": tuple(Unit(*unit) for unit in loaded["units"]),
            "quality": Quality(*loaded["quality"]),
        }
    )
