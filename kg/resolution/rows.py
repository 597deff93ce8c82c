"""Rows that resolution keeps beside the graph: merges, and a verifier's verdicts."""

from collections.abc import Iterable, Mapping, Sequence
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


class StoredVerdicts:
    """A verifier that asks another one only what was never asked, and stores the answers.

    Without another it knows only the stored ones, so that a graph made again keeps its merges.
    """

    def __init__(self, db: Database, verify: Verifier | None = None) -> None:
        self._db = db
        self._verify = verify
        self.is_complete = verify is not None
        """Whether all that the other verifier proposed has a verdict."""

    def propose(self, names: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the pairs that were ever confirmed, and what the other verifier proposes."""
        confirmed = [pair for pair, same in self._read().items() if same]
        return [*confirmed, *(self._verify.propose(names) if self._verify else ())]

    def judge(self, candidates: Sequence[MergeCandidate]) -> list[bool | None]:
        """Say what is stored, or else what the other verifier says."""
        known = self._read()
        new = [item for item in candidates if _name_pair(item) not in known]
        if self._verify and new:
            answers = zip(new, self._verify.judge(new), strict=True)
            told = {_name_pair(item): same for item, same in answers if same is not None}
            rows = ({"kept": k, "gone": g, "same": int(same)} for (k, g), same in told.items())
            with self._db.atomic():
                write_rows(self._db, "verdicts", rows)
            known |= told
        verdicts = [known.get(_name_pair(item)) for item in candidates]
        self.is_complete = self.is_complete and None not in verdicts
        return verdicts

    def _read(self) -> dict[tuple[str, str], bool]:
        rows = self._db.query("SELECT * FROM verdicts ORDER BY kept, gone")
        return {(row["kept"], row["gone"]): bool(row["same"]) for row in rows}


def _name_pair(item: MergeCandidate) -> tuple[str, str]:
    """Name a pair alike whichever of the two is the better attested."""
    return min(item.kept.id, item.gone.id), max(item.kept.id, item.gone.id)
