import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.retrievers import rank_bm25, rank_dense
from graphtune.config import BaseConfig
from graphtune.encoder import load_encoder
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
    return load_encoder(BaseConfig(model="minilm"))


def test_a_real_encoder_finds_paraphrases_at_every_dimension(minilm):
    runs = rank_dense(minilm, SMALL, (384, 64), k=3)
    assert list(runs) == [384, 64]
    for run in runs.values():
        assert list(run) == list(QUERIES)
        assert all(len(answers) == 3 for answers in run.values())
    scores = score_run(SMALL.qrels, runs[384])
    assert [scores[query]["MRR@10"] for query in QUERIES] == [1.0, 1.0, 1.0]
    assert runs[384] != runs[64]


def test_scores_are_cosines_of_sliced_and_normalised_vectors(minilm):
    run = rank_dense(minilm, SMALL, (64,), k=5)[64]
    query = minilm.encode(QUERIES["q1"])[:64]
    for document, score in run["q1"]:
        vector = minilm.encode(TEXTS[document])[:64]
        cosine = query @ vector / np.linalg.norm(query) / np.linalg.norm(vector)
        assert score == pytest.approx(float(cosine), abs=0.02)  # bfloat16 where it is fast


def test_equal_passages_stand_in_the_order_of_their_ids(minilm):
    twins = {f"twin{number}": TEXTS["matroid"] for number in (3, 1, 2)}
    run = rank_dense(minilm, replace(SMALL, documents={**TEXTS, **twins}), (128,), k=4)[128]
    assert [document for document, _ in run["q3"]] == ["matroid", "twin1", "twin2", "twin3"]
    words = rank_bm25(replace(SMALL, documents={**TEXTS, **twins}), k=4)
    assert [document for document, _ in words["q3"]] == ["matroid", "twin1", "twin2", "twin3"]


def test_a_query_that_is_a_document_does_not_answer_itself(minilm):
    own = replace(
        SMALL,
        queries={name: TEXTS[name] for name in ("tableau", "poset")},
        qrels={"tableau": {"partition": 1}, "poset": {"matroid": 1}},
        excluded={"tableau": ("tableau",), "poset": ("poset",)},
    )
    for run in (rank_dense(minilm, own, (384,), k=2)[384], rank_bm25(own, k=2)):
        assert all(query not in dict(answers) for query, answers in run.items())
    assert [len(answers) for answers in rank_dense(minilm, own, (64,), k=9)[64].values()] == [4, 4]
    assert dict(rank_bm25(own, k=1)["tableau"]).keys() == {"partition"}


def test_bm25_ranks_by_shared_stems_and_leaves_others_out():
    queries = {"q1": "fillings of diagrams", "q2": "of the", "q3": "zebra"}
    benchmark = replace(SMALL, queries=queries, qrels={q: {"tableau": 1} for q in queries})
    run = rank_bm25(benchmark, k=5)
    assert [document for document, _ in run["q1"]] == ["tableau"]
    assert run["q2"] == run["q3"] == []


def test_bm25_scores_are_those_of_the_formula():
    documents = {"a": "poset lattice", "b": "poset poset chain antichain", "c": "matroid"}
    benchmark = Benchmark("b", documents, {"q": "poset"}, {"q": {"a": 1}})
    idf = np.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    mean_length = 7 / 3

    def weigh(count: int, length: int) -> float:
        return idf * count / (count + 0.9 * (1 - 0.4 + 0.4 * length / mean_length))

    assert dict(rank_bm25(benchmark, k=5)["q"]) == pytest.approx(
        {"b": weigh(2, 4), "a": weigh(1, 2)}, abs=1e-5
    )


def test_bm25_does_not_fail_where_no_passage_has_a_word():
    empty = Benchmark("e", {"a": "", "b": "the of"}, {"q": "poset"}, {"q": {"a": 1}})
    assert rank_bm25(empty, k=5) == {"q": []}


def test_bm25_repeats_whatever_the_hash_seed():
    """The library numbers stems in set order, which differs from process to process."""
    program = (
        "import sys; sys.path.insert(0, 'tests');"
        "from test_bench_retrievers import SMALL, rank_bm25; print(rank_bm25(SMALL, 5))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "partition" in outputs.pop()
