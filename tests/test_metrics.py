import math
import string

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from graphtune import metrics
from graphtune.errors import DataError
from graphtune.metrics import (
    MEASURES,
    make_scorer,
    mean_interval,
    paired_interval,
    score_run,
)

DOCUMENTS = [f"d{number:02}" for number in range(30)]


@st.composite
def judged_runs(draw):
    """Grades and scores with ties; some documents are unjudged, some queries have no answer."""
    queries = draw(st.lists(st.sampled_from(string.ascii_lowercase), min_size=1, unique=True))
    documents, scores = st.sampled_from(DOCUMENTS), st.sampled_from([0.0, 0.25, 0.5, 1.0])
    qrels, run = {}, {}
    for query in queries:
        grades = draw(st.dictionaries(documents, st.integers(0, 3), min_size=1))
        grades[draw(documents)] = draw(st.integers(1, 3))
        qrels[query] = grades
        if answers := draw(st.none() | st.dictionaries(documents, scores)):
            run[query] = answers
    return qrels, run


def test_score_run_agrees_with_a_computation_by_hand():
    qrels = {"q": {"a": 3, "b": 1, "c": 2, "n": 0}}
    # The list's order counts, not its scores.
    run = {"q": [("x", 0.1), ("b", 0.2), ("n", 0.2), ("a", 9.0)]}
    scores = score_run(qrels, run)["q"]
    gained = 1 / math.log2(3) + 3 / math.log2(5)
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert scores == pytest.approx(
        {"MRR@10": 1 / 2, "NDCG@10": gained / ideal, "Recall@10": 2 / 3, "Recall@20": 2 / 3}
    )


def test_measures_stop_at_their_cutoff():
    run = {"q": [(name, 0.0) for name in DOCUMENTS]}
    for place, expected in ((9, (0.1, 1.0, 1.0)), (10, (0.0, 0.0, 1.0)), (20, (0.0, 0.0, 0.0))):
        scores = score_run({"q": {DOCUMENTS[place]: 1}}, run)["q"]
        assert (scores["MRR@10"], scores["Recall@10"], scores["Recall@20"]) == expected


def test_ndcg_takes_the_grade_as_gain():
    """Not 2^grade - 1, as other tools do: by hand, DCG = 1 + 3 / log2(3), ideal 3 + 1 / log2(3)."""
    run = {"q": [("mentions", 2.0), ("defines", 1.0)]}
    (scores,) = score_run({"q": {"defines": 3, "mentions": 1}}, run).values()
    expected = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
    assert scores["NDCG@10"] == pytest.approx(expected)


def test_a_scorer_serves_many_runs():
    score = make_scorer({"q": {"a": 1}, "r": {"b": 1}})
    runs = [{"q": [("a", 1.0)]}, {"r": [("x", 1.0), ("b", 0.5)]}, {}]
    found = [{query: row["MRR@10"] for query, row in score(run).items()} for run in runs]
    assert found == [{"q": 1.0, "r": 0.0}, {"q": 0.0, "r": 0.5}, {"q": 0.0, "r": 0.0}]


@given(judged_runs())
def test_score_run_agrees_with_pytrec_eval(judged):
    qrels, run = judged
    names = {"ndcg_cut_10": "NDCG@10", "recall_10": "Recall@10", "recall_20": "Recall@20"}

    def rank(answers):
        return sorted(answers.items(), key=lambda hit: (-hit[1], hit[0]))

    def rename(values):  # Of equal scores, trec_eval takes the larger name first.
        return {f"{99 - int(name[1:])}": value for name, value in values.items()}

    theirs = {query: rename(answers) for query, answers in run.items()}
    first = {query: rename(dict(rank(answers)[:10])) for query, answers in run.items()}
    judged = {query: rename(grades) for query, grades in qrels.items()}
    values = pytrec_eval.RelevanceEvaluator(judged, {"ndcg_cut", "recall"}).evaluate(theirs)
    reciprocal = pytrec_eval.RelevanceEvaluator(judged, {"recip_rank"}).evaluate(first)
    ours = score_run(qrels, {query: rank(answers) for query, answers in run.items()})
    for query, scores in ours.items():
        assert set(scores) == set(MEASURES)
        for name, measure in names.items():
            assert scores[measure] == pytest.approx(values.get(query, {}).get(name, 0.0))
        assert scores["MRR@10"] == pytest.approx(reciprocal.get(query, {}).get("recip_rank", 0.0))


