"""What extractors saw in the chunks, and imported graphs: the facts that the graph is resolved from."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from sqlite_utils import Database

from graphtune.kg.schema import Row, read_chunk, write_rows
from graphtune.records import Chunk, Concept, Extraction, FoundConcept, FoundRelation, Relation


def pending_chunks(db: Database, extractor: str, version: str) -> list[tuple[str, Chunk]]:
    """Return (paper title, chunk) where this version of the extractor has no good answer yet."""
    # Chunks that failed before come last: they must not keep the others from their turn.
    rows = db.query(
        "SELECT chunks.*, documents.title AS document_title FROM chunks "
        "JOIN documents ON documents.id = document_id "
        "LEFT JOIN extractions e ON e.chunk_id = chunks.id AND e.extractor = :extractor "
        "WHERE e.chunk_id IS NULL OR e.status <> 'ok' OR e.version <> :version "
        "ORDER BY e.status IS NOT NULL AND e.status = 'failed', documents.path, position",
        {"extractor": extractor, "version": version},
    )
    return [(row.pop("document_title"), read_chunk(row)) for row in rows]


def save_extractions(
    db: Database, extractor: str, version: str, found: Iterable[tuple[Chunk, Extraction | str]]
) -> None:
    """Store findings; a string in place of an extraction says why the chunk failed."""
    with db.atomic():
        for chunk, result in found:
            key = {"chunk_id": chunk.id, "extractor": extractor}
            failed = isinstance(result, str)
            extraction = Extraction() if isinstance(result, str) else result
            if not failed:
                for table in ("found_concepts", "found_relations"):
                    db.execute(
                        f"DELETE FROM {table} WHERE chunk_id = ? AND extractor = ?",
                        list(key.values()),
                    )
            db.table("extractions").insert(
                {
                    **key,
                    "version": version,
                    "status": "failed" if failed else "ok",
                    "message": result if isinstance(result, str) else "",
                    "rejected": sum(number for _, number in extraction.rejections),
                    "rejections": json.dumps(dict(extraction.rejections)),
                },
                replace=True,
            )
            write_rows(
                db,
                "found_concepts",
                (
                    {**asdict(c), **key, "aliases": json.dumps(c.aliases)}
                    for c in extraction.concepts
                ),
            )
            write_rows(db, "found_relations", ({**asdict(r), **key} for r in extraction.relations))


def read_findings(db: Database, extractor: str) -> Iterator[tuple[str, str, FoundConcept]]:
    """Yield (document id, chunk id, concept) for all an extractor found, by paper and place."""
    for row in _query_findings(db, "found_concepts", extractor):
        document_id, chunk_id = row.pop("document_id"), row.pop("chunk_id")
        yield (
            document_id,
            chunk_id,
            FoundConcept(**{**row, "aliases": tuple(json.loads(row["aliases"]))}),
        )


def read_found_relations(db: Database, extractor: str) -> Iterator[tuple[str, FoundRelation]]:
    """Yield (chunk id, relation) for all an extractor found, by paper and place."""
    for row in _query_findings(db, "found_relations", extractor):
        del row["document_id"]
        yield row.pop("chunk_id"), FoundRelation(**row)


def _query_findings(db: Database, table: str, extractor: str) -> Iterator[Row]:
    for row in db.query(
        f"SELECT chunks.document_id, {table}.* FROM {table} JOIN chunks ON chunks.id = chunk_id "
        "JOIN documents ON documents.id = document_id WHERE extractor = ? "
        f"ORDER BY documents.id, chunks.position, {table}.start, {table}.rowid",
        [extractor],
    ):
        del row["extractor"]
        yield row


def count_extractions(db: Database, extractor: str) -> dict[str, int]:
    """Return how many chunks are `ok`, `failed` and how many records were `rejected`."""
    rows = db.query(
        "SELECT status, count(*) AS n, sum(rejected) AS rejected FROM extractions "
        "WHERE extractor = ? GROUP BY status",
        [extractor],
    )
    counts = {"ok": 0, "failed": 0, "rejected": 0}
    for row in rows:
        counts[row["status"]] = row["n"]
        counts["rejected"] += row["rejected"]
    return counts


def list_failures(db: Database, extractor: str) -> dict[str, int]:
    """Return why chunks failed, and how many for each reason, the most frequent first."""
    rows = db.query(
        "SELECT message, count(*) AS n FROM extractions WHERE extractor = ? AND status = 'failed' "
        "GROUP BY message ORDER BY n DESC, message",
        [extractor],
    )
    return {row["message"]: row["n"] for row in rows}


def save_import(
    db: Database, sha256: str, path: str, concepts: list[Concept], relations: list[Relation]
) -> None:
    """Store an imported graph; importing the same file again changes nothing."""
    db.table("imports").insert(
        {
            "sha256": sha256,
            "path": path,
            "concepts": json.dumps([asdict(concept) for concept in concepts]),
            "relations": json.dumps([asdict(relation) for relation in relations]),
        },
        replace=True,
    )


def read_imports(db: Database) -> Iterator[tuple[list[Concept], list[Relation]]]:
    """Yield the concepts and relations of each imported graph."""
    for row in db.query("SELECT concepts, relations FROM imports ORDER BY sha256"):
        concepts = [
            Concept(**{**c, "aliases": tuple(c["aliases"])}) for c in json.loads(row["concepts"])
        ]
        yield concepts, [Relation(**relation) for relation in json.loads(row["relations"])]
