"""Significance of the difference of two systems on the same queries, on plain arrays.

Queries about one concept succeed and fail together, so everything here takes the sums of the
differences of each such cluster. Intervals are made by `graphtune.metrics.paired_interval`.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Scores = NDArray[np.float64]

#: On fewer queries the percentile bootstrap is much too sure of itself, so nothing is claimed.
MIN_QUERIES = 20
#: A claim needs a corrected p below this. At .05, 200 comparisons of equal systems would give more
#: than ten false claims four times in ten; at this level, once in eighty.
ALPHA = 0.025
#: How often a difference of the size `Claim.detectable` would be claimed.
POWER = 0.8
#: Random sign flips behind a p; a family of m comparisons gets at least 200 m, or else no p could
#: be small enough to survive the correction.
RESAMPLES = 9_999
#: Numbers that one step may hold in memory (32 MiB of float64).
_BLOCK = 1 << 22


def randomise_signs(sums: Scores, resamples: int, seed: int) -> float:
    """Return the two-sided p of the hypothesis that the two systems might as well be swapped.

    Were they equal, the difference in each cluster would be as likely with the other sign. p is the
    share of sign assignments whose total is as far from 0 as the observed one, or farther. All
    assignments are tried where there are no more of them than `resamples` would draw; else that
    many are drawn, and the observed one is counted among them (Davison and Hinkley 1997, ch. 4).

    Args:
        sums: the sum of the differences of each cluster's queries, shape (clusters,).
        resamples: sign assignments drawn.
        seed: seed of the drawing.

    >>> randomise_signs(np.array([0.1, 0.2, 0.3]), resamples=1000, seed=0)
    0.25
    """
    sums = sums[sums != 0]  # their sign makes no difference
    total, size = sums.sum(), sums.size
    # Equal totals differ by rounding when they are summed in another order.
    limit = abs(total) - 1e-12 * np.abs(sums).sum()
    is_exact = 2**size <= resamples + 1
    n_assignments = 2**size if is_exact else resamples
    generator = np.random.default_rng(seed)
    extreme = 0
    edges = [*range(0, n_assignments, max(1, _BLOCK // max(1, size))), n_assignments]
    for start, stop in pairwise(edges):
        if is_exact:
            flipped = np.arange(start, stop)[:, None] >> np.arange(size) & 1
        else:
            flipped = generator.integers(2, size=(stop - start, size), dtype=np.int8)
        extreme += int((np.abs(total - 2 * (flipped.astype(np.float64) @ sums)) >= limit).sum())
    return extreme / n_assignments if is_exact else (extreme + 1) / (resamples + 1)


def correct_holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for being several, by the step-down method of Holm (1979).

    The chance that any true null hypothesis falls below ALPHA is then at most ALPHA, however the
    comparisons depend on each other.

    >>> correct_holm([0.0625, 0.25, 0.125])
    [0.1875, 0.25, 0.25]
    """
    corrected = [0.0] * len(values)
    least = 0.0
    for step, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        least = max(least, min(1.0, values[place] * (len(values) - step)))
        corrected[place] = least
    return corrected


def find_detectable(sums: Scores, counts: Scores, family: int) -> float | None:
    """Return the smallest true mean difference that would be shown with a chance of `POWER`.

    It is a multiple of the cluster-robust standard error (Bloom, Evaluation Review 1995), at the
    level of the first Holm step. None where no difference could be shown: too few queries, or too
    few clusters for a p below that level even if all of them agreed.

    Args:
        sums: the sum of the differences of each cluster's queries, shape (clusters,).
        counts: the number of queries of each cluster, shape (clusters,).
        family: the comparisons that are corrected for.

    >>> round(find_detectable(np.array([0.1, -0.1] * 32), np.ones(64), family=1), 3)
    0.04
    """
    n_clusters, n_queries, freedom = sums.size, counts.sum(), sums.size - 1
    if n_queries < MIN_QUERIES or 2.0 ** (1 - n_clusters) * family >= ALPHA:
        return None
    residuals = sums - counts * sums.sum() / n_queries
    variance = n_clusters / (n_clusters - 1) * (residuals**2).sum() / n_queries**2
    multiple = stdtrit(freedom, 1 - ALPHA / family / 2) + stdtrit(freedom, POWER)
    return float(multiple * np.sqrt(variance))
