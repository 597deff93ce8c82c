"""Training: the gate, what is shipped, what is refused, what is logged."""

import struct
from dataclasses import replace
from pathlib import Path

import pytest

from graphtune.config import BaseConfig
from graphtune.errors import ConfigError, DataError, ModelError
from graphtune.train import DevSet, TrainingData, TrainReport, train_encoder
from graphtune.train.selection import CheckpointKeeper, shrink_dev
from tests.toys import DEV, DIMS, PAIRS, SETTINGS, train_toy


def test_the_result_is_a_plain_model_and_the_same_every_time(
    toy: BaseConfig, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    report = train_toy(toy, tmp_path / "one", epochs=1)
    again = train_toy(toy, tmp_path / "two", epochs=1)
    assert report.hashes["model"] == again.hashes["model"] != report.hashes["base"]
    assert [row.step for row in report.scores] == [0, 1, 2, 3, 4]
    assert report.best_step > 0
    model = SentenceTransformer(str(tmp_path / "one"), device="cpu")
    assert model.encode(["x"], truncate_dim=8).shape == (1, 8)
    assert model.max_seq_length == 32
    stored = TrainReport.model_validate_json((tmp_path / "one" / "graphtune.json").read_text())
    assert stored == report
    assert not (tmp_path / "one.partial").exists()
    card = (tmp_path / "one" / "README.md").read_text(encoding="utf-8")
    usage = card.split("```python\n")[1].split("```")[0]
    exec(usage.replace('"one"', repr(str(tmp_path / "one"))), {})
    assert "](training.svg)" in card
    curves = [(tmp_path / name / "training.svg").read_text() for name in ("one", "two")]
    assert curves[0].replace(" one.", " two.") == curves[1]


def test_the_report_holds_the_course(toy: BaseConfig, tmp_path: Path) -> None:
    report = train_toy(toy, tmp_path / "m", epochs=1)
    assert [step for step, _ in report.losses] == [1, 2, 3, 4]
    assert [step for step, _ in report.learning_rates] == [1, 2, 3, 4]
    assert max(rate for _, rate in report.learning_rates) == SETTINGS.learning_rate
    assert [step for step, _ in report.mask_density] == [1, 2, 3, 4]
    costs = report.costs
    assert costs is not None
    assert costs.processes == 1
    assert costs.pairs_per_second == pytest.approx(4 * 16 / costs.seconds, rel=0.5)
    assert costs.peak_memory > 50


def test_a_base_that_stays_best_is_what_is_kept(toy: BaseConfig, tmp_path: Path) -> None:
    # Anchors with the passages of others: learning makes the base worse.
    wrong = [replace(p, positive=PAIRS[-1 - i].positive) for i, p in enumerate(PAIRS)]
    data = TrainingData(wrong, DEV, "evidence", {})
    changes = {"patience": 2, "merge": 0.0, "learning_rate": 3e-2, "rotate": False}
    settings = SETTINGS.model_copy(update={"matryoshka_dims": DIMS, **changes})
    report = train_encoder(toy, data, settings, 0, tmp_path / "m")
    assert report.best_step == 0
    assert report.scores[-1].step == report.steps
    assert "base was kept" in report.verdict
    assert report.hashes["model"] == report.hashes["base"]
    assert "base kept" in (tmp_path / "m" / "training.svg").read_text()
    last = settings.model_copy(update={"keep": "last"})
    report = train_encoder(toy, data, last, 0, tmp_path / "m")
    assert report.best_step == report.steps == 8
    assert report.hashes["model"] != report.hashes["base"]


def test_what_is_scored_and_shipped_is_merged_with_the_base(
    toy: BaseConfig, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    def read(folder: str) -> dict[str, object]:
        return dict(SentenceTransformer(folder, device="cpu").state_dict())

    kept = {"keep": "last", "eval_steps": 4}
    tuned = train_toy(toy, tmp_path / "tuned", merge=0.0, **kept)
    merged = train_toy(toy, tmp_path / "merged", merge=0.25, **kept)
    assert tuned.losses == merged.losses
    assert tuned.scores != merged.scores
    base, ends = read(toy.model), [read(str(tmp_path / name)) for name in ("tuned", "merged")]
    for name, tensor in base.items():
        if tensor.is_floating_point():  # type: ignore[attr-defined]
            wanted = 0.25 * tensor + 0.75 * ends[0][name]  # type: ignore[operator]
            assert wanted.allclose(ends[1][name], atol=1e-6), name  # type: ignore[attr-defined]


def test_reports_go_to_tensorboard_and_stay_with_the_model(
    toy: BaseConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train_toy(toy, tmp_path / "m", epochs=1, report_to=("tensorboard",))
    assert not (tmp_path / "runs").exists()
    values = read_events(tmp_path / "m" / "runs")
    for name in ("eval/ndcg10_16", "eval/ndcg10_8"):
        assert [step for step, _ in values[name]] == [0, 1, 2, 3, 4]
    assert {"train/loss", "train/learning_rate", "train/mask_density"} <= values.keys()


def read_events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Read TensorBoard's files: records of a length, its checksum, an event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[str, list[tuple[int, float]]] = {}
    for path in folder.rglob("*tfevents*"):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"batch_size": 65}, DataError, "64 pairs do not fill one batch of 65"),
        ({"matryoshka_dims": (16, 32)}, ModelError, "has \\[32\\], but this model gives 16"),
        ({"matryoshka_weights": (1.0,)}, ConfigError, "has \\[1.0\\]: give 2 values"),
        (
            {"matryoshka_dims": (8, 16), "matryoshka_weights": (1.0, 1.0)},
            ConfigError,
            "\\[16, 8\\], widest first",
        ),
        ({"report_to": ("nowhere",)}, ConfigError, "names \\['nowhere'\\]: use some of azure_ml"),
        ({"report_to": ("comet_ml",)}, ConfigError, "run `pip install comet-ml`"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_the_first_step(
    toy: BaseConfig,
    tmp_path: Path,
    changes: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        train_toy(toy, tmp_path / "m", **changes)
    assert not (tmp_path / "m.partial").exists()


def test_without_development_queries_only_the_last_weights_can_be_kept(
    toy: BaseConfig, tmp_path: Path
) -> None:
    data = TrainingData(PAIRS, DevSet({}, DEV.passages, {}), "seed", {})
    settings = SETTINGS.model_copy(update={"matryoshka_dims": DIMS, "epochs": 1})
    with pytest.raises(DataError, match="no development queries"):
        train_encoder(toy, data, settings, 0, tmp_path / "m")
    last = settings.model_copy(update={"keep": "last"})
    report = train_encoder(toy, data, last, 0, tmp_path / "m")
    assert report.verdict == "no development concepts: the last weights were kept unchecked"
    assert "no development queries" in (tmp_path / "m" / "training.svg").read_text()


def test_progress_tells_loss_rate_and_time_left(
    toy: BaseConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_toy(toy, tmp_path / "m", epochs=1, eval_steps=2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "step 2: dev NDCG@10 16: 0." in captured.err
    last = captured.err.strip().split("training: ")[-1]
    assert "64/64" in last
    assert all(part in last for part in (" pairs/s", "loss ", "rate ", "00:00 left"))


def test_the_best_weights_survive_until_a_checkpoint_holds_better_ones(
    toy: BaseConfig, tmp_path: Path
) -> None:
    from graphtune.encoder import load_encoder

    figures = iter([0.1, 0.5, 0.7])
    keeper = CheckpointKeeper(tmp_path, lambda: {16: next(figures)}, patience=5)
    encoder = load_encoder(toy)
    keeper.rewind(0)
    keeper.record(encoder, 0)
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-0"]
    keeper.record(encoder, 2)
    assert sorted(path.name for path in tmp_path.glob("best-*")) == ["best-0", "best-2"]
    keeper.hold()
    keeper.record(encoder, 4)
    assert sorted(path.name for path in tmp_path.glob("best-*")) == ["best-2", "best-4"]
    # The run is cut off and goes on from the checkpoint of step 2.
    again = CheckpointKeeper(tmp_path, lambda: {16: 0.0}, patience=5)
    again.rewind(2)
    assert again.best_step() == 2
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-2"]


def test_a_shrunk_development_set_keeps_an_answer_for_each_query() -> None:
    passages = {str(n): "" for n in range(100)}
    qrels = {f"q{n}": {str(n): 1, str(n + 50): 3} for n in range(40)}
    dev = DevSet({key: key for key in qrels}, passages, qrels)
    small = shrink_dev(dev, 10, 30, seed=0)
    assert (len(small.queries), len(small.passages)) == (10, 30)
    for query in small.queries:
        assert str(int(query[1:]) + 50) in small.qrels[query]
        assert small.qrels[query].keys() <= small.passages.keys()
    assert small == shrink_dev(dev, 10, 30, seed=0) != shrink_dev(dev, 10, 30, seed=1)
