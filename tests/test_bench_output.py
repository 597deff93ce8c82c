import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from reports import BASE, BENCHMARK, TRAINED, list_rankings, make_report

from graphtune.bench import output
from graphtune.bench.benchmark import hash_benchmark
from graphtune.bench.claims import state_claim
from graphtune.bench.compare import Report
from graphtune.bench.output import read_result, render_text, write_report
from graphtune.bench.systems import Cost, Ranking


@pytest.fixture
def report() -> Report:
    return make_report()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_json_holds_results_claims_and_hashes(report: Report, tmp_path: Path):
    write_report(report, tmp_path, {"pairs": "abc"})
    stored = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    held = stored["provenance"]
    assert (held["benchmark"], held["pairs"]) == (hash_benchmark(BENCHMARK), "abc")
    assert {
        f"benchmark {part}" for part in ("documents", "queries", "judgements", "labels")
    } <= set(held)
    assert [one["sentence"] for one in stored["claims"]] == [*map(state_claim, report.claims)]
    assert stored["headline"]["result"]["system"] == TRAINED
    assert (stored["base"], stored["bootstrap"], stored["seed"]) == (BASE, 200, 0)
    assert len(stored["results"]) == len(report.results)
    first, expected = stored["results"][3], report.results[3]
    assert first["measures"] == expected.measures
    assert first["difference"] == list(expected.difference)
    assert first["by_seed"]["NDCG@10"] == list(expected.by_seed["NDCG@10"])
    assert (first["mark"], first["kind"], first["vector_bytes"]) == ("held out", "dense", 1536)
    assert stored["missing"] == [{"system": "a/model", "reason": "the hub is out of reach"}]
    scores = (tmp_path / "scores.csv").read_bytes()
    assert stored["scores_sha256"] == hashlib.sha256(scores).hexdigest()


def test_what_leaks_stands_in_the_json_and_there_is_no_headline(tmp_path: Path):
    write_report(make_report(leaks={"held-out": "three names"}), tmp_path)
    stored = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert stored["leakage"]["leaks"] == {"held-out": "three names"}
    assert (stored["headline"]["result"], stored["claims"]) == (None, [])
    assert {row["mark"] for row in stored["results"]} == {"leaks", "seen", "mixed"}


def test_the_csv_of_scores_gives_the_rows_again(report: Report, tmp_path: Path):
    write_report(report, tmp_path)
    scores, rows = read_csv(tmp_path / "scores.csv"), read_csv(tmp_path / "results.csv")
    assert len(rows) == len(report.results)
    for row in rows:
        values = [
            float(one["NDCG@10"])
            for one in scores
            if all(one[key] == row[key] for key in ("system", "dim", "precision", "tier"))
            and row["group"] in ("all", one["group"])
            and row["stratum"] in ("", one["stratum"])
        ]
        assert len(values) == int(row["n_queries"])
        assert sum(values) / len(values) == pytest.approx(float(row["NDCG@10"]))
        assert row["seeds"] == {TRAINED: "2", "oracle": ""}.get(row["system"], "1")
        assert float(row["NDCG@10_low"]) <= float(row["NDCG@10"]) <= float(row["NDCG@10_high"])


def test_only_the_costs_differ_when_the_same_is_written_again(report: Report, tmp_path: Path):
    paths = write_report(report, tmp_path / "one")
    assert sorted(paths) == sorted(p for p in (tmp_path / "one").rglob("*") if p.is_file())
    slower = [replace(one, cost=Cost(99.5, 98.5, 7)) for one in list_rankings()]
    again = write_report(make_report(rankings=slower), tmp_path / "two")
    differ = [
        one.name
        for one, two in zip(paths, again, strict=True)
        if one.read_bytes() != two.read_bytes()
    ]
    assert sorted(differ) == ["costs.json", "report.html"]
    assert "99.5" in (tmp_path / "two" / "costs.json").read_text()
    assert {path.name for path in paths} >= {
        "results.json", "results.csv", "scores.csv", "table.md", "table.txt", "qrels.trec",
        "qrels-seen.trec", "BM25-0.trec.gz", "graphtune-evidence-64-seed1.trec.gz",
        "sentence-transformers-all-MiniLM-L6-v2-384-binary.trec.gz",
    }  # fmt: skip


def test_names_cannot_leave_the_folder_and_stale_files_go(tmp_path: Path):
    base, *_ = list_rankings()
    names = (BASE, "../x", "..\\x", "X")
    rankings = [Ranking(name, base.runs, 8) for name in names]
    write_report(make_report(), tmp_path / "out")
    (tmp_path / "out" / "runs" / "old.trec").touch()
    paths = write_report(make_report(replace(BENCHMARK, tiers={}), rankings), tmp_path / "out")
    assert {path.parent for path in paths} == {tmp_path / "out", tmp_path / "out" / "runs"}
    assert sorted(paths) == sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file())


def test_results_of_the_same_inputs_are_read_back_and_others_are_not(
    tmp_path: Path,
):
    inputs = {"settings": "x", "trained a": "1"}
    report = replace(make_report(), missing=())
    write_report(report, tmp_path, {**inputs, "model a": "2"})
    held = read_result(tmp_path, BENCHMARK, inputs)
    assert held is not None
    assert held[0]["headline"]["result"]["system"] == TRAINED
    assert held[1] == render_text(report)
    assert "Costs on this machine" in held[1]
    relabelled = replace(BENCHMARK, groups={})
    for benchmark, wanted in (
        (BENCHMARK, {**inputs, "settings": "y"}),
        (BENCHMARK, {"settings": "x"}),
        (relabelled, inputs),
        (replace(BENCHMARK, documents={}), inputs),
        (replace(BENCHMARK, notes=("Another.",)), inputs),
    ):
        assert read_result(tmp_path, benchmark, wanted) is None
    write_report(make_report(), tmp_path / "lacking", inputs)  # the hub may answer by now
    assert read_result(tmp_path / "lacking", BENCHMARK, inputs) is None
    (tmp_path / "costs.json").write_text("{")
    assert read_result(tmp_path, BENCHMARK, inputs) is None


def test_what_was_written_by_half_does_not_count_as_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    report = replace(make_report(), missing=())
    write_report(report, tmp_path)
    assert read_result(tmp_path, BENCHMARK, {}) is not None

    def fail(_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(output, "render_runs", fail)
    with pytest.raises(OSError, match="full"):
        write_report(report, tmp_path)
    assert read_result(tmp_path, BENCHMARK, {}) is None
