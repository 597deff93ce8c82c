import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.embedder import open_local
from graphtune.bench.retrievers import (
    fuse_rankings,
    rank_bm25,
    rank_dense,
    rank_oracle,
    rank_random,
)
from graphtune.bench.retrievers.fusion import fuse_answers
from graphtune.config import BaseConfig
from graphtune.metrics import score_run

TEXTS = {
    "tableau": "A Young tableau is a filling of a Ferrers diagram by positive integers.",
    "partition": "A partition of n is a weakly decreasing sequence of integers with sum n.",
    "matroid": "A matroid abstracts linear independence: bases, circuits, and rank.",
    "crystal": "A crystal basis of a quantum group representation at q equal to zero.",
    "poset": "A partially ordered set, in which some elements may be incomparable.",
}
QUERIES = {
    "q1": "boxes of a shape filled with numbers",
    "q2": "writing an integer as a sum of smaller ones",
    "q3": "generalisation of linearly independent vectors",
}
ANSWERS = {"q1": "tableau", "q2": "partition", "q3": "matroid"}
SMALL = Benchmark("small", TEXTS, QUERIES, {q: {d: 1} for q, d in ANSWERS.items()})


@pytest.fixture(scope="module")
def minilm():
    return open_local(BaseConfig(model="minilm"), None)


def rank_minilm(minilm, benchmark, dims, k, precisions=()):
    """Return the run at each dimension, and at each other precision."""
    rankings = rank_dense("minilm", minilm, benchmark, dims, precisions, k)
    assert all(r.system == "minilm" and r.kind == "dense" for r in rankings)
    return {r.dim if r.precision == "float32" else r.precision: r.runs[0] for r in rankings}


def answer_bm25(benchmark, k):
    (run,) = rank_bm25(benchmark, k).runs
    return run


def test_a_real_encoder_finds_paraphrases_at_every_dimension(minilm):
    runs = rank_minilm(minilm, SMALL, (384, 64), 3)
    assert list(runs) == [384, 64]
    for run in runs.values():
        assert list(run) == list(QUERIES)
        assert all(len(answers) == 3 for answers in run.values())
    scores = score_run(SMALL.qrels, runs[384])
    assert [scores[query]["MRR@10"] for query in QUERIES] == [1.0, 1.0, 1.0]
    assert runs[384] != runs[64]


def test_scores_are_cosines_of_sliced_and_normalised_vectors(minilm):
    run = rank_minilm(minilm, SMALL, (64,), 5)[64]
    (query,) = minilm.embed([QUERIES["q1"]], "query")[0][:, :64]
    for document, score in run["q1"]:
        (vector,) = minilm.embed([TEXTS[document]], "document")[0][:, :64]
        cosine = query @ vector / np.linalg.norm(query) / np.linalg.norm(vector)
        assert score == pytest.approx(float(cosine), abs=0.02)  # bfloat16 where it is fast


def test_dimensions_wider_than_the_model_are_left_out(minilm):
    assert list(rank_minilm(minilm, SMALL, (768, 128), 3)) == [384, 128]
    assert list(rank_minilm(minilm, SMALL, None, 3)) == [384, 256, 128, 64]


def test_equal_passages_stand_in_the_order_of_their_ids(minilm):
    twins = {f"twin{number}": TEXTS["matroid"] for number in (3, 1, 2)}
    doubled = replace(SMALL, documents={**TEXTS, **twins})
    runs = rank_minilm(minilm, doubled, (128,), 4, ("int8", "binary"))
    for run in (*runs.values(), answer_bm25(doubled, 4)):
        assert [document for document, _ in run["q3"]] == ["matroid", "twin1", "twin2", "twin3"]


