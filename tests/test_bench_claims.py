import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from graphtune.bench import claims
from graphtune.bench.claims import Claim, Comparison, judge_claims, state_claim
from graphtune.bench.significance import ALPHA
from graphtune.errors import DataError
from graphtune.metrics import paired_interval

#: 83 queries about 60 concepts, as a small set of questions by people has them.
CONCEPTS = np.repeat(np.arange(60), [1] * 44 + [2] * 11 + [3] * 3 + [4] * 2)
#: NDCG@10 of one relevant document at each rank; 0 from rank 11 on.
GAINS = np.array([*(1 / math.log2(1 + rank) for rank in range(1, 11)), 0.0])
#: A relevant document has rank r where a normal variable of difficulty is between log(r-1), log(r).
EDGES = np.log(np.arange(1, 11))
#: With this spread, and a mean of .70, 15 % of NDCG are 0 and 55 % are 1, as BM25 and small
#: encoders have it on queries by people.
SPREAD = 2.5


def mean_gain(location: float, spread: float) -> float:
    steps = np.diff([0.0, *stats.norm.cdf(EDGES, location, spread), 1.0])
    return float(steps @ GAINS)


def find_location(mean: float, spread: float) -> float:
    """Return the mean difficulty at which the true mean NDCG@10 is as wanted."""
    return float(optimize.brentq(lambda at: mean_gain(at, spread) - mean, -20, 20, xtol=1e-9))


def draw_systems(generator, means, spreads=None, concepts=CONCEPTS, n_seeds=1) -> np.ndarray:
    """Draw NDCG@10, shape (systems, seeds, queries), of systems with these true means.

    Difficulty is shared by all systems in a quarter for the concept and in a quarter for the query;
    the rest is the system's own: a fifth for the concept and three tenths for the query. So systems
    are correlated by about .4, and so are the differences of the queries about one concept.
    """
    spreads = spreads or [SPREAD] * len(means)
    _, member = np.unique(concepts, return_inverse=True)
    n_systems, n_queries, n_concepts = len(means), member.size, member.max() + 1
    shared = math.sqrt(0.25) * generator.normal(size=n_concepts)[member]
    shared = shared + math.sqrt(0.25) * generator.normal(size=n_queries)
    own = math.sqrt(0.2) * generator.normal(size=(n_systems, 1, n_concepts))[..., member]
    # Training seeds of a system share half of what is its own for the query.
    own = own + math.sqrt(0.15) * generator.normal(size=(n_systems, 1, n_queries))
    own = own + math.sqrt(0.15) * generator.normal(size=(n_systems, n_seeds, n_queries))
    places = [find_location(mean, spread) for mean, spread in zip(means, spreads, strict=True)]
    difficulty = np.array(places)[:, None, None] + np.array(spreads)[:, None, None] * (shared + own)
    return GAINS[np.searchsorted(EDGES, difficulty)]


def compare_all(scores, concepts=CONCEPTS) -> list[Comparison]:
    """Compare the first system with each of the others."""
    return [
        Comparison(f"s{n}", "base", "held-out", one, scores[0], list(concepts))
        for n, one in enumerate(scores[1:], 1)
    ]


def judge_reports(n_reports, means, concepts=CONCEPTS, **shape) -> list[tuple[Claim, ...]]:
    return [
        judge_claims(
            compare_all(draw_systems(generator, means, concepts=concepts, **shape), concepts),
            bootstrap=400,
            seed=0,
            resamples=1_999,
        )
        for generator in np.random.default_rng(2026).spawn(n_reports)
    ]


def count_claims(n_reports, means, **shape) -> int:
    """Count the reports that claim anything."""
    reports = judge_reports(n_reports, means, **shape)
    return sum(any(claim.holds for claim in report) for report in reports)


#: Systems of one true quality: a pair, a pair of which one is steady and never far off, a pair on
#: as few queries as may be, a pair with much to say about few concepts, three seeds, and eight.
EQUAL = {
    "pair": {"means": (0.7, 0.7)},
    "one steady": {"means": (0.7, 0.7), "spreads": (SPREAD, 0.8)},
    "twenty queries": {"means": (0.7, 0.7), "concepts": np.arange(20)},
    "thirty concepts": {"means": (0.7, 0.7), "concepts": np.repeat(np.arange(30), 4)},
    "three seeds": {"means": (0.7, 0.7), "n_seeds": 3},
    "family of eight": {"means": (0.7,) * 9},
}


