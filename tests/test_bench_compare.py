from dataclasses import replace

import numpy as np
import pytest

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.compare import Report, add_training, compare_systems
from graphtune.bench.exposure import Training
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


def test_every_difference_of_the_headline_group_is_one_claim_of_one_family():
    worse, middle = ([start + n % 4 for n in range(60)] for start in (5, 3))
    better = rank_at([n % 4 for n in range(60)])
    rankings = make_rankings(
        {
            "base": {8: [rank_at(middle)], 4: [rank_at(worse)]},
            "good": {8: [better] * 3, 4: [rank_at(worse)] * 3},
            "bm25": {0: [rank_at(worse)]},
        }
    )
    rankings.append(Ranking("base", (rank_at(worse),), 8, "binary"))
    rankings.append(Ranking("oracle", (rank_at([0] * 60),), kind="ceiling"))
    report = compare_systems(BENCHMARK, rankings, "base", bootstrap=500, seed=0)
    told = [(c.ours, c.base, c.direction, c.holds) for c in report.claims]
    assert told == [
        ("good at 8 dimensions", "base at 8 dimensions", "above", True),
        ("good at 4 dimensions", "base at 4 dimensions", "level", False),
        ("bm25", "base at 8 dimensions", "below", True),
        ("base at 8 dimensions, binary", "base at 8 dimensions", "below", True),
    ]
    rows = [r for r in report.results if r.group == "held-out" and r.difference is not None]
    assert [c.difference for c in report.claims] == [r.difference[0] for r in rows]
    assert {(c.family, c.group, c.n_queries) for c in report.claims} == {(4, "held-out", 40)}
    assert len(report.claims[0].seeds) == 3


def test_seen_queries_and_leaking_groups_give_no_claim():
    worse, better = rank_at([9] * 60), rank_at([0] * 60)
    seen = replace(BENCHMARK, groups=dict.fromkeys(QUERIES, "seen"))
    assert compare(seen, base={8: [worse]}, m={8: [better]}).claims == ()
    plain = compare(replace(BENCHMARK, groups={}), base={8: [worse]}, m={8: [better]})
    assert [(claim.group, claim.holds) for claim in plain.claims] == [("all", True)]
    report = compare(base={8: [worse]}, m={8: [better]})
    assert report.claims[0].holds
    assert add_training(report, Training(("m",), {"new papers": "found"})).claims
    assert add_training(report, Training(("m",), {"held-out": "found"})).claims == ()


def test_scores_hold_every_query_and_are_missing_where_a_tier_does_not_judge():
    tier = replace(BENCHMARK, tiers={"paper": {"q01": {"d05": 1}}})
    report = compare(tier, base={8: [random_run(0, 5), random_run(1, 5)]})
    own, paper = (report.scores[name, ("base", 8, "float32")] for name in ("", "paper"))
    assert own.shape == paper.shape == (2, 60, len(MEASURES))
    assert np.isfinite(own).all()
    assert np.flatnonzero(np.isfinite(paper[0, :, 0])).tolist() == [1]


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


def test_search_by_words_may_find_nothing():
    base = Ranking("base", (random_run(0, 5),), 8)
    words = Ranking("BM25", ({query: [] for query in QUERIES},), kind="lexical")
    report = compare_systems(BENCHMARK, [base, words], "base", bootstrap=100, seed=0)
    row = next(row for row in report.results if row.system == "BM25")
    assert row.measures["NDCG@10"] == 0
