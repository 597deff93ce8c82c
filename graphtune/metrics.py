"""Retrieval measures and bootstrap intervals, for training and benchmark alike.

The measures are those of `ir-measures` (MacAvaney et al., ECIR 2022): reciprocal rank of the first
relevant document within ten, NDCG with the grades as gains, and recall. A document is relevant from
grade 1 on.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import ir_measures
import numpy as np
from numpy.typing import ArrayLike

from graphtune.errors import DataError

#: Graded judgements: query id -> document id -> grade.
Qrels = Mapping[str, Mapping[str, int]]
#: Answers of a system: query id -> (document id, score), best first.
Run = Mapping[str, Sequence[tuple[str, float]]]
#: Gives query id -> measure -> value for a run.
Scorer = Callable[[Run], dict[str, dict[str, float]]]

MEASURES = ("MRR@10", "NDCG@10", "Recall@10", "Recall@20")
_OBJECTS = dict(
    zip(
        MEASURES,
        (ir_measures.RR @ 10, ir_measures.nDCG @ 10, ir_measures.R @ 10, ir_measures.R @ 20),
        strict=True,
    )
)
#: Numbers that one step may hold in memory (64 MiB of float32).
_BLOCK = 1 << 24


def score_run(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """Score every judged query of one run (see `make_scorer`, which is quicker for several runs).

    >>> score_run({"q": {"a": 2, "b": 1}}, {"q": [("x", 0.9), ("a", 0.8)]})["q"]["MRR@10"]
    0.5
    """
    return make_scorer(qrels)(run)


def make_scorer(qrels: Qrels) -> Scorer:
    """Return what scores every judged query of a run: query id -> measure -> value in [0, 1].

    The order of each answer list is the ranking; its scores are not looked at. A query that the run
    does not answer scores 0, answers to queries without judgements are ignored. The measures are
    those of `MEASURES`; NDCG takes the grade itself as gain (not 2^grade - 1).

    Raises:
        DataError: a judged query has no relevant document; by the scorer, an answer names a document
            twice.
    """
    for query, grades in qrels.items():
        if not any(grade > 0 for grade in grades.values()):
            raise DataError(
                f"query {query!r} has no relevant document (grade 1 or more), so no measure is "
                "defined for it: leave it out of the judgements"
            )
    names = {measure: name for name, measure in _OBJECTS.items()}
    plain = {query: dict(grades) for query, grades in qrels.items()}
    evaluator: Any = ir_measures.evaluator(list(names), plain)

    def score(run: Run) -> dict[str, dict[str, float]]:
        # The libraries sort by score and break ties each in its own way; strictly falling whole
        # numbers leave them nothing to decide.
        ranked = {
            query: {document: float(-place) for place, (document, _) in enumerate(run[query])}
            for query in qrels
            if run.get(query)
        }
        for query, answers in ranked.items():
            if len(answers) < len(run[query]):
                raise DataError(
                    f"the answer to query {query!r} names a document twice: rank it once"
                )
        values: dict[str, dict[str, float]] = {
            query: dict.fromkeys(MEASURES, 0.0) for query in qrels
        }
        for metric in evaluator.iter_calc(ranked):
            values[metric.query_id][names[metric.measure]] = float(metric.value)
        return values

    return score


def mean_interval(
    values: ArrayLike, resamples: int, seed: int, clusters: Sequence[Hashable] | None = None
) -> tuple[float, float, float]:
    """Return the mean of one value a query and its 95 % interval: (mean, low, high).

    The interval is the percentile bootstrap (Efron 1979). Queries of one cluster, such as the names
    and paraphrases of one concept, are drawn together: they succeed and fail together, and counting
    them as independent would make the interval too narrow.

    Args:
        values: one value a query.
        resamples: bootstrap resamples.
        seed: seed of the resampling.
        clusters: the cluster of each query; None means that each stands alone.

    Raises:
        DataError: there are no values.

    >>> mean_interval([0.25, 0.25], resamples=100, seed=0)
    (0.25, 0.25, 0.25)
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise DataError("there are no queries to average over: check the benchmark's groups")
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters or ()))}
    member = np.array([names[name] for name in clusters]) if clusters else np.arange(sample.size)
    sums, counts = np.bincount(member, weights=sample), np.bincount(member)
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // sums.size)
    means = []
    for rows in [step] * (resamples // step) + [resamples % step]:
        drawn = generator.integers(sums.size, size=(rows, sums.size))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(sample.mean()), float(low), float(high)


def paired_interval(
    ours: ArrayLike,
    base: ArrayLike,
    resamples: int,
    seed: int,
    clusters: Sequence[Hashable] | None = None,
) -> tuple[float, float, float]:
    """Return the mean difference of two systems on the same queries, with its 95 % interval.

    Resampling keeps the two values of a query together, which is what makes small differences
    visible. For several seeds of a model, average each query over the seeds first.

    Args:
        ours: one value a query.
        base: the other system's values, in the same order of queries.
        resamples: bootstrap resamples.
        seed: seed of the resampling.
        clusters: as in `mean_interval`.

    Raises:
        DataError: there are no values, or not equally many.

    >>> paired_interval([0.5, 1.0], [0.25, 0.75], resamples=100, seed=0)
    (0.25, 0.25, 0.25)
    """
    left, right = np.asarray(ours, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if left.shape != right.shape:
        raise DataError(
            f"{left.size} and {right.size} values cannot be paired: "
            "score both systems on the same queries"
        )
    return mean_interval(left - right, resamples, seed, clusters)