@pytest.mark.parametrize("shape", list(EQUAL.values())[:-1], ids=list(EQUAL)[:-1])
def test_of_200_reports_on_equal_systems_at_most_ten_claim_anything(shape):
    assert count_claims(200, **shape) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("shape", EQUAL.values(), ids=EQUAL)
def test_of_2000_reports_on_equal_systems_a_fortieth_claims_something(shape):
    # Three standard errors above the level.
    assert count_claims(2_000, **shape) <= 2_000 * ALPHA + 3 * math.sqrt(2_000 * ALPHA)


@pytest.mark.slow
def test_what_the_gate_guards_against_would_claim_too_much():
    family = judge_reports(60, (0.7,) * 9)
    intervals = [[c.interval[0] > 0 or c.interval[1] < 0 for c in report] for report in family]
    assert sum(map(any, intervals)) > 10  # intervals alone, nothing corrected
    alone = 0
    concepts = np.repeat(np.arange(30), 10)
    for generator in np.random.default_rng(2026).spawn(200):
        (one,) = compare_all(draw_systems(generator, (0.7, 0.7), concepts=concepts), concepts)
        (claim,) = judge_claims([replace(one, clusters=None)], 400, 0, 1_999)
        alone += claim.holds
    assert alone > 30  # queries about one concept counted as independent


@pytest.mark.slow
@pytest.mark.parametrize("others", [0, 7])
def test_a_true_difference_is_claimed_as_often_as_detectable_says(others):
    def claim_first(means, n_reports=200) -> list[Claim]:
        return [report[0] for report in judge_reports(n_reports, means)]

    detectable = 0.16
    for _ in range(2):  # the spread of the differences depends on their mean
        claims = claim_first((0.6, 0.6 + detectable, *[0.6] * others), 20)
        detectable = float(np.median([claim.detectable for claim in claims]))
    shown = [
        sum(claim.holds and claim.direction == "above" for claim in claim_first(means))
        for means in ((0.6, 0.6 + size * detectable, *[0.6] * others) for size in (0.3, 1, 1.6))
    ]
    assert shown[0] < 60
    assert 140 <= shown[1] <= 180
    assert shown[2] >= 196


def shift(size: float, n_queries: int = 60, n_seeds: int = 1) -> Comparison:
    """Compare a system with one that is worse by `size` on average, with some noise."""
    generator = np.random.default_rng(0)
    base = generator.uniform(0.2, 0.8, size=(1, n_queries))
    noise = generator.normal(0, 0.02, size=(n_seeds, n_queries))
    return Comparison("A", "B", "held-out", base + size + noise, base)


def judge_one(comparison: Comparison) -> Claim:
    (claim,) = judge_claims([comparison], 400, 0, 1_999)
    return claim


