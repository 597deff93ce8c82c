from dataclasses import replace

import pytest
from test_bench_rerank import save_reranker
from test_bench_retrievers import SMALL

from graphtune.bench import run_systems
from graphtune.config import BaseConfig, BenchConfig
from graphtune.errors import DataError, ModelError

MINILM = BaseConfig(model="minilm")
CONFIG = BenchConfig(bootstrap=100)


def run(*benchmarks, systems, config=CONFIG, **options):
    return run_systems(benchmarks, systems, "minilm", (64,), config, **options)


def test_everything_that_can_run_stands_in_one_table_and_the_rest_says_why(tmp_path):
    (tmp_path / "no model").mkdir()
    reranker = save_reranker(tmp_path / "reranker")
    names = ("specter2", "scincl", "text-embedding-3-small", str(tmp_path / "no model"))
    systems = {"minilm": [MINILM], **{name: [BaseConfig(model=name)] for name in names}}
    reports, hashes = run(
        SMALL,
        replace(SMALL, name="again"),
        systems=systems,
        cache=tmp_path / "cache",
        rerankers=[str(reranker), "nobody/reranks"],
    )
    for report in reports:
        assert [(r.system, r.dim, r.precision) for r in report.rankings] == [
            ("minilm", 384, "float32"),
            ("minilm", 64, "float32"),
            ("minilm", 384, "int8"),
            ("minilm", 384, "binary"),
            ("hybrid minilm", 384, "float32"),
            (f"reranked by {reranker}", 384, "float32"),
            ("BM25", 0, "float32"),
            ("random", 0, "float32"),
            ("oracle", 0, "float32"),
        ]
        why = {one.system: one.reason for one in report.missing}
        assert list(why) == [*names, "reranked by nobody/reranks"]
        assert "allenai/specter2_base" in why["specter2"] or "'specter2'" in why["specter2"]
        assert "OPENAI_API_KEY is not set" in why["text-embedding-3-small"]
        assert "cannot load the model folder" in why[str(tmp_path / "no model")]
        assert all("\n" not in reason for reason in why.values())
        scores = {(r.system, r.dim): r.measures["NDCG@10"] for r in report.results}
        assert scores["oracle", 0] == 1.0
    assert sorted(hashes) == ["model minilm", f"reranker {reranker}"]
    # The second benchmark has the same texts, which the cache knew.
    first, second = (report.rankings[0].cost.build_seconds for report in reports)
    assert first is not None
    assert second is None


def test_seeds_are_runs_of_one_row_and_of_one_hybrid():
    (report,), hashes = run(SMALL, systems={"minilm": [MINILM], "tuned": [MINILM, MINILM]})
    tuned = [r for r in report.rankings if "tuned" in r.system]
    assert [(r.system, len(r.runs)) for r in tuned] == [
        *[("tuned", 2)] * 4,
        ("hybrid tuned", 2),
    ]
    assert set(hashes) == {"model minilm", "model tuned 0", "model tuned 1"}


def test_a_base_that_cannot_be_had_ends_the_run(tmp_path):
    with pytest.raises(ModelError, match="model folder"):
        run(SMALL, systems={"minilm": [BaseConfig(model=str(tmp_path))]})


@pytest.mark.parametrize("gone", [{"documents": {}}, {"queries": {}, "qrels": {}}])
def test_nothing_to_search_is_an_error(gone):
    with pytest.raises(DataError, match="there is nothing to search"):
        run(replace(SMALL, **gone), systems={"minilm": [MINILM]})


def test_queries_that_share_no_word_are_answered_by_vectors_alone():
    strange = replace(SMALL, queries={"q1": "zebra", "q2": "xylophone of", "q3": "matroid"})
    (report,), _ = run(strange, systems={"minilm": [MINILM]})
    found = {r.system: r for r in report.rankings}
    assert found["BM25"].runs[0]["q1"] == found["BM25"].runs[0]["q2"] == []
    assert "2 of 3 queries share no word with any document" in found["BM25"].warnings[0]
    assert len(found["hybrid minilm"].runs[0]["q1"]) == len(strange.documents)


def test_where_no_query_shares_a_word_bm25_and_hybrids_are_missing_not_zero(tmp_path):
    reranker = save_reranker(tmp_path / "reranker")
    strange = replace(SMALL, queries={"q1": "\u76d2\u5b50", "q2": "\u6574\u6570", "q3": "zebra"})
    (report, usual), _ = run(
        strange, SMALL, systems={"minilm": [MINILM]}, rerankers=[str(reranker)]
    )
    why = {one.system: one.reason for one in report.missing}
    assert list(why) == ["BM25", "hybrid minilm"]
    assert "none of the 3 queries of small shares a word with a document" in why["BM25"]
    systems = {r.system: r for r in report.rankings}
    assert list(systems) == ["minilm", f"reranked by {reranker}", "random", "oracle"]
    assert "from minilm alone" in systems[f"reranked by {reranker}"].warnings[0]
    assert {"BM25", "hybrid minilm"} <= {r.system for r in usual.rankings}
    assert not usual.missing


def test_rerankers_order_any_row_anew(tmp_path):
    reranker = str(save_reranker(tmp_path / "reranker"))
    config = CONFIG.model_copy(update={"rerank_over": ("hybrid", "BM25", "minilm")})
    options = {"systems": {"minilm": [MINILM]}, "rerankers": [reranker]}
    (report,), _ = run(SMALL, config=config, **options)
    rows = [one.system for one in report.rankings if one.kind == "reranked"]
    ours = f"reranked by {reranker}"
    assert rows == [ours, f"BM25 {ours}", f"minilm {ours}"]
    wrong = CONFIG.model_copy(update={"rerank_over": ("bm52",)})
    (report,), _ = run(SMALL, config=wrong, **options)
    assert "names 'bm52'; the rows are: BM25, hybrid minilm, minilm" in report.missing[0].reason
