from dataclasses import replace

import numpy as np
import pytest

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, compare_systems, state_verdict
from graphtune.bench.systems import Ranking
from graphtune.errors import DataError
from graphtune.metrics import MEASURES, Run, mean_interval, paired_interval, score_run

DOCUMENTS = {f"d{number:02}": "" for number in range(20)}
QUERIES = {f"q{number:02}": "" for number in range(60)}
#: Of 60 queries, 40 are held out; the relevant document is always d00.
GROUPS = {query: "held-out" if query < "q40" else "seen" for query in QUERIES}
BENCHMARK = Benchmark("toy", DOCUMENTS, QUERIES, {q: {"d00": 1} for q in QUERIES}, GROUPS)


def rank_at(places: list[int]) -> Run:
    """Answer each query with the relevant document at the given place (from 0)."""
    others = [document for document in DOCUMENTS if document != "d00"]
    return {
        query: [
            (document, 1.0 - rank / 32)
            for rank, document in enumerate([*others[:place], "d00", *others[place:]])
        ]
        for query, place in zip(QUERIES, places, strict=True)
    }


def random_run(seed: int, worst: int) -> Run:
    return rank_at(np.random.default_rng(seed).integers(0, worst, size=60).tolist())


def make_rankings(systems: dict[str, dict[int, list[Run]]]) -> list[Ranking]:
    return [
        Ranking(name, tuple(seeds), dim)
        for name, by_dim in systems.items()
        for dim, seeds in by_dim.items()
    ]


def compare(benchmark: Benchmark = BENCHMARK, **systems) -> Report:
    return compare_systems(benchmark, make_rankings(systems), "base", bootstrap=500, seed=0)


def ndcg(run: Run, queries) -> list[float]:
    scores = score_run(BENCHMARK.qrels, run)
    return [scores[query]["NDCG@10"] for query in queries]


def test_rows_hold_means_over_seeds_and_queries_with_their_intervals():
    base, first, second = random_run(0, 9), random_run(1, 5), random_run(2, 5)
    report = compare(base={8: [base]}, tuned={8: [first, second]})
    held_out = [query for query in QUERIES if GROUPS[query] == "held-out"]
    row = next(r for r in report.results if (r.system, r.group) == ("tuned", "held-out"))
    ours = np.mean([ndcg(first, held_out), ndcg(second, held_out)], axis=0)
    assert row.n_queries == 40
    assert row.measures["NDCG@10"] == pytest.approx(ours.mean())
    assert row.ndcg_interval == pytest.approx(mean_interval(ours, 500, 0)[1:])
    assert row.difference == pytest.approx(paired_interval(ours, ndcg(base, held_out), 500, 0))
    assert row.by_seed["NDCG@10"] == pytest.approx(
        (np.mean(ndcg(first, held_out)), np.mean(ndcg(second, held_out)))
    )
    assert set(row.measures) == set(row.by_seed) == set(MEASURES)


def test_rows_stand_by_group_then_system_then_dimension():
    run = random_run(0, 5)
    report = compare(base={8: [run], 4: [run]}, bm25={0: [run]})
    expected = [
        (group, *system)
        for group in ("held-out", "seen", "all")
        for system in (("base", 8), ("base", 4), ("bm25", 0))
    ]
    assert [(r.group, r.system, r.dim) for r in report.results] == expected
    assert [r.n_queries for r in report.results[::3]] == [40, 20, 60]
    plain = compare(replace(BENCHMARK, groups={}), base={8: [run]})
    assert [r.group for r in plain.results] == ["all"]


def test_differences_are_to_the_same_dimension_else_to_full_width():
    wide, narrow, other = random_run(0, 3), random_run(1, 9), random_run(2, 6)
    report = compare(
        base={8: [wide], 4: [narrow]}, tuned={8: [other], 4: [other]}, bm25={0: [other]}
    )
    rows = {(r.system, r.dim): r for r in report.results if r.group == "all"}
    mean = {key: row.measures["NDCG@10"] for key, row in rows.items()}
    assert rows["base", 8].difference is rows["base", 4].difference is None
    for key, against in ((("tuned", 8), 8), (("tuned", 4), 4), (("bm25", 0), 8)):
        assert rows[key].difference[0] == pytest.approx(mean[key] - mean["base", against])


def test_verdicts_say_above_below_or_nothing_shown():
    worse = rank_at([5 + number % 4 for number in range(60)])
    middle = rank_at([3 + number % 4 for number in range(60)])
    better = rank_at([number % 4 for number in range(60)])
    report = compare(
        base={8: [middle], 4: [worse]},
        good={8: [better] * 3, 4: [worse] * 3},
        bad={8: [worse]},
        same={8: [rank_at([3 + (number + 1) % 4 for number in range(60)])]},
        bm25={0: [better]},
    )
    good, bad, same = report.verdicts
    assert good.startswith("good (3 seeds) above base on held-out: NDCG@10 +0.")
    assert ", n = 40; seeds from 0." in good
    assert bad.endswith(", n = 40")
    assert bad.startswith("bad (1 seed) below base on held-out: NDCG@10 -0.")
    assert same.startswith(
        "same (1 seed): no difference from base shown on held-out: NDCG@10 +0.000"
    )


def test_seen_queries_alone_give_no_verdict():
    better, worse = rank_at([0] * 60), rank_at([9] * 60)
    seen = replace(BENCHMARK, groups=dict.fromkeys(QUERIES, "seen"))
    report = compare(seen, base={8: [worse]}, m={8: [better]})
    assert report.verdicts == (
        "no verdict: the benchmark has no queries known to be held out from training",
    )
    alone = compare(seen, base={8: [worse]}, bm25={0: [better]})
    assert alone.verdicts == ()


def test_a_handful_of_queries_gives_no_verdict():
    few = replace(BENCHMARK, groups={q: "held-out" if q < "q05" else "seen" for q in QUERIES})
    report = compare(few, base={8: [rank_at([9] * 60)]}, m={8: [rank_at([0] * 60)]})
    (verdict,) = report.verdicts
    assert "too few queries on held-out for a verdict" in verdict
    assert verdict.endswith("n = 5")


def test_a_system_that_did_not_run_is_refused_rather_than_scored_zero():
    run = random_run(0, 5)
    with pytest.raises(
        DataError, match="run 2 of m at 8 dimensions answers none of the 60 queries"
    ):
        compare(base={8: [run]}, m={8: [run, {}]})
    with pytest.raises(DataError, match="m at 8 dimensions has no run"):
        compare(base={8: [run]}, m={8: []})
    with pytest.raises(DataError, match="'base' is not among the systems that ran: m"):
        compare(m={8: [run]})
    with pytest.raises(DataError, match="'base' is the base itself"):
        state_verdict(compare(base={8: [run]}).results[0])