def test_a_claim_holds_the_numbers_it_stands_on():
    one = shift(0.1, n_seeds=2)
    clusters = [number // 2 for number in range(60)]
    claim = judge_one(replace(one, clusters=clusters))
    ours, base = one.ours.mean(axis=0), one.base[0]
    expected = paired_interval(ours, base, 400, 0, clusters)
    assert (claim.difference, *claim.interval) == pytest.approx(expected)
    assert (claim.n_queries, claim.n_clusters, claim.family) == (60, 30, 1)
    assert claim.seeds == pytest.approx((one.ours - one.base).mean(axis=1))
    assert (claim.holds, claim.direction) == (True, "above")
    assert claim.p == claim.p_corrected == 1 / 2_000
    assert judge_one(replace(one, clusters=clusters)) == claim


def test_sides_may_be_swapped():
    one = shift(0.1, n_seeds=3)
    claim, reverse = judge_one(one), judge_one(replace(one, ours=one.base, base=one.ours))
    assert reverse.difference == pytest.approx(-claim.difference)
    assert reverse.seeds == pytest.approx([-seed for seed in claim.seeds])
    assert reverse.detectable == pytest.approx(claim.detectable)
    assert (reverse.p, reverse.holds, reverse.direction) == (claim.p, True, "below")
    assert state_claim(reverse).startswith("A is below B on held-out: NDCG@10 -0.09")


def test_a_training_seed_of_the_other_sign_forbids_the_claim():
    one = shift(0.1, n_seeds=3)
    one.ours[1] = one.base[0] - 0.01
    claim = judge_one(one)
    assert claim.p < ALPHA
    assert claim.interval[0] > 0
    assert not claim.holds
    assert "no difference shown between A and B" in state_claim(claim)
    assert "; 3 seeds disagree: from -0.010 to +0.1" in state_claim(claim)


def test_an_interval_that_holds_zero_forbids_the_claim(monkeypatch):
    assert judge_one(shift(0.1)).holds
    monkeypatch.setattr(claims, "paired_interval", lambda *_: (0.1, -0.001, 0.2))
    claim = judge_one(shift(0.1))
    assert claim.p < ALPHA
    assert not claim.holds


def test_two_runs_on_both_sides_must_all_agree():
    one = shift(0.1, n_seeds=2)
    bases = np.vstack([one.base - 0.3, one.base + 0.15])
    claim = judge_one(replace(one, base=bases))
    assert len(claim.seeds) == 4
    assert claim.seeds[-1] < 0 < min(claim.seeds[:-1])
    assert not claim.holds


def test_few_queries_or_few_concepts_are_too_few_whatever_the_difference():
    few = judge_one(shift(0.5, n_queries=19))
    crowded = judge_one(replace(shift(0.5), clusters=[number % 6 for number in range(60)]))
    for claim in (few, crowded):
        assert claim.detectable is None
        assert not claim.holds
        assert state_claim(claim).startswith("too few queries for a claim between A and B on held")
    assert "(n = 60 queries about 6 topics)" in state_claim(crowded)
    assert judge_one(shift(0.5, n_queries=20)).holds
    seven = replace(shift(0.5), clusters=[number % 7 for number in range(60)])
    assert judge_one(seven).holds
    assert not any(claim.holds for claim in judge_claims([seven] * 2, 400, 0))


def test_a_family_asks_more_of_each_comparison():
    one = shift(0.006)
    alone, among = judge_one(one), judge_claims([one] * 8, 400, 0, 1_999)[0]
    assert among.p == alone.p
    assert among.p_corrected == pytest.approx(min(1, 8 * alone.p))
    assert among.detectable > alone.detectable
    assert "(Holm over 8)" in state_claim(among)
    assert "Holm" not in state_claim(alone)
    # So many that 1,999 resamples could not show anything.
    assert all(claim.holds for claim in judge_claims([shift(0.2)] * 60, 100, 0, 1_999))


def test_the_line_says_how_large_a_difference_would_have_shown():
    claim = judge_one(shift(0.0))
    line = state_claim(claim)
    assert f"(n = 60 queries, detectable ≥ {claim.detectable:.3f}): NDCG@10 +0.00" in line
    assert f", p = {claim.p:.3f} ≥ {ALPHA}" in line
    same = replace(shift(0.0), ours=shift(0.0).base)
    assert state_claim(judge_one(same)) == (
        "no difference between A and B on held-out: every query scores alike (n = 60 queries)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ours": np.full((1, 60), np.nan)}, "A and B on held-out: 60 scores are NaN"),
        ({"ours": np.zeros((1, 59))}, "scores of 59 and 60 queries, and clusters of 59"),
        ({"clusters": ["c"]}, "clusters of 1, do not fit"),
        ({"base": np.zeros((0, 60))}, r"shape \(0, 60\)"),
        ({"base": np.zeros(60)}, r"shape \(60,\)"),
    ],
)
def test_scores_that_do_not_fit_are_named(change, message):
    with pytest.raises(DataError, match=message):
        judge_one(replace(shift(0.1), **change))


def test_no_comparisons_give_no_claims():
    assert judge_claims([], 100, 0) == ()
