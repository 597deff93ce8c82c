"""An interrupted run ends as an uninterrupted one; processes side by side make one model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphtune.config import BaseConfig
from graphtune.errors import ConfigError
from graphtune.train import TrainReport
from graphtune.train.selection import CheckpointKeeper
from tests.toys import train_toy

ROOT = Path(__file__).parent.parent
#: Eight steps, judged at each second one; the loss is logged at each of those, too.
COURSE = {"eval_steps": 2, "epochs": 2}


def read_model(folder: Path) -> tuple[bytes, str, TrainReport]:
    """Return what must not depend on an interruption: weights, curve, report without its costs."""
    report = TrainReport.model_validate_json((folder / "graphtune.json").read_text())
    plain = report.model_copy(update={"costs": None, "name": ""})
    curve = (folder / "training.svg").read_text().replace(report.name, "")
    return (folder / "model.safetensors").read_bytes(), curve, plain


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_resumed_run_ends_as_one_that_was_not_interrupted(
    toy: BaseConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    train_toy(toy, tmp_path / "whole", keep=keep, **COURSE)
    record, steps = CheckpointKeeper.record, []

    def interrupt(self: CheckpointKeeper, encoder: object, step: int) -> bool:
        steps.append(step)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return record(self, encoder, step)  # type: ignore[arg-type]

    monkeypatch.setattr(CheckpointKeeper, "record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_toy(toy, tmp_path / "cut", keep=keep, **COURSE)
    work = tmp_path / "cut.partial"
    (work / "checkpoint-6").mkdir()  # half a checkpoint: it has no state yet
    with pytest.raises(ConfigError, match="cannot be resumed"):
        train_toy(toy, tmp_path / "cut", resume=True, keep=keep, **COURSE, scale=10.0)
    train_toy(toy, tmp_path / "cut", resume=True, keep=keep, **COURSE)
    assert steps == [0, 2, 4, 6, 6, 8]
    assert read_model(tmp_path / "cut") == read_model(tmp_path / "whole")
    assert not work.exists()


def test_a_run_that_is_cut_off_before_its_first_checkpoint_keeps_the_base_figure(
    toy: BaseConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, steps = CheckpointKeeper.record, []

    def interrupt(self: CheckpointKeeper, encoder: object, step: int) -> bool:
        steps.append(step)
        if len(steps) == 2:
            raise KeyboardInterrupt
        return record(self, encoder, step)  # type: ignore[arg-type]

    monkeypatch.setattr(CheckpointKeeper, "record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_toy(toy, tmp_path / "m", eval_steps=4)
    report = train_toy(toy, tmp_path / "m", resume=True, eval_steps=4)
    assert steps == [0, 4, 4, 8]
    assert [row.step for row in report.scores] == [0, 4, 8]


def start(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python as a user would, with one thread."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_a_killed_process_goes_on_as_if_nothing_had_happened(
    toy: BaseConfig, tmp_path: Path
) -> None:
    def run(name: str, last: int) -> int:
        changes = json.dumps(COURSE)
        there = [toy.model, str(tmp_path / name), changes, str(last)]
        return start(["-m", "tests.toys", *there]).returncode

    assert run("cut", 4) == -9
    assert (tmp_path / "cut.partial" / "checkpoint-4").is_dir()
    assert not (tmp_path / "cut").exists()
    assert run("cut", 0) == 0
    assert run("whole", 0) == 0
    assert read_model(tmp_path / "cut") == read_model(tmp_path / "whole")
    weights = [(tmp_path / f"{name}.0.weights").read_text() for name in ("cut", "whole")]
    assert weights[0] == weights[1]