def test_a_query_that_is_a_document_does_not_answer_itself(minilm):
    own = replace(
        SMALL,
        queries={name: TEXTS[name] for name in ("tableau", "poset")},
        qrels={"tableau": {"partition": 1}, "poset": {"matroid": 1}},
        excluded={"tableau": ("tableau",), "poset": ("poset",)},
    )
    words = answer_bm25(own, 2)
    chance = rank_random(own, 5, seed=0).runs
    for run in (rank_minilm(minilm, own, (384,), 2)[384], words, *chance):
        assert all(query not in dict(answers) for query, answers in run.items())
    every = rank_minilm(minilm, own, (64,), 9)[64]
    assert [len(answers) for answers in every.values()] == [4, 4]
    assert dict(answer_bm25(own, 1)["tableau"]).keys() == {"partition"}


def test_bytes_are_counted_and_a_query_is_timed(minilm):
    rankings = rank_dense("m", minilm, SMALL, (64,), ("int8", "binary"), 3)
    ranges = 2 * 4 * 384
    assert [r.cost.index_bytes for r in rankings] == [
        5 * 384 * 4, 5 * 64 * 4, 5 * 384 + ranges, 5 * 384 // 8
    ]  # fmt: skip
    for ranking in (*rankings, rank_bm25(SMALL, 3)):
        assert ranking.cost.build_seconds > 0
        assert ranking.cost.query_ms > 0
    assert rank_bm25(SMALL, 3).cost.index_bytes > 100


def test_vectors_from_the_cache_have_no_build_time(tmp_path):
    for first in (True, False):
        embedder = open_local(BaseConfig(model="minilm"), tmp_path)
        (ranking,) = rank_dense("m", embedder, SMALL, (384,), (), 3)
        assert (ranking.cost.build_seconds is not None) == first
        assert ranking.cost.query_ms > 0


def test_queries_without_a_known_word_are_counted():
    assert rank_bm25(SMALL, 3).warnings == ()
    odd = replace(SMALL, queries=dict.fromkeys(SMALL.queries, "zzz") | {"q1": "對稱群"})
    ranking = rank_bm25(odd, 3)
    n = len(odd.queries)
    assert not any(ranking.runs[0].values())
    expected = f"BM25: {n} of {n} queries share no word with any document and score 0"
    assert ranking.warnings == (expected,)


def test_a_hybrid_takes_what_either_finds(minilm):
    queries = {"q1": "matroid", "q2": "writing an integer as a sum of smaller ones"}
    benchmark = Benchmark("b", TEXTS, queries, {"q1": {"matroid": 1}, "q2": {"partition": 1}})
    words = rank_bm25(benchmark, 5)
    (dense,) = rank_dense("m", minilm, benchmark, (384,), (), 5)
    hybrid = fuse_rankings("hybrid m", dense, words, 5)
    assert (hybrid.kind, hybrid.dim, hybrid.system) == ("hybrid", 384, "hybrid m")
    (run,) = hybrid.runs
    assert run["q1"][0] == ("matroid", 2.0)
    assert run["q2"][0][0] == "partition"
    assert all(len(answers) == 5 for answers in run.values())
    assert hybrid.cost.index_bytes == dense.cost.index_bytes + words.cost.index_bytes
    assert hybrid.cost.query_ms == dense.cost.query_ms + words.cost.query_ms
    unknown = replace(dense, cost=replace(dense.cost, build_seconds=None))
    assert fuse_rankings("h", unknown, words, 5).cost.build_seconds is None


def test_fused_scores_are_sums_of_scaled_ones_and_ties_stand_by_document_id():
    # By hand: a 0.5 + 1, b 1 + 0.25, c 0, d 0.
    first = [("b", 0.75), ("a", 0.5), ("c", 0.25)]
    second = [("a", 9.0), ("b", 3.0), ("d", 1.0)]
    assert fuse_answers([first, second], 9) == [("a", 1.5), ("b", 1.25), ("c", 0.0), ("d", 0.0)]


def test_fused_scores_do_not_depend_on_the_scale_of_either_ranking():
    words = [("a", 9.0), ("b", 3.0), ("d", 1.0)]
    cosines = [("b", 0.9375), ("d", 0.875), ("c", 0.75)]
    shifted = [(document, 4 * score - 2) for document, score in cosines]
    assert fuse_answers([words, cosines], 9) == fuse_answers([words, shifted], 9)


