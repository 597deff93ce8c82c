from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from graphtune import measuring
from graphtune.bench.exposure import Training
from graphtune.cli import main
from graphtune.errors import DataError
from graphtune.files import write_record
from graphtune.lineage import describe_training, sort_out_stale
from graphtune.pairs import read_pairs, write_pairs
from graphtune.pipeline import build_workspace, list_models, pair_workspace, read_graph
from graphtune.train.records import REPORT_NAME, TrainReport
from graphtune.tuning_config import TrainConfig
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
    narrow = built.config.train.model_copy(update={"matryoshka_dims": (64,)})
    other = replace(built, config=built.config.model_copy(update={"train": narrow}))
    with monkeypatch.context() as patch:
        patch.setattr(measuring, "_measure", None)  # it must be measured, for its widths are others
        with pytest.raises(TypeError):
            measuring.bench_workspace(other, force=False)
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


def test_models_of_another_split_are_refused_wherever_they_lie(built: Workspace, tmp_path: Path):
    card = pair_workspace(built).card
    graph, split = read_graph(built)
    folder = leave_report(built, card.hashes)
    elsewhere = leave_report(replace(built, root=tmp_path / "other"), {**card.hashes, "split": "x"})
    assert sort_out_stale(built, graph, split, [str(folder), "a/model"])[0].keys() == {folder}
    with pytest.raises(DataError, match=f"{elsewhere} was trained on another split"):
        sort_out_stale(built, graph, split, ["a/model", str(elsewhere)])
    leave_report(replace(built, root=tmp_path / "other"), {"corpus": "y", "split": "x"})
    [note] = sort_out_stale(built, graph, split, [str(elsewhere)])[1]
    assert note.startswith(f"{elsewhere} was trained on the papers of another workspace")
    leave_report(built, {**card.hashes, "split": "x"})
    found, [note] = sort_out_stale(built, graph, split, [])
    assert (found, "evidence-0; train them again" in note) == ({}, True)


def test_models_that_differ_in_more_than_their_seed_are_told(built: Workspace):
    card = pair_workspace(built).card
    graph, split = read_graph(built)
    leave_report(built, card.hashes)
    leave_report(built, card.hashes, seed=1)
    assert sort_out_stale(built, graph, split, [])[1] == ()
    leave_report(built, card.hashes, seed=1, epochs=1)
    [note] = sort_out_stale(built, graph, split, [])[1]
    assert note.startswith("the models evidence-0, evidence-1 are averaged as one system, though")
    leave_report(built, {**card.hashes, "pairs": "others"}, seed=1)
    assert sort_out_stale(built, graph, split, [])[1] == (note,)


def leave_report(workspace: Workspace, hashes: dict[str, str], seed: int = 0, **settings) -> Path:
    """Leave what a training leaves beside its weights."""
    report = TrainReport(
        name=f"evidence-{seed}",
        recipe="evidence",
        seed=seed,
        base=workspace.config.base,
        settings=TrainConfig(seeds=(seed,), **settings),
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
    folder = workspace.models / report.name
    folder.mkdir(parents=True, exist_ok=True)
    write_record(folder / REPORT_NAME, report)
    return folder


def test_the_command_hands_its_options_on(built: Workspace, tmp_path: Path):
    nowhere = tmp_path / "nowhere"
    command = ["bench", "-w", str(built.root), "--out", str(tmp_path), "--all", "--compare"]
    done = CliRunner().invoke(main, [*command, str(nowhere)])
    assert done.exit_code == 1
    assert f"{nowhere} holds no results.json" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "dev"], "--split chooses queries of a BEIR folder: name it by --beir"),
        (["--export-beir", "x", "--compare", "y"], "--export-beir measures nothing"),
        (["--export-beir", "x", "--out", "y"], "--export-beir measures nothing"),
    ],
)
def test_options_without_effect_are_refused(built: Workspace, options: list[str], message: str):
    done = CliRunner().invoke(main, ["bench", "-w", str(built.root), *options])
    assert done.exit_code == 2
    assert message in done.output
