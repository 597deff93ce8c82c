"""Comparing systems on one benchmark: a row for each ranking and slice of the queries."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.benchmark import Benchmark, Slice, list_slices
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

_NDCG = MEASURES.index("NDCG@10")
#: On fewer queries the percentile bootstrap is much too sure of itself, so no verdict is given.
MIN_QUERIES = 20


@dataclass(frozen=True)
class Result:
    """One row of the table: a ranking (system, dimension, precision) on a slice of the queries.

    `measures` are means over the queries, each query averaged over the training seeds first;
    `by_seed` holds the means of every single seed. `ndcg_interval` is the 95 % interval (low, high)
    of NDCG@10, by a bootstrap over the `n_clusters` sets of queries about the same concepts.
    `difference` is (mean, low, high) of NDCG@10 minus that of the base at the same dimension and in
    float32 (at the base's full width, where it was not run at this one); None for the base itself.
    A `dim` of 0 means a system without vectors.
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
class Report:
    """What a comparison found, with the rankings it stands on."""

    benchmark: Benchmark
    rankings: tuple[Ranking, ...]
    missing: tuple[Missing, ...]
    base: str
    bootstrap: int
    seed: int
    results: tuple[Result, ...]
    verdicts: tuple[str, ...]


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
        Results by slice (see `list_slices`), then as `rankings` are. One verdict for each model with
        vectors.

    Raises:
        DataError: the base is missing, or a ranking has no run or answers no query at all.
    """
    widths = [ranking.dim for ranking in rankings if ranking.system == base]
    if not widths:
        ran = ", ".join(dict.fromkeys(ranking.system for ranking in rankings))
        raise DataError(f"the base {base!r} is not among the systems that ran: {ran}")
    scores = score_rankings(benchmark, rankings)
    row_of = {query: row for row, query in enumerate(benchmark.queries)}
    slices = list_slices(benchmark)
    cells = [(part, ranking) for part in slices for ranking in rankings]
    results = []
    for part, ranking in track(cells, "intervals", "rows", total=len(cells)):
        rows = np.array([row_of[query] for query in part.queries])
        base_dim = ranking.dim if ranking.dim in widths else max(widths)
        theirs = scores[part.tier, (base, base_dim, "float32")][:, rows]
        is_base = ranking.system == base and ranking.precision == "float32"
        ours = scores[part.tier, ranking.key][:, rows]
        clusters = [benchmark.concepts.get(query) or query for query in part.queries]
        results.append(
            _summarise(
                ranking, part, ours, None if is_base else theirs, clusters, (bootstrap, seed)
            )
        )
    return Report(
        benchmark=benchmark,
        rankings=tuple(rankings),
        missing=tuple(missing),
        base=base,
        bootstrap=bootstrap,
        seed=seed,
        results=tuple(results),
        verdicts=_judge_systems(results, base),
    )


def score_rankings(
    benchmark: Benchmark, rankings: Sequence[Ranking]
) -> dict[tuple[str, tuple[str, int, Precision]], NDArray[np.float64]]:
    """Return (tier, key of the ranking) -> measures, shape (seeds, queries, measures).

    Queries stand as in the benchmark; those that a tier does not judge are NaN there.

    Raises:
        DataError: a ranking has no run, or one that answers no query: scored as zeros, it would make
            the others look good.
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
            if not any(run.get(query) for query in benchmark.queries):
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
    ranking: Ranking,
    part: Slice,
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64] | None,
    clusters: Sequence[Hashable],
    bootstrap: tuple[int, int],
) -> Result:
    """Average over seeds, then over queries; `ours` and `theirs` have shape (seeds, queries, measures).

    `clusters` groups queries about the same concepts; `bootstrap` is resamples and seed.
    """
    per_query = ours.mean(axis=0)
    _, low, high = mean_interval(per_query[:, _NDCG], *bootstrap, clusters)
    difference = None
    if theirs is not None:
        difference = paired_interval(
            per_query[:, _NDCG], theirs.mean(axis=0)[:, _NDCG], *bootstrap, clusters
        )
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


def _judge_systems(results: Sequence[Result], base: str) -> tuple[str, ...]:
    """Say for each model with vectors, at full width, whether it is above the base on `held-out`."""
    others = [r for r in results if r.system != base and r.dim > 0 and not r.stratum + r.tier]
    widest: dict[str, Result] = {}
    for result in others:
        if result.group == "held-out":
            widest.setdefault(result.system, result)
    if not widest and others:
        return ("no verdict: the benchmark has no queries known to be held out from training",)
    return tuple(state_verdict(result) for result in widest.values())


def state_verdict(result: Result) -> str:
    """Say in one line what a result's difference to the base shows.

    Raises:
        DataError: the result is the base's own.

    >>> by_seed, difference = {"NDCG@10": (0.5,)}, (0.03, 0.01, 0.05)
    >>> state_verdict(
    ...     Result("m", 4, "float32", "held-out", "", "", 83, 60, {}, (0, 0), by_seed, difference)
    ... )
    'm (1 seed) above base on held-out: NDCG@10 +0.030 [+0.010, +0.050], n = 83 about 60 concepts'
    """
    if result.difference is None:
        raise DataError(f"{result.system!r} is the base itself: there is no difference to state")
    mean, low, high = result.difference
    n_seeds = len(result.by_seed["NDCG@10"])
    system = f"{result.system} ({n_seeds} seed{'s' if n_seeds > 1 else ''})"
    numbers = f"NDCG@10 {mean:+.3f} [{low:+.3f}, {high:+.3f}], n = {result.n_queries}"
    if result.n_clusters < result.n_queries:
        numbers += f" about {result.n_clusters} concepts"
    if n_seeds > 1:
        seeds = result.by_seed["NDCG@10"]
        numbers += f"; seeds from {min(seeds):.3f} to {max(seeds):.3f}"
    if result.n_queries < MIN_QUERIES:
        return f"{system}: too few queries on {result.group} for a verdict: {numbers}"
    if low > 0:
        return f"{system} above base on {result.group}: {numbers}"
    if high < 0:
        return f"{system} below base on {result.group}: {numbers}"
    return f"{system}: no difference from base shown on {result.group}: {numbers}"