def test_unanswered_queries_score_zero_and_foreign_ones_are_ignored():
    scores = score_run({"q": {"a": 1}, "r": {"a": 1}}, {"q": [], "foreign": [("a", 1.0)]})
    assert scores == {query: dict.fromkeys(MEASURES, 0.0) for query in ("q", "r")}


def test_unusable_judgements_and_answers_are_named():
    with pytest.raises(DataError, match="'lonely'"):
        score_run({"lonely": {"a": 0}}, {})
    with pytest.raises(DataError, match="'q' names a document twice"):
        score_run({"q": {"a": 1}}, {"q": [("a", 1.0), ("a", 0.5)]})


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    intervals = [mean_interval(generator.beta(2, 2, 60), 400, seed) for seed in range(200)]
    covered = sum(low <= 0.5 <= high for _, low, high in intervals)
    assert 180 <= covered <= 198


def test_interval_is_as_wide_as_the_standard_error_says():
    values = np.random.default_rng(1).normal(size=400)
    mean, low, high = mean_interval(values, 4000, 0)
    assert mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)


def test_pairing_shows_a_difference_that_two_separate_intervals_hide():
    base = np.random.default_rng(0).uniform(size=100)
    ours = base + np.random.default_rng(1).normal(0.02, 0.03, size=100)
    mean, low, high = paired_interval(ours, base, 1000, 0)
    assert low < mean < high
    assert low > 0
    assert mean_interval(ours, 1000, 0)[1] < mean_interval(base, 1000, 0)[2]
    reverse = paired_interval(base, ours, 1000, 0)
    assert reverse[0] == pytest.approx(-mean)
    assert reverse[2] < 0


def test_intervals_repeat_with_the_seed_and_fit_in_memory(monkeypatch):
    values = np.random.default_rng(0).uniform(size=50)
    assert mean_interval(values, 500, 3) == mean_interval(values, 500, 3)
    assert mean_interval(values, 500, 3) != mean_interval(values, 500, 4)
    whole = mean_interval(values, 500, 3)
    monkeypatch.setattr(metrics, "_BLOCK", 50 * 7)
    assert mean_interval(values, 500, 3) == pytest.approx(whole, abs=0.02)


def test_intervals_refuse_what_cannot_be_averaged():
    with pytest.raises(DataError, match="no queries"):
        mean_interval([], 100, 0)
    with pytest.raises(DataError, match="2 and 1 values"):
        paired_interval([1.0, 2.0], [1.0], 100, 0)


def test_measure_names_say_what_the_library_computes():
    assert [str(metrics._OBJECTS[name]) for name in MEASURES] == [
        "RR@10",
        "nDCG@10",
        "R@10",
        "R@20",
    ]
    assert ir_measures.parse_measure("RR@10") == metrics._OBJECTS["MRR@10"]


def test_queries_of_one_cluster_count_as_one():
    values = np.repeat(np.random.default_rng(0).normal(size=50), 4)
    clusters = np.repeat(np.arange(50), 4).tolist()
    _, low, high = mean_interval(values[::4], 2000, 0)
    mean, clustered_low, clustered_high = mean_interval(values, 2000, 0, clusters)
    assert mean == pytest.approx(values.mean())
    assert clustered_high - clustered_low == pytest.approx(high - low, rel=0.1)
    _, naive_low, naive_high = mean_interval(values, 2000, 0)
    assert naive_high - naive_low < 0.6 * (clustered_high - clustered_low)
