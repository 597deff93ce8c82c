"""Comparing systems on one benchmark: a row for each ranking and slice of the queries."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.benchmark import Benchmark, Slice, list_slices
from graphtune.bench.claims import Claim, Comparison, judge_claims
from graphtune.bench.exposure import Training, find_headline_group
from graphtune.bench.systems import Missing, Precision, Ranking
from graphtune.errors import DataError
from graphtune.metrics import (
    MEASURES,
    Qrels,
    Run,
    Scorer,
    make_scorer,
    mean_interval,
    paired_interval,
)
from graphtune.progress import track

NDCG = MEASURES.index("NDCG@10")
#: Kinds of rankings that are marks in the table; nothing is claimed of them.
MARKS = ("floor", "ceiling")
#: (tier, key of a ranking) -> measures, shape (seeds, queries, measures), queries as in the benchmark.
Scores = Mapping[tuple[str, tuple[str, int, Precision]], NDArray[np.float64]]


@dataclass(frozen=True)
class Result:
    """One row of the table: a ranking (system, dimension, precision) on a slice of the queries.

    `measures` are means over the queries, each query averaged over the training seeds first;
    `by_seed` holds the means of every single seed. `ndcg_interval` is the 95 % interval (low, high)
    of NDCG@10, by a bootstrap over the `n_clusters` sets of queries about the same concepts.
    `difference` is (mean, low, high) of NDCG@10 minus that of the base at the same dimension and in
    float32 (at the base's full width, where it was not run at this one); None for the base itself,
    and for floors and ceilings. A `dim` of 0 means a system without vectors.
    """

    system: str
    dim: int
    precision: Precision
    group: str
    stratum: str
    tier: str
    n_queries: int
    n_clusters: int
    measures: dict[str, float]
    ndcg_interval: tuple[float, float]
    by_seed: dict[str, tuple[float, ...]]
    difference: tuple[float, float, float] | None


@dataclass(frozen=True)
class Compared:
    """An earlier report held against this one: each system that both ran, now minus then."""

    source: str
    claims: tuple[Claim, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a comparison found, with the rankings it stands on.

    `claims` are about the group that may give the result: every other ranking against the base, which
    is every difference of that group's rows. Strata, tiers and other groups are described, not
    claimed. `scores` hold every query (see `Scores`).
    """

    benchmark: Benchmark
    rankings: tuple[Ranking, ...]
    missing: tuple[Missing, ...]
    base: str
    bootstrap: int
    seed: int
    results: tuple[Result, ...]
    claims: tuple[Claim, ...]
    scores: Scores = field(default_factory=dict, compare=False, repr=False)
    training: Training = field(default_factory=Training)
    compared: tuple[Compared, ...] = ()


def compare_systems(
    benchmark: Benchmark,
    rankings: Sequence[Ranking],
    base: str,
    bootstrap: int,
    seed: int,
    missing: Sequence[Missing] = (),
) -> Report:
    """Score all rankings, with intervals, against a base.

    Args:
        benchmark: queries, judgements and groups.
        rankings: what ran, in the order of the rows.
        base: the system that the others are compared with; one of those of `rankings`.
        bootstrap: resamples behind each interval.
        seed: seed of the resampling.
        missing: what was asked for and could not run.

    Returns:
        Results by slice (see `list_slices`), then as `rankings` are, and the claims.

    Raises:
        DataError: the base is missing, or a ranking has no run or answers no query at all.
    """
    widths = {ranking.dim: ranking for ranking in reversed(rankings) if _is_base(ranking, base)}
    if not widths:
        ran = ", ".join(dict.fromkeys(ranking.system for ranking in rankings))
        raise DataError(f"the base {base!r} is not among the systems that ran: {ran}")
    pairs = [(one, _find_rival(one, base, widths)) for one in rankings]
    scores = score_rankings(benchmark, rankings)
    slices = list_slices(benchmark)
    # A ceiling is one for the judgements that it was made from, not for those of a tier.
    cells = [
        (part, *pair)
        for part in slices
        for pair in pairs
        if not (part.tier and pair[0].kind == "ceiling")
    ]
    return Report(
        benchmark=benchmark,
        rankings=tuple(rankings),
        missing=tuple(missing),
        base=base,
        bootstrap=bootstrap,
        seed=seed,
        results=tuple(
            _summarise(benchmark, scores, part, ranking, rival, (bootstrap, seed))
            for part, ranking, rival in track(cells, "intervals", "rows", total=len(cells))
        ),
        claims=_judge_rankings(benchmark, scores, pairs, (bootstrap, seed)),
        scores=scores,
    )


def add_training(report: Report, training: Training) -> Report:
    """Add what the trained systems learned from; claims on a group that leaks are withdrawn."""
    leaks = find_headline_group(report.benchmark) in training.leaks
    return replace(report, training=training, claims=() if leaks else report.claims)


def _is_base(ranking: Ranking, base: str) -> bool:
    return ranking.system == base and ranking.precision == "float32"


def _find_rival(ranking: Ranking, base: str, widths: Mapping[int, Ranking]) -> Ranking | None:
    """Return the base's ranking that one is compared with; None where there is nothing to compare."""
    if _is_base(ranking, base) or ranking.kind in MARKS:
        return None
    return widths.get(ranking.dim, widths[max(widths)])


def _judge_rankings(
    benchmark: Benchmark,
    scores: Scores,
    pairs: Sequence[tuple[Ranking, Ranking | None]],
    bootstrap: tuple[int, int],
) -> tuple[Claim, ...]:
    """Judge all rankings against the base on the group that may give the result, as one family."""
    group = find_headline_group(benchmark)
    part = next((one for one in list_slices(benchmark) if one.label == group), None)
    if part is None:
        return ()
    comparisons = [
        Comparison(
            ours_label=ranking.label,
            base_label=rival.label,
            group=part.label,
            ours=take_queries(benchmark, scores["", ranking.key], part.queries)[:, :, NDCG],
            base=take_queries(benchmark, scores["", rival.key], part.queries)[:, :, NDCG],
            clusters=list_clusters(benchmark, part.queries),
        )
        for ranking, rival in pairs
        if rival
    ]
    return judge_claims(comparisons, *bootstrap)


def take_queries(
    benchmark: Benchmark, scores: NDArray[np.float64], queries: Sequence[str]
) -> NDArray[np.float64]:
    """Return the columns of some queries, in their order."""
    place = {query: column for column, query in enumerate(benchmark.queries)}
    taken: NDArray[np.float64] = scores[:, [place[query] for query in queries]]
    return taken


def list_clusters(benchmark: Benchmark, queries: Sequence[str]) -> list[Hashable]:
    """Return what each query is about: its concepts, else itself."""
    return [benchmark.concepts.get(query) or query for query in queries]


def score_rankings(benchmark: Benchmark, rankings: Sequence[Ranking]) -> Scores:
    """Return the measures of all rankings on every query; those that a tier does not judge are NaN.

    Raises:
        DataError: a ranking has no run, or one that answers no query: scored as zeros, it would make
            the others look good. Only search by words may find nothing.
    """
    tiers: dict[str, Qrels] = {"": benchmark.qrels, **benchmark.tiers}
    scorers = {tier: make_scorer(qrels) for tier, qrels in tiers.items()}
    scores = {}
    for ranking in rankings:
        if not ranking.runs:
            raise DataError(
                f"{ranking.label} has no run on {benchmark.name}: run it, or leave it out"
            )
        for number, run in enumerate(ranking.runs, start=1):
            is_empty = not any(run.get(query) for query in benchmark.queries)
            if is_empty and ranking.kind != "lexical":
                raise DataError(
                    f"run {number} of {ranking.label} answers none of the "
                    f"{len(benchmark.queries)} queries of {benchmark.name}: it did not run on this "
                    "benchmark; run it again"
                )
        for tier, score in scorers.items():
            scores[tier, ranking.key] = _score_seeds(list(benchmark.queries), score, ranking.runs)
    return scores


def _score_seeds(
    queries: Sequence[str], score: Scorer, seeds: Sequence[Run]
) -> NDArray[np.float64]:
    unjudged = dict.fromkeys(MEASURES, np.nan)
    values = [score(run) for run in seeds]
    return np.array(
        [[[one.get(query, unjudged)[m] for m in MEASURES] for query in queries] for one in values]
    )


def _summarise(
    benchmark: Benchmark,
    scores: Scores,
    part: Slice,
    ranking: Ranking,
    rival: Ranking | None,
    bootstrap: tuple[int, int],
) -> Result:
    """Average over seeds, then over queries; `rival` is what the ranking is compared with."""
    clusters = list_clusters(benchmark, part.queries)
    ours = take_queries(benchmark, scores[part.tier, ranking.key], part.queries)
    per_query = ours.mean(axis=0)
    _, low, high = mean_interval(per_query[:, NDCG], *bootstrap, clusters)
    difference = None
    if rival:
        theirs = take_queries(benchmark, scores[part.tier, rival.key], part.queries).mean(axis=0)
        difference = paired_interval(per_query[:, NDCG], theirs[:, NDCG], *bootstrap, clusters)
    seed_means = ours.mean(axis=1)
    return Result(
        system=ranking.system,
        dim=ranking.dim,
        precision=ranking.precision,
        group=part.group,
        stratum=part.stratum,
        tier=part.tier,
        n_queries=len(per_query),
        n_clusters=len(set(clusters)),
        measures=dict(zip(MEASURES, per_query.mean(axis=0).tolist(), strict=True)),
        ndcg_interval=(low, high),
        by_seed={name: tuple(seed_means[:, i].tolist()) for i, name in enumerate(MEASURES)},
        difference=difference,
    )
