import json
from dataclasses import replace
from pathlib import Path

import ir_measures
import pytest

from graphtune.bench.benchmark import Benchmark, hash_benchmark
from graphtune.bench.compare import Report, compare_systems
from graphtune.bench.output import render_table, write_report
from graphtune.bench.systems import Ranking

DOCUMENTS = {f"d{number}": "text" for number in range(8)}
QUERIES = {f"q{number}": "text" for number in range(30)}
BENCHMARK = Benchmark(
    "toy",
    DOCUMENTS,
    QUERIES,
    {query: {"d0": 2, f"d{1 + number % 7}": 1} for number, query in enumerate(QUERIES)},
    {query: "held-out" if number % 3 else "seen" for number, query in enumerate(QUERIES)},
    notes=("A note.",),
)


def make_run(step: int):
    ids = list(DOCUMENTS)
    return {
        query: [
            (document, 1 - rank / 10)
            for rank, document in enumerate(ids[(number * step) % 8 :] + ids[: (number * step) % 8])
        ]
        for number, query in enumerate(QUERIES)
    }


@pytest.fixture
def report() -> Report:
    base = "sentence-transformers/all-MiniLM-L6-v2"
    rankings = [
        Ranking(base, (make_run(3),), 384),
        Ranking("tuned", (make_run(1), make_run(5)), 384),
        Ranking("tuned", (make_run(2), make_run(7)), 64),
        Ranking("BM25", (make_run(6),), kind="lexical"),
    ]
    return compare_systems(BENCHMARK, rankings, base, bootstrap=200, seed=0)


def test_the_plain_table_fits_a_terminal_and_says_everything(report: Report):
    text = render_table(report)
    lines = text.splitlines()
    table = lines[2 : lines.index("", 3)]
    assert max(map(len, table)) <= 110
    assert lines[0] == "toy: 30 queries, 8 passages"
    assert table[0].split() == [
        "Model",
        "Dim",
        "Queries",
        "n",
        "MRR",
        "NDCG",
        "Δ",
        "base",
        "Recall",
    ]
    assert table[1].split() == ["@10", "@10", "[95", "%]", "@10/20"]
    assert lines[-2:] == [*report.verdicts, "A note."]


def test_every_result_is_a_markdown_row_with_its_numbers(report: Report):
    rows = [line for line in render_table(report, "markdown").splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(report.results)
    for result, row in zip(report.results, rows[1:], strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        low, high = result.ndcg_interval
        assert cells[:4] == [
            result.system, str(result.dim or "–"), result.group, str(result.n_queries)
        ]  # fmt: skip
        assert cells[4] == f"{result.measures['MRR@10']:.3f}"
        assert cells[5] == f"{result.measures['NDCG@10']:.3f} [{low:.3f}, {high:.3f}]"
        assert (cells[6] == "–") == (result.difference is None)
        assert cells[7].split("/")[1] == f"{result.measures['Recall@20']:.3f}"


def test_json_holds_results_and_hashes(report: Report, tmp_path: Path):
    write_report(report, tmp_path, {"pairs": "abc"})
    stored = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert stored["provenance"] == {"benchmark": hash_benchmark(BENCHMARK), "pairs": "abc"}
    assert stored["verdicts"] == list(report.verdicts)
    assert (stored["base"], stored["bootstrap"], stored["seed"]) == (report.base, 200, 0)
    assert len(stored["results"]) == len(report.results)
    first, expected = stored["results"][1], report.results[1]
    assert first["measures"] == expected.measures
    assert first["difference"] == list(expected.difference)
    assert first["by_seed"]["NDCG@10"] == list(expected.by_seed["NDCG@10"])


def test_trec_files_give_the_rows_of_the_table_again(report: Report, tmp_path: Path):
    write_report(report, tmp_path)
    measures = {"MRR@10": "RR@10", "NDCG@10": "nDCG@10", "Recall@10": "R@10", "Recall@20": "R@20"}
    for result in report.results:
        qrels = "qrels.trec" if result.group == "all" else f"qrels-{result.group}.trec"
        stem = result.system.replace("/", "-")
        seeds = len(result.by_seed["MRR@10"])
        for number in range(seeds):
            tag = f"{stem}-{result.dim}" + (f"-seed{number}" if seeds > 1 else "")
            again = ir_measures.calc_aggregate(
                [ir_measures.parse_measure(name) for name in measures.values()],
                ir_measures.read_trec_qrels(str(tmp_path / qrels)),
                ir_measures.read_trec_run(str(tmp_path / "runs" / f"{tag}.trec")),
            )
            again = {str(measure): value for measure, value in again.items()}
            for ours, theirs in measures.items():
                assert again[theirs] == pytest.approx(result.by_seed[ours][number], abs=1e-6)


def test_the_same_report_gives_the_same_bytes_and_lists_all_files(report: Report, tmp_path: Path):
    paths = write_report(report, tmp_path / "one")
    assert sorted(paths) == sorted(p for p in (tmp_path / "one").rglob("*") if p.is_file())
    again = write_report(report, tmp_path / "two")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert {path.name for path in paths} >= {
        "results.json", "table.md", "qrels.trec", "qrels-seen.trec", "BM25-0.trec",
        "tuned-64-seed1.trec", "sentence-transformers-all-MiniLM-L6-v2-384.trec",
    }  # fmt: skip
    assert "qrels-all.trec" not in {path.name for path in paths}


def test_names_cannot_leave_the_folder_or_overwrite_each_other(tmp_path: Path):
    names = ("base", "../x", "..\\x", "X", "a b")
    rankings = [Ranking(name, (make_run(1),), 8) for name in names]
    report = compare_systems(BENCHMARK, rankings, "base", bootstrap=100, seed=0)
    paths = write_report(report, tmp_path / "out")
    assert {path.parent for path in paths} == {tmp_path / "out", tmp_path / "out" / "runs"}
    assert len({str(path).casefold() for path in paths}) == len(paths)


def test_ids_with_spaces_stay_one_column(tmp_path: Path):
    spaced = replace(
        BENCHMARK,
        documents={"d 1": "", "d%201": ""},
        queries={"young tableau": ""},
        qrels={"young tableau": {"d 1": 1}},
        groups={},
    )
    run = {"young tableau": [("d 1", 0.5), ("d%201", 0.25)]}
    write_report(compare_systems(spaced, [Ranking("base", (run,), 8)], "base", 100, 0), tmp_path)
    assert (tmp_path / "qrels.trec").read_text() == "young%20tableau 0 d%201 1\n"
    assert (tmp_path / "runs" / "base-8.trec").read_text().splitlines() == [
        "young%20tableau Q0 d%201 1 0.500000 base-8",
        "young%20tableau Q0 d%25201 2 0.250000 base-8",
    ]
