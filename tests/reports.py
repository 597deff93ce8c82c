"""A small report with every kind of row, for the tests of what is written about it."""

from collections.abc import Sequence

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, add_training, compare_systems
from graphtune.bench.exposure import Training
from graphtune.bench.systems import Cost, Missing, Ranking
from graphtune.metrics import Run

BASE = "sentence-transformers/all-MiniLM-L6-v2"
TRAINED = "graphtune evidence"
DOCUMENTS = {f"d{number}": "text" for number in range(8)}
QUERIES = {f"q{number}": "text" for number in range(60)}
BENCHMARK = Benchmark(
    "toy",
    DOCUMENTS,
    QUERIES,
    {query: {"d0": 2, f"d{1 + number % 7}": 1} for number, query in enumerate(QUERIES)},
    {query: "held-out" if number % 3 else "seen" for number, query in enumerate(QUERIES)},
    concepts={query: (query,) for query in QUERIES},
    strata={query: "plain" if number % 2 else "other" for number, query in enumerate(QUERIES)},
    tiers={"paper": {query: {"d0": 1, "d1": 1} for query in list(QUERIES)[:30]}},
    notes=("A note.",),
)


def make_run(step: int, best: int = 0) -> Run:
    """Rank the documents of each query from another start; the first `best` queries perfectly."""
    ids = list(DOCUMENTS)
    starts = [0 if number < best else number * step % 8 for number in range(len(QUERIES))]
    return {
        query: [
            (document, 1 - rank / 10) for rank, document in enumerate(ids[start:] + ids[:start])
        ]
        for query, start in zip(QUERIES, starts, strict=True)
    }


def list_rankings() -> list[Ranking]:
    """Return a base and a trained system at two widths, a lexical one and a ceiling."""
    return [
        Ranking(BASE, (make_run(3),), 384, cost=Cost(1.5, 2.25, 12_288)),
        Ranking(BASE, (make_run(3),), 384, "binary"),
        Ranking(BASE, (make_run(6),), 64),
        Ranking(TRAINED, (make_run(1, 50), make_run(5, 40)), 384, warnings=("one query failed",)),
        Ranking(TRAINED, (make_run(2), make_run(7)), 64),
        Ranking("BM25", (make_run(6),), kind="lexical"),
        Ranking("oracle", (make_run(0),), kind="ceiling"),
    ]


def make_report(
    benchmark: Benchmark = BENCHMARK,
    rankings: Sequence[Ranking] | None = None,
    leaks: dict[str, str] | None = None,
) -> Report:
    """Compare the rankings with the base; one system is missing, one was trained."""
    chosen = list_rankings() if rankings is None else rankings
    report = compare_systems(
        benchmark, chosen, BASE, 200, 0, missing=[Missing("a/model", "the hub is out of reach")]
    )
    return add_training(report, Training((TRAINED,), leaks or {}))
