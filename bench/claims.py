"""The claim gate: which differences between systems a report may state, and which it may not.

A difference is claimed only when a paired randomisation test (Fisher 1935; Smucker, Allan and
Carterette, CIKM 2007) still shows it after the correction for all comparisons of the report (Holm
1979), and the bootstrap interval, the number of queries and the training seeds agree. The queries
about one concept are flipped and drawn together, for they succeed and fail together.

What is tested is chance in the choice of queries. Training seeds are averaged first, and then have
only to agree in sign: three are too few for a test of their own.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from graphtune.bench.significance import (
    ALPHA,
    RESAMPLES,
    Scores,
    correct_holm,
    find_detectable,
    randomise_signs,
)
from graphtune.errors import DataError
from graphtune.metrics import paired_interval
from graphtune.progress import track


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two systems on one slice of queries, by what they are called in the report.

    `ours` and `base` hold NDCG@10 (or another measure of which more is better), shape (training
    seeds, queries), with the same queries in the same order; a system without training has one row.
    `clusters` names for each query what it is about, such as its concept; None: each stands alone.
    """

    ours_label: str
    base_label: str
    group: str
    ours: Scores
    base: Scores
    clusters: Sequence[Hashable] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one comparison shows.

    `difference` is the mean over queries of ours minus base, `interval` its 95 % bootstrap interval
    (low, high), `p` the two-sided randomisation p and `p_corrected` the same after the correction
    over `family` comparisons. `detectable` is the smallest true difference that would be claimed
    with a chance of 80 % at the level of the correction's first step; None where the queries are so
    few that no difference could be, however large. `seeds` are the mean differences of each training
    seed of one side from the average of the other side: ours first, then those of the base; empty
    where each side has one run. `direction` is where ours stands, `holds` whether that may be said.
    """

    ours: str
    base: str
    group: str
    n_queries: int
    n_clusters: int
    difference: float
    interval: tuple[float, float]
    p: float
    p_corrected: float
    family: int
    detectable: float | None
    seeds: tuple[float, ...]
    direction: Literal["above", "below", "level"]
    holds: bool


def judge_claims(
    comparisons: Sequence[Comparison], bootstrap: int, seed: int, resamples: int = RESAMPLES
) -> tuple[Claim, ...]:
    """Test all comparisons of one report, as one family, and return a claim for each.

    A claim holds only when its corrected p is below `ALPHA`, its interval excludes 0, it stands on
    `MIN_QUERIES` queries or more, and all training seeds have its sign. The interval alone would
    claim too much on few queries, where p is what decides.

    Args:
        comparisons: everything that the report may claim; leaving some out after looking at them
            makes the correction worthless.
        bootstrap: resamples behind each interval.
        seed: seed of the resampling.
        resamples: random sign flips behind each p; at least 200 for each comparison are made.

    Raises:
        DataError: scores are missing, not finite, or do not fit together.

    >>> rows = np.linspace(0, 0.5, 30)[None]
    >>> [claim] = judge_claims([Comparison("a", "b", "test", rows + 0.1, rows)], 100, seed=0)
    >>> claim.direction, claim.holds
    ('above', True)
    """
    for comparison in comparisons:
        _check_scores(comparison)
    resamples = max(resamples, 200 * len(comparisons))
    values = [
        randomise_signs(_sum_clusters(one)[0], resamples, seed)
        for one in track(comparisons, "claims", "comparisons", total=len(comparisons))
    ]
    return tuple(
        _judge(comparison, (p, corrected), len(comparisons), (bootstrap, seed))
        for comparison, p, corrected in zip(comparisons, values, correct_holm(values), strict=True)
    )


def state_claim(claim: Claim, measure: str = "NDCG@10") -> str:
    """Say in one line what a comparison shows; only a claim that holds is worded as one.

    >>> told = ("held-out", 83, 60, 0.03, (0.01, 0.05), 0.0004, 0.003, 8, 0.021)
    >>> print(state_claim(Claim("A", "B", *told, (0.02, 0.04), "above", True)))
    ... # doctest: +NORMALIZE_WHITESPACE
    A beats B on held-out: NDCG@10 +0.030 [+0.010, +0.050], p = 0.003 (Holm over 8),
    n = 83 queries about 60 topics; 2 seeds from +0.020 to +0.040
    >>> print(state_claim(Claim("A", "B", *told, (-0.02, 0.08), "above", False)))
    ... # doctest: +NORMALIZE_WHITESPACE
    no difference shown between A and B on held-out (n = 83 queries about 60 topics,
    detectable ≥ 0.021): NDCG@10 +0.030 [+0.010, +0.050], p = 0.003 (Holm over 8);
    2 seeds disagree: from -0.020 to +0.080
    """
    (low, high), p = claim.interval, claim.p_corrected
    queries = f"n = {claim.n_queries} queries"
    if claim.n_clusters < claim.n_queries:
        queries += f" about {claim.n_clusters} topic{'s' if claim.n_clusters > 1 else ''}"
    numbers = f"{measure} {claim.difference:+.3f} [{low:+.3f}, {high:+.3f}]"
    numbers += ", p < 0.001" if p < 0.001 else f", p = {p:.3f}"
    numbers += f" ≥ {ALPHA}" if p >= ALPHA else ""
    numbers += f" (Holm over {claim.family})" if claim.family > 1 else ""
    seeds = _state_seeds(claim)
    if claim.holds:
        verb = "beats" if claim.direction == "above" else "is below"
        return f"{claim.ours} {verb} {claim.base} on {claim.group}: {numbers}, {queries}{seeds}"
    what = f"between {claim.ours} and {claim.base} on {claim.group}"
    if claim.detectable is None:
        return f"too few queries for a claim {what} ({queries}): {numbers}{seeds}"
    if claim.interval == (0, 0):
        return f"no difference {what}: every query scores alike ({queries}){seeds}"
    reach = f"({queries}, detectable ≥ {claim.detectable:.3f})"
    return f"no difference shown {what} {reach}: {numbers}{seeds}"


def _state_seeds(claim: Claim) -> str:
    if not claim.seeds:
        return ""
    low, high = min(claim.seeds), max(claim.seeds)
    verdict = "" if low == high or _agree(claim.seeds) else " disagree:"
    return f"; {len(claim.seeds)} seeds{verdict} from {low:+.3f} to {high:+.3f}"


def _judge(
    comparison: Comparison, p: tuple[float, float], family: int, bootstrap: tuple[int, int]
) -> Claim:
    """Gather what a comparison shows; `p` is raw and corrected, `bootstrap` resamples and seed."""
    ours, base = comparison.ours.mean(axis=0), comparison.base.mean(axis=0)
    mean, low, high = paired_interval(ours, base, *bootstrap, comparison.clusters)
    sums, counts = _sum_clusters(comparison)
    detectable = find_detectable(sums, counts, family)
    seeds = _compare_seeds(comparison)
    is_shown = p[1] < ALPHA and (low > 0 or high < 0)
    return Claim(
        ours=comparison.ours_label,
        base=comparison.base_label,
        group=comparison.group,
        n_queries=ours.size,
        n_clusters=sums.size,
        difference=mean,
        interval=(low, high),
        p=p[0],
        p_corrected=p[1],
        family=family,
        detectable=detectable,
        seeds=seeds,
        direction="above" if mean > 0 else "below" if mean < 0 else "level",
        holds=is_shown and detectable is not None and _agree((mean, *seeds)),
    )


def _sum_clusters(comparison: Comparison) -> tuple[Scores, Scores]:
    """Return the sum of the differences and the number of queries of each cluster."""
    differences = comparison.ours.mean(axis=0) - comparison.base.mean(axis=0)
    clusters = comparison.clusters or range(differences.size)
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    member = [places[name] for name in clusters]
    counts = np.bincount(member).astype(np.float64)
    return np.bincount(member, weights=differences).astype(np.float64), counts


def _compare_seeds(comparison: Comparison) -> tuple[float, ...]:
    ours, base = comparison.ours.mean(axis=1), comparison.base.mean(axis=1)
    sides = (ours - base.mean(), ours.mean() - base)
    return tuple(float(one) for side in sides if side.size > 1 for one in side)


def _agree(differences: Sequence[float]) -> bool:
    return all(one > 0 for one in differences) or all(one < 0 for one in differences)


def _check_scores(comparison: Comparison) -> None:
    what = f"{comparison.ours_label} and {comparison.base_label} on {comparison.group}"
    for scores in (comparison.ours, comparison.base):
        if scores.ndim != 2 or scores.size == 0:
            raise DataError(
                f"{what}: scores of shape {scores.shape} cannot be compared; "
                "give at least one row a training seed and one column a query"
            )
        bad = int((~np.isfinite(scores)).sum())
        if bad:
            raise DataError(f"{what}: {bad} scores are NaN or infinite; score the runs again")
    n_ours, n_base = comparison.ours.shape[1], comparison.base.shape[1]
    n_clusters = n_ours if comparison.clusters is None else len(comparison.clusters)
    if not n_ours == n_base == n_clusters:
        raise DataError(
            f"{what}: scores of {n_ours} and {n_base} queries, and clusters of {n_clusters}, do "
            "not fit together; score both systems on the same queries"
        )
