from pathlib import Path

import pytest

from graphtune import measuring
from graphtune.config import TrainConfig
from graphtune.errors import DataError
from graphtune.files import write_record
from graphtune.pipeline import build_workspace, list_models, pair_workspace, read_graph
from graphtune.train.records import REPORT_NAME, TrainReport
from graphtune.workspace import Workspace


@pytest.fixture
def built(workspace: Workspace, papers: Path) -> Workspace:
    build_workspace(workspace, [papers])
    return workspace


def list_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_reports_are_read_back_compared_and_kept(built: Workspace, tmp_path: Path):
    [first] = measuring.bench_workspace(built)
    assert (first.made, first.folder) == (True, built.results / "graph")
    assert first.data["headline"]["group"] == "held-out"
    held = list_files(built.results)
    [again] = measuring.bench_workspace(built, force=False)
    assert (again.made, again.data, again.table) == (False, first.data, first.table)
    [later] = measuring.bench_workspace(
        built, force=False, compare=[first.folder], out=tmp_path / "later"
    )
    assert (later.made, later.folder) == (True, tmp_path / "later" / "graph")
    [compared] = later.data["compared"]
    assert compared["source"] == str(first.folder)
    assert {claim["difference"] for claim in compared["claims"]} == {0}
    assert "compared with" in later.table
    assert list_files(built.results) == held


def test_results_of_other_data_are_refused_before_anything_is_measured(
    built: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    [first] = measuring.bench_workspace(built)
    beir = tmp_path / "people"
    (beir / "qrels").mkdir(parents=True)
    (beir / "corpus.jsonl").write_text('{"_id": "d1", "text": "Row insertion of a letter."}')
    (beir / "queries.jsonl").write_text('{"_id": "q1", "text": "bumping letters"}')
    (beir / "qrels" / "test.tsv").write_text("q\td\ts\nq1\td1\t2\n")
    monkeypatch.setattr(measuring, "_measure", None)
    with pytest.raises(DataError, match="on other documents, queries and judgements"):
        measuring.bench_workspace(built, beir=[beir], compare=[first.folder])


def test_models_whose_pairs_are_gone_or_leak_take_the_headline_away(built: Workspace):
    pairs = pair_workspace(built)
    graph, split = read_graph(built)
    write_report(built, pairs.card.hashes)
    clean = measuring._describe_training(built, graph, split, list_models(built))
    assert (clean.systems, clean.leaks) == (("graphtune evidence",), {})
    assert clean.certificates["evidence"]["verdict"].startswith("clean")
    held_out = graph.concepts[split.list_concepts("test")[0]].name
    lines = pairs.path.read_text(encoding="utf-8").splitlines()
    write_report(built, {**pairs.card.hashes, "pairs": "others"})
    gone = measuring._describe_training(built, graph, split, list_models(built))
    assert gone.leaks.keys() == {"held-out", "new papers"}
    assert "nobody can say what it met" in gone.leaks["held-out"]
    assert held_out
    assert lines


def write_report(workspace: Workspace, hashes: dict[str, str]) -> None:
    """Leave what a training leaves beside its weights."""
