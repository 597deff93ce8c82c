"""Marks to read the others by: what chance gives, and what a perfect order would."""

import numpy as np

from graphtune.bench.benchmark import Benchmark, count_excluded
from graphtune.bench.retrievers.answers import collect_answers
from graphtune.bench.systems import Ranking
from graphtune.metrics import Run

#: One draw alone would be a matter of luck; many queries are many draws.
_DRAWS, _ANSWERS = 10, 10_000


def rank_random(benchmark: Benchmark, k: int, seed: int) -> Ranking:
    """Answer every query with `k` documents drawn at random; several draws, one a run.

    There are ten, and fewer where ten thousand queries are answered with less.
    """
    generator = np.random.default_rng(seed)
    ids = sorted(benchmark.documents)
    size = min(k + count_excluded(benchmark), len(ids))

    def draw() -> Run:
        rows = (generator.choice(len(ids), size, replace=False) for _ in benchmark.queries)
        found = ([(ids[row], float(-place)) for place, row in enumerate(drawn)] for drawn in rows)
        return collect_answers(benchmark, found, k)

    draws = min(_DRAWS, -(-_ANSWERS // max(1, len(benchmark.queries))))
    return Ranking("random", tuple(draw() for _ in range(draws)), kind="floor")


def rank_oracle(benchmark: Benchmark, k: int) -> Ranking:
    """Answer every query with its relevant documents, by grade, ties by document id.

    The order is perfect by the benchmark's own judgements, not by those of its tiers.
    """
    found = (
        sorted(
            ((key, float(grade)) for key, grade in benchmark.qrels[query].items() if grade > 0),
            key=lambda item: (-item[1], item[0]),
        )
        for query in benchmark.queries
    )
    return Ranking("oracle", (collect_answers(benchmark, found, k),), kind="ceiling")
