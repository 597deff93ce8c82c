"""Training with the real base model, few steps."""

from pathlib import Path

import pytest

from graphtune.config import BaseConfig
from graphtune.errors import ConfigError, DataError
from graphtune.records import Pair
from graphtune.train import DevSet, TrainingData, TrainReport, train_encoder
from graphtune.train.card import add_results, render_card
from graphtune.train.records import DevScore
from graphtune.train.selection import CheckpointKeeper, shrink_dev
from graphtune.tuning_config import TrainConfig

BASE = BaseConfig(model="minilm")
WORDS = ("crystal", "matroid", "tableau", "lattice", "poset", "partition", "hook", "charge")
PAIRS = [
    Pair(
        f"{one} {two}",
        f"Here the {one} of a {two} is studied.",
        "name",
        f"{one}{two}",
        f"c{one}{two}",
        "d",
    )
    for one in WORDS
    for two in WORDS
]
DEV = DevSet(
    {"q1": "crystal poset", "q2": "hook lattice"},
    {pair.chunk_id: pair.positive for pair in PAIRS},
    {"q1": {"ccrystalposet": 3}, "q2": {"chooklattice": 3}},
)
DATA = TrainingData(PAIRS, DEV, "evidence", {"pairs": "abc"})
SETTINGS = TrainConfig(epochs=1, batch_size=16, eval_steps=1, patience=50, max_seq_length=32)


def train(folder: Path, resume: bool = False, **changes: object) -> TrainReport:
    settings = SETTINGS.model_copy(update=changes)
    return train_encoder(BASE, DATA, settings, 0, folder, resume)


@pytest.mark.slow
def test_the_result_is_a_plain_model_and_the_same_every_time(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    report = train(tmp_path / "one")
    again = train(tmp_path / "two")
    assert report.hashes["model"] == again.hashes["model"]
    assert [row.step for row in report.scores] == [0, 1, 2, 3, 4]
    if report.best_step:
        assert report.hashes["model"] != report.hashes["base"]
    model = SentenceTransformer(str(tmp_path / "one"))
    assert model.encode(["x"], truncate_dim=128).shape == (1, 128)
    assert model.max_seq_length == 256
    stored = TrainReport.model_validate_json((tmp_path / "one" / "graphtune.json").read_text())
    assert stored == report
    assert not (tmp_path / "one.partial").exists()
    usage = (
        (tmp_path / "one" / "README.md")
        .read_text(encoding="utf-8")
        .split("```python\n")[1]
        .split("```")[0]
    )
    exec(usage.replace('"one"', repr(str(tmp_path / "one"))), {})


@pytest.mark.slow
def test_a_base_that_stays_best_is_what_is_kept(tmp_path: Path) -> None:
    wrong = [Pair(p.anchor, PAIRS[-1 - i].positive, *_rest(p)) for i, p in enumerate(PAIRS)]
    data = TrainingData(wrong, DEV, "evidence", {})
    settings = SETTINGS.model_copy(update={"learning_rate": 3e-4, "epochs": 2})
    report = train_encoder(BASE, data, settings, 0, tmp_path / "m")
    assert report.best_step == 0
    assert "base was kept" in report.verdict
    assert report.hashes["model"] == report.hashes["base"]
    last = settings.model_copy(update={"keep": "last", "patience": 1})
    report = train_encoder(BASE, data, last, 0, tmp_path / "m")
    assert report.best_step == report.steps == 8
    assert report.hashes["model"] != report.hashes["base"]


def _rest(pair: Pair) -> tuple[str, str, str, str]:
    return pair.style, pair.concept_id, pair.chunk_id, pair.document_id


@pytest.mark.slow
def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, steps = CheckpointKeeper.record, []

    def interrupt(self: CheckpointKeeper, encoder: object, step: int) -> bool:
        steps.append(step)
        if len(steps) == 7:
            raise KeyboardInterrupt
        return record(self, encoder, step)  # type: ignore[arg-type]

    monkeypatch.setattr(CheckpointKeeper, "record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "m", epochs=2)
    assert (tmp_path / "m.partial" / "checkpoint-4").is_dir()
    with pytest.raises(ConfigError, match="cannot be resumed"):
        train(tmp_path / "m", resume=True, epochs=2, learning_rate=1e-5)
    report = train(tmp_path / "m", resume=True, epochs=2)
    assert steps[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert steps[7:] == [5, 6, 7, 8]
    assert [row.step for row in report.scores] == list(range(9))


def test_too_few_pairs_are_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 pairs do not fill one batch of 16"):
        train_encoder(BASE, TrainingData(PAIRS[:3], DEV, "seed", {}), SETTINGS, 0, tmp_path / "m")
    assert not (tmp_path / "m.partial").exists()


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


def make_report() -> TrainReport:
    return TrainReport(
        name="m", recipe="evidence", seed=0, base=BASE, settings=SETTINGS, dims=(384, 64), pairs=64,
        dev_queries=2, dev_passages=64, steps=4, best_step=2, verdict="step 2 was best",
        scores=(DevScore(step=0, ndcg={384: 0.5, 64: 0.25}), DevScore(step=2, ndcg={384: 0.75, 64: 0.5})),
        losses=((1, 0.5),), bf16=False, hashes={"pairs": "abc"}, versions={"torch": "2"},
    )  # fmt: skip


def test_the_card_tells_the_run() -> None:
    card = render_card(make_report())
    assert "base_model: sentence-transformers/all-MiniLM-L6-v2" in card
    assert "| 0 (base) | 0.500 | 0.250 |" in card
    assert "| 2 (this model) | 0.750 | 0.500 |" in card
    assert "learning_rate | 2e-05" in card


def test_results_in_a_card_are_replaced_not_piled_up(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(render_card(make_report()), encoding="utf-8")
    add_results(tmp_path, "graph", "first table")
    add_results(tmp_path, "beir", "other table")
    add_results(tmp_path, "graph", "second table")
    text = path.read_text(encoding="utf-8")
    assert "first table" not in text
    assert text.count("second table") == text.count("other table") == text.count("## Results") == 1
