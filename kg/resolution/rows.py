"""Rows that resolution keeps beside the graph: merges, and a verifier's verdicts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlite_utils import Database

from graphtune.kg.resolution.candidates import MergeCandidate, Verifier
from graphtune.kg.resolution.merging import Merge
from graphtune.kg.schema import Row, write_rows

#: Characters of context before a statement; behind it, where it says the other name, twice as many.
CONTEXT = 60


def save_merges(db: Database, merges: Iterable[Merge]) -> None:
    """Bring the table `merges` up to date; a merge that was there before keeps its number."""
    held = {(row["kept"], row["gone"]): row["id"] for row in db.query("SELECT * FROM merges")}
    wanted = {(merge.kept, merge.gone): merge for merge in merges}
    with db.atomic():
        for pair in sorted(held.keys() - wanted.keys()):
            db.execute("DELETE FROM merges WHERE id = ?", [held[pair]])
        for pair in sorted(held.keys() & wanted.keys()):
            db.table("merges").update(held[pair], asdict(wanted[pair]))
        new = [asdict(wanted[pair]) for pair in sorted(wanted.keys() - held.keys())]
        write_rows(db, "merges", new)


def read_merges(db: Database) -> list[Row]:
    """Return the merges by number, each with the quote (`evidence`) and the paper of its statement."""
    return list(
        db.query(
            "SELECT merges.*, coalesce(documents.title, '') AS paper, "
            f"coalesce(substr(chunks.text, max(merges.start - {CONTEXT}, 0) + 1, "
            f"merges.\"end\" - max(merges.start - {CONTEXT}, 0) + 2 * {CONTEXT}), '') AS evidence "
            "FROM merges LEFT JOIN chunks ON chunks.id = chunk_id "
            "LEFT JOIN documents ON documents.id = document_id ORDER BY merges.id"
        )
    )


def remember_verdicts(db: Database, verify: Verifier | None) -> Verifier | None:
    """Return a verifier that asks only what was never asked, and stores the answers.

    Without `verify` it knows only the stored ones, so that a graph made again keeps its merges; where
    there are none, there is no verifier.
    """
    if verify is None and not db.table("verdicts").count:
        return None

    def ask(candidates: Sequence[MergeCandidate]) -> list[bool]:
        known = {
            (row["kept"], row["gone"]): bool(row["same"])
            for row in db.query("SELECT * FROM verdicts")
        }
        new = [item for item in candidates if (item.kept.id, item.gone.id) not in known]
        if verify and new:
            answers = verify(new)
            rows = [
                {"kept": item.kept.id, "gone": item.gone.id, "same": int(same)}
                for item, same in zip(new, answers, strict=True)
            ]
            with db.atomic():
                write_rows(db, "verdicts", rows)
            known |= {(row["kept"], row["gone"]): bool(row["same"]) for row in rows}
        return [known.get((item.kept.id, item.gone.id), False) for item in candidates]

    return ask
