"""What a study stores: NDCG@10 of every query, for every model, and what the queries are about."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from graphtune.errors import DataError
from graphtune.files import write_bytes

#: NDCG@10 of each query, in the order of the benchmark, by rung: a dimension, `hybrid` or `BM25`.
Scores = dict[str, tuple[float, ...]]


class Queries(BaseModel):
    """The queries of one benchmark: the group and the topic of each (see `list_clusters`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    digest: str
    """Hash of documents, queries and judgements."""
    queries: tuple[str, ...]
    groups: tuple[str, ...]
    topics: tuple[int, ...]


class Outcome(BaseModel):
    """One trained model, or the base (with BM25), as it ranks each benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    seed: int | None
    settings: dict[str, Any]
    hashes: dict[str, str]
    pairs: int = 0
    steps: int = 0
    best_step: int = 0
    seconds: float = 0.0
    """Time of training, by the clock."""
    verdict: str = ""
    leaks: str = ""
    """What stands against calling the held-out queries so."""
    scores: dict[str, Scores]
    """By hash of the benchmark."""


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Write a record as packed JSON; the same record gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, gzip.compress(outcome.model_dump_json().encode(), mtime=0))


def read_outcome(path: Path) -> Outcome | None:
    """Read what `write_outcome` wrote; None where there is nothing.

    Raises:
        DataError: the file is damaged or of another version.
    """
    if not path.is_file():
        return None
    try:
        return Outcome.model_validate_json(gzip.decompress(path.read_bytes()))
    except (ValidationError, OSError, EOFError) as error:
        raise DataError(
            f"{path} is damaged or of another version; remove it and run the study again"
        ) from error


def find_outcomes(folder: Path, settings: str) -> Iterator[Outcome]:
    """Yield the outcomes of some settings, the newest first."""
    paths = (folder / "results").glob(f"{settings}-*.json.gz")
    for path in sorted(paths, key=lambda one: (-one.stat().st_mtime, one.name)):
        if found := read_outcome(path):
            yield found