def test_a_ranking_of_equal_scores_or_without_answers_can_be_fused():
    assert fuse_answers([[("a", 2.0)], []], 9) == [("a", 1.0)]
    assert fuse_answers([[("b", 3.0), ("a", 3.0)], [("a", 0.5)]], 9) == [("a", 2.0), ("b", 1.0)]
    assert fuse_answers([[], []], 9) == []


def test_random_order_is_near_what_chance_gives_and_repeats():
    ids = [f"d{number:03}" for number in range(200)]
    queries = {f"q{number}": "x" for number in range(60)}
    benchmark = Benchmark("b", dict.fromkeys(ids, ""), queries, {q: {"d007": 1} for q in queries})
    ranking = rank_random(benchmark, 20, seed=3)
    assert ranking.kind == "floor"
    assert len(ranking.runs) == 10
    assert ranking == rank_random(benchmark, 20, seed=3) != rank_random(benchmark, 20, seed=4)
    scores = [score_run(benchmark.qrels, run).values() for run in ranking.runs]
    recall = [values["Recall@20"] for run in scores for values in run]
    assert np.mean(recall) == pytest.approx(0.1, abs=0.04)  # 600 draws: sd 0.012
    assert all(len(dict(answers)) == 20 for run in ranking.runs for answers in run.values())


def test_many_queries_are_drawn_for_less_often():
    queries = {f"q{number}": "x" for number in range(4000)}
    qrels = {query: {"poset": 1} for query in queries}
    assert len(rank_random(Benchmark("b", TEXTS, queries, qrels), 2, seed=0).runs) == 3


def test_the_oracle_scores_one_with_grades_and_more_answers_than_fit():
    grades = {"q1": {"poset": 1, "tableau": 3, "crystal": 0}, "q2": dict.fromkeys(TEXTS, 2)}
    benchmark = Benchmark("b", TEXTS, {"q1": "", "q2": ""}, grades)
    ranking = rank_oracle(benchmark, 20)
    assert ranking.kind == "ceiling"
    scores = score_run(benchmark.qrels, ranking.runs[0])
    assert [scores[query]["NDCG@10"] for query in ("q1", "q2")] == [1.0, 1.0]
    assert list(dict(ranking.runs[0]["q1"])) == ["tableau", "poset"]


def test_bm25_ranks_by_shared_stems_and_leaves_others_out():
    queries = {"q1": "fillings of diagrams", "q2": "of the", "q3": "zebra"}
    benchmark = replace(SMALL, queries=queries, qrels={q: {"tableau": 1} for q in queries})
    run = answer_bm25(benchmark, 5)
    assert [document for document, _ in run["q1"]] == ["tableau"]
    assert run["q2"] == run["q3"] == []


def test_bm25_scores_are_those_of_the_formula():
    documents = {"a": "poset lattice", "b": "poset poset chain antichain", "c": "matroid"}
    benchmark = Benchmark("b", documents, {"q": "poset"}, {"q": {"a": 1}})
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean_length = 7 / 3

    def weigh(count: int, length: int) -> float:
        return idf * count / (count + 0.9 * (1 - 0.4 + 0.4 * length / mean_length))

    assert dict(answer_bm25(benchmark, 5)["q"]) == pytest.approx(
        {"b": weigh(2, 4), "a": weigh(1, 2)}, abs=1e-5
    )


def test_bm25_does_not_fail_where_no_passage_has_a_word():
    empty = Benchmark("e", {"a": "", "b": "the of"}, {"q": "poset"}, {"q": {"a": 1}})
    assert answer_bm25(empty, 5) == {"q": []}


def test_bm25_repeats_whatever_the_hash_seed():
    """The library numbers stems in set order, which differs from process to process."""
    program = (
        "import sys; sys.path.insert(0, 'tests');"
        "from test_bench_retrievers import SMALL, rank_bm25; print(rank_bm25(SMALL, 5).runs)"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert other == f"{rank_bm25(SMALL, 5).runs}\n"
    assert "partition" in other
