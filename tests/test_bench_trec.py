import gzip
import io
from dataclasses import replace

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import BENCHMARK, list_rankings, make_report, make_run

from graphtune.bench import trec
from graphtune.bench.benchmark import list_slices
from graphtune.bench.output import write_report
from graphtune.bench.systems import Ranking
from graphtune.metrics import score_run

MEASURES = {"MRR@10": "RR@10", "NDCG@10": "nDCG@10", "Recall@10": "R@10", "Recall@20": "R@20"}


def test_trec_files_give_the_rows_of_the_table_again(tmp_path):
    report = make_report()
    write_report(report, tmp_path)
    labels = {(part.group, part.stratum, part.tier): part.label for part in list_slices(BENCHMARK)}
    checked = 0
    for result in report.results:
        if result.system == "oracle":
            continue
        label = labels[result.group, result.stratum, result.tier]
        name = "qrels" if label == "all" else f"qrels-{trec.name_files([label])[0]}"
        if result.group == "all" and result.tier:
            assert not (tmp_path / f"{name}.trec").exists()
            continue
        stem = f"{result.system.replace('/', '-').replace(' ', '-')}-{result.dim}"
        stem += "" if result.precision == "float32" else f"-{result.precision}"
        seeds = len(result.by_seed["MRR@10"])
        for number in range(seeds):
            tag = stem + (f"-seed{number}" if seeds > 1 else "")
            again = ir_measures.calc_aggregate(
                [ir_measures.parse_measure(measure) for measure in MEASURES.values()],
                ir_measures.read_trec_qrels(str(tmp_path / f"{name}.trec")),
                ir_measures.read_trec_run(str(tmp_path / "runs" / f"{tag}.trec.gz")),
            )
            again = {str(measure): value for measure, value in again.items()}
            for ours, theirs in MEASURES.items():
                assert again[theirs] == pytest.approx(result.by_seed[ours][number], abs=1e-6)
                checked += 1
    assert checked > 100


def test_runs_are_packed_to_the_same_bytes_and_marks_have_none():
    rankings = [*list_rankings(), Ranking("random", (make_run(1),) * 10, kind="floor")]
    files = dict(trec.render_runs(rankings))
    assert not any("oracle" in name or "random" in name for name in files)
    assert len(files) == sum(len(one.runs) for one in rankings) - 11
    assert dict(trec.render_runs(rankings)) == files
    for name, packed in files.items():
        tag = name.removeprefix("runs/").removesuffix(".trec.gz")
        assert packed[4:8] == bytes(4)  # no time of the day
        lines = gzip.decompress(packed).decode().splitlines()
        assert (len(lines), lines[0].split()[-1]) == (60 * 8, tag)


def test_the_judgements_of_a_huge_tier_are_counted_and_not_written(monkeypatch):
    assert "qrels-seen-paper-level.trec" in dict(trec.render_judgements(BENCHMARK))
    monkeypatch.setattr(trec, "MAX_TIER", 59)
    assert trec.list_large_tiers(BENCHMARK) == {"paper": 60}
    assert not any("paper" in name for name, _ in trec.render_judgements(BENCHMARK))


def test_names_cannot_overwrite_each_other():
    names = ("base", "../x", "..\\x", "X", "a b", "")
    rankings = [Ranking(name, list_rankings()[0].runs, 8) for name in names]
    files = dict(trec.render_runs(rankings))
    assert len({name.casefold() for name in files}) == len(names)
    assert all(name.count("/") == 1 and ".." not in name for name in files)


def test_ids_with_spaces_stay_one_column():
    spaced = replace(
        BENCHMARK,
        documents={"d 1": "", "d%201": ""},
        queries={"young tableau": ""},
        qrels={"young tableau": {"d 1": 1}},
        groups={},
        strata={},
        tiers={},
    )
    assert dict(trec.render_judgements(spaced)) == {"qrels.trec": "young%20tableau 0 d%201 1\n"}
    run = {"young tableau": [("d 1", 0.5), ("d%201", 0.25)]}
    assert trec.render_run(run, "base-8").splitlines() == [
        "young%20tableau Q0 d%201 1 0.5 base-8",
        "young%20tableau Q0 d%25201 2 0.25 base-8",
    ]


@given(
    scores=st.lists(
        st.sampled_from([-3.0, 0.0, 1e-7, 0.1, 0.1 + 1e-9, 16.5, 31.0000001, 31.0]), min_size=1
    )
)
def test_tied_answers_keep_our_order_in_trec_tools(scores):
    ranked = sorted(scores, reverse=True)
    run = {"q": [(f"d{place:03}", score) for place, score in enumerate(ranked)]}
    qrels = {"q": {f"d{place:03}": place % 3 for place in range(len(ranked))} | {"other": 1}}
    read = list(ir_measures.read_trec_run(io.StringIO(trec.render_run(run, "tied"))))
    again = ir_measures.calc_aggregate(
        [ir_measures.parse_measure(measure) for measure in MEASURES.values()], qrels, read
    )
    ours = score_run(qrels, run)["q"]
    assert {str(name): value for name, value in again.items()} == {
        theirs: pytest.approx(ours[measure]) for measure, theirs in MEASURES.items()
    }
