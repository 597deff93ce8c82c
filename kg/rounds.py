"""What rounds of the loop added to the graph, as rows of their own: a round leaves with its rows."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from sqlite_utils import Database

from graphtune.kg.resolution.edits import save_edit
from graphtune.kg.resolution.groups import Finding
from graphtune.kg.schema import write_rows
from graphtune.records import FoundConcept, Mention

#: Who confirmed what the model found.
Origin = Literal["rules", "llm"]


class NewMention(NamedTuple):
    """A mention to be added, by the name of its concept."""

    name: str
    mention: Mention
    origin: Origin


class NewMerge(NamedTuple):
    """Two concepts to be made one, by their names, and why."""

    kept: str
    gone: str
    reason: str


def save_round(
    db: Database, number: int, mentions: Iterable[NewMention], merges: Iterable[NewMerge]
) -> None:
    """Store what a round adds; the graph must be resolved again."""
    with db.atomic():
        db.table("rounds").insert({"number": number})
        write_rows(
            db,
            "round_mentions",
            (
                {
                    "round": number,
                    "name": name,
                    "chunk_id": mention.chunk_id,
                    "start": mention.start,
                    "end": mention.end,
                    "role": mention.role,
                    "origin": origin,
                }
                for name, mention, origin in mentions
            ),
        )
        for merge in merges:
            arguments = {"a": merge.kept, "b": merge.gone, "reason": merge.reason}
            save_edit(db, "merge", arguments, number)


def delete_round(db: Database, number: int) -> None:
    """Forget what a round added; the graph must be resolved again.

    Merges of the round that somebody has undone by hand stay undone.
    """
    with db.atomic():
        db.execute("UPDATE edits SET round = NULL WHERE round = ? AND undone", [number])
        db.execute("DELETE FROM rounds WHERE number = ?", [number])


def list_rounds(db: Database) -> list[int]:
    """Return the numbers of the rounds that the graph holds, in order."""
    return [number for (number,) in db.execute("SELECT number FROM rounds ORDER BY number")]


def read_round_mentions(db: Database) -> Iterator[Finding]:
    """Yield all mentions that rounds added, as findings: (document id, chunk id, what was found)."""
    for row in db.query(
        'SELECT chunks.document_id, m.name, m.chunk_id, m.start, m."end", m.role '
        "FROM round_mentions m JOIN chunks ON chunks.id = m.chunk_id "
        'ORDER BY chunks.document_id, chunks.position, m.start, m."end", m.name'
    ):
        found = FoundConcept(row["name"], "", row["start"], row["end"], role=row["role"])
        yield row["document_id"], row["chunk_id"], found
