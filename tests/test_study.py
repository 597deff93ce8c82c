"""Studies, with a toy encoder on a small workspace."""

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from click.testing import CliRunner
from filelock import FileLock
from toys import PAIRS, make_base

from graphtune.config import BaseConfig, Config, ExtractConfig
from graphtune.encoder import encode_texts, load_encoder, truncate_vectors
from graphtune.errors import ConfigError, DataError
from graphtune.metrics import paired_interval
from graphtune.pipeline import build_workspace
from graphtune.study import running
from graphtune.study.__main__ import main
from graphtune.study.results import find_outcomes, read_outcome
from graphtune.study.settings import list_jobs, read_study
from graphtune.study.summary import summarise_study
from graphtune.tuning_config import SplitConfig
from graphtune.workspace import init_workspace

STUDY = """
workspace = "ws"
beir = [{ folder = "people", splits = ["test", "few"] }]
seeds = [0, 1]
steps = 2
keep_models = true
[train]
batch_size = 4
learning_rate = 1e-2
eval_steps = 2
keep = "last"
[[variant]]
name = "full"
[[variant]]
name = "plain"
pairs = { recipe = "mention" }
train = { graph_mask = false }
seeds = [0]
"""
LABELS = ("base", "full-0", "plain-0", "full-1")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace and a BEIR folder, where nothing is measured yet."""
    from conftest import PAPERS

    folder = tmp_path_factory.mktemp("studies")
    config = Config(
        base=make_base(folder),
        extract=ExtractConfig(extractor="rules"),
        split=SplitConfig(test_concepts=0.25, dev_concepts=0.15, test_papers=0.0),
    )
    (folder / "papers").mkdir()
    for name, text in PAPERS.items():
        (folder / "papers" / name).write_text(text, encoding="utf-8")
    build_workspace(init_workspace(folder / "ws", config), [folder / "papers"], workers=1)
    write_beir(folder / "people")
    return folder


def write_beir(folder: Path) -> None:
    (folder / "qrels").mkdir(parents=True)
    rows = {
        "corpus": [{"_id": pair.chunk_id, "text": pair.positive} for pair in PAIRS],
        "queries": [{"_id": f"q{n}", "text": pair.anchor} for n, pair in enumerate(PAIRS)],
    }
    for name, lines in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    for split, number in (("test", len(PAIRS)), ("few", 30)):
        lines = [f"q{n}\t{pair.chunk_id}\t1" for n, pair in enumerate(PAIRS[:number])]
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines))


def write_study(place: Path, out: str, text: str = STUDY) -> Path:
    path = place / f"{out}.toml"
    path.write_text(f'out = "{out}"\n{text}', encoding="utf-8")
    return path


def list_files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def score_by_hand(model: str) -> np.ndarray:
    """Return NDCG@10 of each query: with one answer, 1 / log2(rank + 1) within the first ten."""
    encoder = load_encoder(BaseConfig(model=model))
    queries = encode_texts(encoder, [pair.anchor for pair in PAIRS], "query")
    documents = encode_texts(encoder, [pair.positive for pair in PAIRS], "document")
    cosines = truncate_vectors(queries, 16) @ truncate_vectors(documents, 16).T
    own = np.diag(cosines)[:, None]
    ids = np.array([pair.chunk_id for pair in PAIRS])
    ahead = (cosines > own) | ((cosines == own) & (ids[None] < ids[:, None]))
    ranks = 1 + ahead.sum(axis=1)
    return np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0.0)


def test_the_table_is_what_a_hand_computes_and_nothing_is_measured_twice(place: Path) -> None:
    before = list_files(place / "ws")
    study = read_study(write_study(place, "whole"))
    assert running.run_study(study) == running.StudyRun(LABELS, (), {})
    after = list_files(place / "ws")
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith(("models/", "pairs/"))]
    assert running.run_study(study) == running.StudyRun((), (), {})
    summary = summarise_study(study, group="all")
    whole, few = summary.tables
    assert (whole.benchmark, whole.n_queries, whole.n_topics) == ("people", 64, 64)
    assert (few.benchmark, few.n_queries, few.rungs) == ("people-few", 30, ("16", "hybrid"))
    assert list(whole.rows) == ["BM25", "base", "full", "plain"]
    models = place / "whole" / "models"
    base = score_by_hand(str(place / "toy"))
    full = np.array([score_by_hand(str(models / f"full-{seed}")) for seed in (0, 1)])
    cell = whole.rows["full"]["16"]
    assert whole.rows["base"]["16"].mean == pytest.approx(base.mean())
    assert cell.by_seed == pytest.approx(full.mean(axis=1))
    assert cell.mean == pytest.approx(full.mean())
    assert cell.claim is not None
    expected = paired_interval(full.mean(axis=0), base, 2000, 0, range(64))
    assert (cell.claim.difference, *cell.claim.interval) == pytest.approx(expected)
    assert few.rows["full"]["16"].mean == pytest.approx(full[:, :30].mean())
    assert whole.rows["base"]["16"].claim is None
    fused = summarise_study(study, group="all", rungs=["hybrid"]).tables[0]
    assert (fused.rungs, fused.rows["full"]["hybrid"].mean) == (
        ("hybrid",),
        whole.rows["full"]["hybrid"].mean,
    )
    with pytest.raises(DataError, match="measured on people at 16, hybrid, and 384 is asked for"):
        summarise_study(study, rungs=["384"])
    # Words say nothing of their order: of "a b" and "b a" one comes second.
    words = (8 + 28 * (1 + 1 / np.log2(3))) / 64
    assert whole.rows["BM25"]["16"].mean == pytest.approx(words)
    against = summarise_study(study, against="plain", group="all").tables[0].rows
    assert against["base"]["16"].claim.difference == pytest.approx(
        base.mean() - score_by_hand(str(models / "plain-0")).mean()
    )


def test_a_stopped_study_goes_on_and_trains_no_ready_model_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = read_study(write_study(place, "stopped", STUDY.replace("keep_models = true", "")))
    with pytest.raises(DataError, match="nothing is stored"):
        summarise_study(study)
    measure, calls = running._measure, []

    def stop(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return measure(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(running, "_measure", stop)
        with pytest.raises(KeyboardInterrupt):
            running.run_study(study)
    assert [p.name for p in (study.out / "models").iterdir()] == ["plain-0"]
    part = summarise_study(study)
    assert list(part.tables[0].rows) == ["BM25", "base", "full"]
    assert part.notes == ("not measured yet: full-1, plain-0",)
    train, trained = running.train_encoder, []

    def count(*arguments: object, **options: object) -> object:
        trained.append(arguments[3])
        return train(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "train_encoder", count)
    assert running.run_study(study).measured == ("plain-0", "full-1")
    assert trained == [1]
    assert not list((study.out / "models").iterdir())


@pytest.mark.slow
def test_what_another_process_holds_is_left_to_it(place: Path) -> None:
    study = read_study(write_study(place, "shared", STUDY.replace("[0, 1]", "[0]")))
    assert running.run_study(study).measured == LABELS[:3]
    [full] = (study.out / "results").glob(f"{list_jobs(study)[0].digest_settings()}-*.gz")
    stored = read_outcome(full)
    full.unlink()
    with FileLock(full.with_suffix(".lock")):
        assert running.run_study(study) == running.StudyRun((), ("full-0",), {})
    assert running.run_study(study).measured == ("full-0",)
    again = read_outcome(full)
    assert again is not None
    assert stored is not None
    assert again.scores == stored.scores


@pytest.mark.slow
def test_other_settings_are_measured_anew_and_old_results_stay(place: Path) -> None:
    one = STUDY.replace("[0, 1]", "[0]")
    study = read_study(write_study(place, "changed", one))
    running.run_study(study)
    faster = read_study(write_study(place, "changed", one.replace("1e-2", "2e-2")))
    assert running.run_study(faster).measured == ("full-0", "plain-0")
    assert running.run_study(study).measured == ()
    renamed = read_study(write_study(place, "changed", one.replace('"full"', '"all"')))
    assert running.run_study(renamed).measured == ()
    assert "all" in summarise_study(renamed).tables[0].rows
    # Judgements that were added are measured, with the models that are kept.
    digest = list_jobs(study)[0].digest_settings()
    assert len(next(find_outcomes(study.out, digest)).scores) == 2


@pytest.mark.slow
def test_a_variant_that_cannot_be_trained_is_told_and_the_others_run(place: Path) -> None:
    text = STUDY.replace("[0, 1]", "[0]") + "[variant.train]\nbatch_size = 9999\n"
    text = text.replace("train = { graph_mask = false }\n", "")
    path = write_study(place, "failing", text)
    run = CliRunner().invoke(main, [str(path), "--group", "all"])
    assert run.exit_code == 1
    assert "do not fill one batch of 9999" in run.stdout
    assert "| full " in run.stdout
    assert "| plain " not in run.stdout
    again = CliRunner().invoke(main, [str(path), "--summary", "--json"])
    assert again.exit_code == 0
    assert json.loads(again.stdout)["notes"] == ["not measured yet: plain-0"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("graph_mask", "graph_musk", r"variant 'plain': train.graph_musk: Extra inputs"),
        ("batch_size = 4", "seeds = [3]", r"sets seeds in \[train\]"),
        ('"plain"', '"full"', r"the name 'full' stands for two variants"),
        ('"plain"', '"../plain"', r"variant.1.name: String should match pattern"),
        ("seeds = [0, 1]", "seeds = 0, 1]", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_runs(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_study(write_study(tmp_path, "wrong", STUDY.replace(old, new)))


@pytest.mark.slow
def test_two_processes_share_the_work_and_a_killed_one_is_no_harm(place: Path) -> None:
    path = write_study(place, "workers")

    def start(name: str) -> "subprocess.Popen[bytes]":
        with (place / name).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "graphtune.study", str(path), "--json"],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )

    victim, began = start("killed.log"), monotonic()
    while "full-0: begins" not in (place / "killed.log").read_text():
        assert victim.poll() is None
        assert monotonic() - began < 200
        sleep(0.05)
    victim.kill()
    victim.wait()
    workers = [start("one.log"), start("two.log")]
    assert [worker.wait() for worker in workers] == [0, 0]
    logs = (place / "one.log").read_text() + (place / "two.log").read_text()
    begun = [line.split(":")[0] for line in logs.splitlines() if line.endswith(": begins")]
    assert sorted(begun) == sorted(LABELS[1:])
    study = read_study(path)
    assert summarise_study(study).notes == ()
    assert running.run_study(study).measured == ()


def test_help_needs_nothing_heavy() -> None:
    script = (
        "import sys\nfrom graphtune.study.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules)), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Example: python -m graphtune.study study.toml" in run.stdout
    assert run.stderr.strip() == "[]"
