from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune import measuring
from graphtune.bench.exposure import Training
from graphtune.cli import main
from graphtune.config import TrainConfig
from graphtune.errors import DataError
from graphtune.files import write_record
from graphtune.lineage import describe_training
from graphtune.pairs import read_pairs, write_pairs
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


def test_reports_are_read_back_compared_and_kept(
    built: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    [first] = measuring.bench_workspace(built)
    assert (first.made, first.folder) == (True, built.results / "graph")
    assert first.data["headline"]["group"] == "held-out"
    held = list_files(built.results)
    [again] = measuring.bench_workspace(built, force=False)
    assert (again.made, again.data, again.table) == (False, first.data, first.table)
    [later] = measuring.bench_workspace(
        built,
        measuring.BenchRequest(compare=(first.folder,), out=tmp_path / "later"),
        force=False,
    )
    assert (later.made, later.folder) == (True, tmp_path / "later" / "graph")
    [compared] = later.data["compared"]
    assert compared["source"] == str(first.folder)
    assert {claim["difference"] for claim in compared["claims"]} == {0}
    assert "compared with" in later.table
    assert list_files(built.results) == held
    # Other data is refused before anything is measured.
    monkeypatch.setattr(measuring, "_measure", None)
    beir = tmp_path / "people"
    (beir / "qrels").mkdir(parents=True)
    (beir / "corpus.jsonl").write_text('{"_id": "d1", "text": "Row insertion of a letter."}')
    (beir / "queries.jsonl").write_text('{"_id": "q1", "text": "bumping letters"}')
    (beir / "qrels" / "test.tsv").write_text("q\td\ts\nq1\td1\t2\n")
    with pytest.raises(DataError, match="on other documents, queries and judgements"):
        measuring.bench_workspace(
            built, measuring.BenchRequest(beir=(beir,), compare=(first.folder,))
        )


def test_reports_never_go_into_the_data_and_a_bad_folder_is_refused_first(tmp_path: Path):
    data = tmp_path / "people"
    data.mkdir()
    with pytest.raises(DataError, match=r"into the BEIR folder .*people itself: name another"):
        measuring._make_folders(tmp_path, ["people"], [data])
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot make the folder of the report"):
        measuring._make_folders(tmp_path / "file", ["people"], [data])
    measuring._make_folders(tmp_path / "out", ["people"], [data])
    assert (tmp_path / "out" / "people").is_dir()


def test_models_whose_pairs_are_gone_or_leak_take_the_headline_away(built: Workspace):
    card = pair_workspace(built).card
    graph, split = read_graph(built)

    def describe() -> Training:
        return describe_training(built, graph, split, list_models(built))

    leave_report(built, card.hashes)
    clean = describe()
    assert (clean.systems, clean.leaks) == (("graphtune evidence",), {})
    assert clean.certificates["evidence"]["verdict"].startswith("clean")
    leave_report(built, {**card.hashes, "pairs": "others"})
    gone = describe()
    assert gone.leaks.keys() == {"held-out", "new papers"}
    assert "evidence-0: the pairs that it was trained on are gone" in gone.leaks["held-out"]
    pairs, _ = read_pairs(built.pairs, "evidence")
    held_out = graph.concepts[split.list_concepts("test")[0]].name
    pairs[0] = replace(pairs[0], anchor=held_out)
    configs = (built.config.pairs, built.config.split)
    _, changed = write_pairs(pairs, graph, split, configs, built.pairs)
    leave_report(built, changed.hashes)
    leaks = describe().leaks["held-out"]
    assert "held-out is not held out from evidence-0: " in leaks
    assert " 1 of " in leaks
    assert "graphtune pairs --check" in leaks


def leave_report(workspace: Workspace, hashes: dict[str, str]) -> None:
    """Leave what a training leaves beside its weights."""
    report = TrainReport(
        name="evidence-0",
        recipe="evidence",
        seed=0,
        base=workspace.config.base,
        settings=TrainConfig(),
        dims=(384,),
        pairs=1,
        dev_queries=1,
        dev_passages=1,
        steps=1,
        best_step=1,
        verdict="better",
        scores=(),
        losses=(),
        bf16=False,
        hashes={**hashes, "model": "x"},
        versions={},
    )
    folder = workspace.models / "evidence-0"
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / REPORT_NAME, report)


def test_the_command_hands_its_options_on(built: Workspace, tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    command = ["bench", "-w", str(built.root), "--out", str(tmp_path), "--all", "--compare"]
    done = CliRunner().invoke(main, [*command, str(nowhere)])
    assert done.exit_code == 1
    assert f"{nowhere} holds no results.json" in done.output
