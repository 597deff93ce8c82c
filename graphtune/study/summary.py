"""The table of a study: means over training seeds, and differences with paired intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.beir import name_split
from graphtune.bench.benchmark import UNLABELLED, UNSEEN
from graphtune.bench.claims import Claim, Comparison, judge_claims
from graphtune.errors import ConfigError, DataError
from graphtune.files import read_record
from graphtune.study.results import Outcome, Queries, Scores, find_outcomes
from graphtune.study.settings import StudyConfig, list_jobs
from graphtune.workspace import open_workspace

#: The rows that are measured without training.
BASE, WORDS = "base", "BM25"
#: NDCG@10 by rung, shape (seeds, queries).
_Rungs = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Cell:
    """NDCG@10 of a variant on one rung: the mean over queries and seeds, that of each seed, the claim.

    `claim` compares it with the same rung of the variant that all are compared with (BM25 with the
    widest); None for that one itself.
    """

    mean: float
    by_seed: tuple[float, ...]
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class Table:
    """One benchmark: `rows` are variants (base and BM25 first) with their cells by rung, widest first."""

    benchmark: str
    group: str
    n_queries: int
    n_topics: int
    rungs: tuple[str, ...]
    rows: dict[str, dict[str, Cell]]


@dataclass(frozen=True, slots=True)
class Summary:
    """All tables, how each variant was trained (one row a seed), and what the reader must know."""

    against: str
    tables: tuple[Table, ...]
    runs: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def summarise_study(
    study: StudyConfig,
    against: str = BASE,
    group: str | None = None,
    failed: Mapping[str, str] | None = None,
) -> Summary:
    """Average and compare what is stored of a study; nothing is run.

    Args:
        study: the study.
        against: the variant that the others are compared with, or `base`.
        group: the queries that are averaged over; None for the held-out ones, or for all of them
            where none is held out.
        failed: models that could not be made, with the reason.

    Raises:
        DataError: nothing is stored yet, or a benchmark has no queries of this group.
        ConfigError: there is no such variant.
    """
    names = [BASE, *(variant.name for variant in study.variant)]
    if against not in names:
        raise ConfigError(f"there is no variant {against!r}; take one of {', '.join(names)}")
    outcomes, missing = _collect(study)
    paths = [_locate(study.out, one.folder, split) for one in study.beir for split in one.splits]
    if BASE not in outcomes or not all(path.is_file() for path in paths):
        raise DataError(f"nothing is stored in {study.out} yet; run the study first")
    if against not in outcomes:
        raise DataError(f"{against!r} is not measured yet; run the study, or compare with another")
    bench = open_workspace(study.workspace).config.bench
    tables = [
        _compare(
            read_record(path, Queries), outcomes, against, group, (bench.bootstrap, bench.seed)
        )
        for path in paths
    ]
    runs = [
        _describe_run(one) for rows in outcomes.values() for one in rows if one.seed is not None
    ]
    notes = [f"{label} failed: {reason}" for label, reason in (failed or {}).items()]
    waiting = [label for label in missing if label not in (failed or {})]
    if waiting:
        notes.append(f"not measured yet: {', '.join(waiting)}")
    return Summary(against, tuple(tables), tuple(runs), (*notes, *_warn(outcomes)))


def _locate(out: Path, folder: Path, split: str) -> Path:
    name = name_split(folder, split)
    return out / "benchmarks" / f"{name}.json"


def _collect(study: StudyConfig) -> tuple[dict[str, list[Outcome]], list[str]]:
    """Return the newest outcome of each model by variant, and the labels of those without one."""
    found: dict[str, list[Outcome]] = {}
    missing = []
    if base := next(find_outcomes(study.out, BASE), None):
        found[BASE] = [base]
    names = [variant.name for variant in study.variant]
    for job in sorted(list_jobs(study), key=lambda job: names.index(job.name)):
        outcome = next(find_outcomes(study.out, job.digest_settings()), None)
        if outcome:
            found.setdefault(job.name, []).append(outcome.model_copy(update={"name": job.name}))
        else:
            missing.append(job.label)
    return found, missing


def _warn(outcomes: Mapping[str, Sequence[Outcome]]) -> list[str]:
    """Say what was made from another graph than the base was measured with, and what leaks."""
    [base] = outcomes[BASE]
    notes = []
    for name, rows in outcomes.items():
        changed = [k for k, v in base.hashes.items() if any(row.hashes.get(k) != v for row in rows)]
        if changed:
            notes.append(f"{name} was made from another {', '.join(changed)}; run the study again")
        notes += [f"{name}: {leak}" for leak in dict.fromkeys(row.leaks for row in rows) if leak]
    return notes


def _describe_run(outcome: Outcome) -> dict[str, Any]:
    shown = ("name", "seed", "pairs", "steps", "best_step", "seconds", "verdict")
    return {field: getattr(outcome, field) for field in shown}


def _compare(
    queries: Queries,
    outcomes: Mapping[str, Sequence[Outcome]],
    against: str,
    group: str | None,
    bootstrap: tuple[int, int],
) -> Table:
    group = group or (UNSEEN[0] if UNSEEN[0] in queries.groups else UNLABELLED)
    columns = [i for i, own in enumerate(queries.groups) if group in (own, UNLABELLED)]
    if not columns:
        known = ", ".join(sorted(set(queries.groups)))
        raise DataError(f"{queries.name} has no queries of the group {group!r}; it has: {known}")
    scores = {
        name: _stack([one.scores.get(queries.digest, {}) for one in rows], columns)
        for name, rows in outcomes.items()
    }
    rungs = tuple(rung for rung in scores[against] if rung != WORDS)
    if not rungs:
        raise DataError(f"{against!r} is not measured on {queries.name} yet; run the study again")
    if words := scores[BASE].pop(WORDS, None):
        # It has no width; it stands, and is compared, where vectors are best.
        scores = {WORDS: {rungs[0]: words}, **scores}
    topics = [queries.topics[column] for column in columns]
    claims = _judge(scores, against, (group, topics), bootstrap)
    return Table(
        queries.name,
        group,
        len(columns),
        len(set(topics)),
        rungs,
        {
            name: {
                rung: Cell(
                    float(values.mean()),
                    tuple(values.mean(axis=1).tolist()),
                    claims.get((name, rung)),
                )
                for rung, values in rows.items()
            }
            for name, rows in scores.items()
        },
    )


def _stack(scores: Sequence[Scores], columns: Sequence[int]) -> _Rungs:
    """Return the scores of several seeds by rung, shape (seeds, queries), for some of the queries."""
    measured = [one for one in scores if one]
    return {
        rung: np.array([one[rung] for one in measured])[:, columns]
        for rung in (measured[0] if measured else {})
    }


def _judge(
    scores: Mapping[str, _Rungs],
    against: str,
    part: tuple[str, Sequence[int]],
    bootstrap: tuple[int, int],
) -> dict[tuple[str, str], Claim]:
    """Compare everything with the same rung of one variant; all comparisons are one family."""
    group, topics = part
    places = [
        (name, rung)
        for name, rows in scores.items()
        for rung in rows
        if name != against and rung in scores[against]
    ]
    comparisons = [
        Comparison(
            ours_label=f"{name} at {rung}",
            base_label=f"{against} at {rung}",
            group=group,
            ours=scores[name][rung],
            base=scores[against][rung],
            clusters=topics,
        )
        for name, rung in places
    ]
    return dict(zip(places, judge_claims(comparisons, *bootstrap), strict=True))
