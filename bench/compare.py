"""Comparing systems on one benchmark: a row a system, dimension and group of queries."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.benchmark import Benchmark, list_groups
from graphtune.errors import DataError
from graphtune.metrics import MEASURES, Run, mean_interval, paired_interval, score_run
from graphtune.progress import track

#: Runs of the systems: model -> dimension (0 where there are no vectors) -> one run a training seed.
SystemRuns = Mapping[str, Mapping[int, Sequence[Run]]]

_NDCG = MEASURES.index("NDCG@10")
#: On fewer queries the percentile bootstrap is much too sure of itself, so no verdict is given.
MIN_QUERIES = 20


@dataclass(frozen=True)
class Result:
    """One row of the table.

    `measures` are means over the queries of `group`, each query averaged over the training seeds
    first; `by_seed` holds the means of every single seed. `ndcg_interval` is the 95 % interval
    (low, high) of NDCG@10, by a bootstrap over the `n_clusters` sets of queries about the same
    concepts. `difference` is (mean, low, high) of NDCG@10 minus that of the base at
    the same dimension (at the base's full width, where it was not run at this one); None for the
    base itself. A `dim` of 0 means a system without vectors.
    """

    model: str
    dim: int
    group: str
    n_queries: int
    n_clusters: int
    measures: dict[str, float]
    ndcg_interval: tuple[float, float]
    by_seed: dict[str, tuple[float, ...]]
    difference: tuple[float, float, float] | None


@dataclass(frozen=True)
class Report:
    """What a comparison found, with the runs it stands on."""

    benchmark: Benchmark
    runs: SystemRuns
    base: str
    bootstrap: int
    seed: int
    results: tuple[Result, ...]
    verdicts: tuple[str, ...]


def compare_systems(
    benchmark: Benchmark, runs: SystemRuns, base: str, bootstrap: int, seed: int
) -> Report:
    """Score all systems, with intervals, against a base.

    Args:
        benchmark: queries, judgements and groups.
        runs: model -> dimension -> one run a training seed; a system without vectors has the
            dimension 0.
        base: the model that the others are compared with; a key of `runs`.
        bootstrap: resamples behind each interval.
        seed: seed of the resampling.

    Returns:
        Results ordered by group, then as `runs` are, then from the widest dimension down; a group
        `all` comes last where there are several. One verdict for each model with vectors.

    Raises:
        DataError: the base is missing, or a system has no run or answers no query at all.
    """
    if not runs.get(base):
        raise DataError(f"the base {base!r} is not among the systems that ran: {', '.join(runs)}")
    scores = {
        (model, dim): _score_seeds(benchmark, f"{model} at dimension {dim}", by_dim[dim])
        for model, by_dim in runs.items()
        for dim in sorted(by_dim, reverse=True)
    }
    row_of = {query: row for row, query in enumerate(benchmark.queries)}
    groups = {
        group: np.array([row_of[query] for query in queries])
        for group, queries in list_groups(benchmark).items()
    }
    clusters = {
        group: [benchmark.concepts.get(query) or query for query in queries]
        for group, queries in list_groups(benchmark).items()
    }
    cells = [(group, model, dim) for group in groups for model, dim in scores]
    results = []
    for group, model, dim in track(cells, "intervals", "rows", total=len(cells)):
        ours = scores[model, dim][:, groups[group]]
        base_dim = dim if dim in runs[base] else max(runs[base])
        theirs = None if model == base else scores[base, base_dim][:, groups[group]]
        results.append(
            _summarise((model, dim, group), ours, theirs, clusters[group], (bootstrap, seed))
        )
    verdicts = _judge_systems(results, base)
    return Report(benchmark, runs, base, bootstrap, seed, tuple(results), verdicts)


def _score_seeds(benchmark: Benchmark, label: str, seeds: Sequence[Run]) -> NDArray[np.float64]:
    """Return the measures, shape (seeds, queries, measures).

    A run that answers nothing is refused: scored as zeros, it would make the others look good.
    """
    for number, run in enumerate(seeds, start=1):
        if not any(run.get(query) for query in benchmark.queries):
            raise DataError(
                f"run {number} of {label} answers none of the {len(benchmark.queries)} queries of "
                f"{benchmark.name}: it did not run on this benchmark; run it again"
            )
    if not seeds:
        raise DataError(f"{label} has no run on {benchmark.name}: run it, or leave it out")
    values = [score_run(benchmark.qrels, run) for run in seeds]
    return np.array(
        [[[one[query][m] for m in MEASURES] for query in benchmark.queries] for one in values]
    )


def _summarise(
    key: tuple[str, int, str],
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64] | None,
    clusters: Sequence[Hashable],
    bootstrap: tuple[int, int],
) -> Result:
    """Average over seeds, then over queries; `ours` and `theirs` as `_score_seeds` gives them.

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
    model, dim, group = key
    return Result(
        model=model,
        dim=dim,
        group=group,
        n_queries=len(per_query),
        n_clusters=len(set(clusters)),
        measures=dict(zip(MEASURES, per_query.mean(axis=0).tolist(), strict=True)),
        ndcg_interval=(low, high),
        by_seed={name: tuple(seed_means[:, i].tolist()) for i, name in enumerate(MEASURES)},
        difference=difference,
    )


def _judge_systems(results: Sequence[Result], base: str) -> tuple[str, ...]:
    """Say for each model with vectors, at full width, whether it is above the base on `held-out`."""
    widest: dict[str, Result] = {}
    for result in results:
        if result.group == "held-out" and result.model != base and result.dim > 0:
            widest.setdefault(result.model, result)
    if not widest and any(result.model != base and result.dim > 0 for result in results):
        return ("no verdict: the benchmark has no queries known to be held out from training",)
    return tuple(state_verdict(result) for result in widest.values())


def state_verdict(result: Result) -> str:
    """Say in one line what a result's difference to the base shows.

    Raises:
        DataError: the result is the base's own.

    >>> state_verdict(Result("m", 4, "held-out", 83, 60, {}, (0, 0), {"NDCG@10": (0.5,)}, (0.03, 0.01, 0.05)))
    'm (1 seed) above base on held-out: NDCG@10 +0.030 [+0.010, +0.050], n = 83 about 60 concepts'
    """
    if result.difference is None:
        raise DataError(f"{result.model!r} is the base itself: there is no difference to state")
    mean, low, high = result.difference
    n_seeds = len(result.by_seed["NDCG@10"])
    system = f"{result.model} ({n_seeds} seed{'s' if n_seeds > 1 else ''})"
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
