"""What all systems share: naming the answers, and timing one query at a time."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from time import perf_counter
from typing import TypeVar

from graphtune.bench.benchmark import Benchmark
from graphtune.metrics import Run

#: Queries that are timed, and the seconds after which no further one is.
_TIMED, _BUDGET = 20, 1.0
_Query = TypeVar("_Query")


def collect_answers(
    benchmark: Benchmark, found: Iterable[Sequence[tuple[str, float]]], k: int
) -> Run:
    """Name the queries, drop the documents that each excludes, and keep `k` answers.

    `found` holds one list a query, in the benchmark's order, that is deeper by
    `graphtune.bench.benchmark.count_excluded`.
    """
    return {
        query: [hit for hit in hits if hit[0] not in benchmark.excluded.get(query, ())][:k]
        for query, hits in zip(benchmark.queries, found, strict=True)
    }


def sample_queries(queries: Sequence[_Query]) -> list[_Query]:
    """Return the queries that are timed: twenty, evenly spread, or all where there are fewer.

    >>> sample_queries(range(100))[:3]
    [0, 5, 10]
    """
    return list(queries)[:: -(-len(queries) // _TIMED) or 1]


def time_queries(answer: Callable[[_Query], object], queries: Sequence[_Query]) -> float:
    """Return the median milliseconds of one query alone, after one that does not count.

    A slow system is timed on fewer queries than given, for about a second.

    Raises:
        IndexError: there are no queries.
    """
    answer(queries[0])
    took: list[float] = []
    for query in queries:
        began = perf_counter()
        answer(query)
        took.append(1000 * (perf_counter() - began))
        if sum(took) > 1000 * _BUDGET:
            break
    return median(took)
