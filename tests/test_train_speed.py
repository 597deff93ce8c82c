"""Timing of training, with a toy encoder."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from toys import DEV, PAIRS, make_base

from graphtune.config import BaseConfig
from graphtune.errors import DataError
from graphtune.train import measured, speed
from graphtune.train.measured import WAYS, Job, Measured, Point
from graphtune.tuning_config import TrainConfig

SETTINGS = TrainConfig(epochs=1, batch_size=16, max_seq_length=32, bf16="off")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> BaseConfig:
    return make_base(tmp_path_factory.mktemp("toy"))


def make_job(base: BaseConfig, **changes: object) -> Job:
    job = Job(way="plain", base=base, settings=SETTINGS, seed=0, pairs=tuple(PAIRS))
    return job.model_copy(update=changes)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_trains_once_on_all_pairs(base: BaseConfig, way: str) -> None:
    found = measured.measure_training(make_job(base, way=way, dev=DEV, every=2))
    assert (found.way, found.steps, found.samples) == (way, 4, 64)
    assert [point.step for point in found.points] == [0, 2, 4]
    # The base is the same, and the toy learns.
    assert found.points[0].ndcg == measured.score_dev(measured.load_encoder(base), DEV, (16,))[16]
    assert found.points[-1].seconds == pytest.approx(found.seconds)
    assert 0 < found.before <= found.peak
    assert found.rate == pytest.approx(64 / found.seconds)


def make_measured(way: str, rate: float, peak: float = 1.0) -> Measured:
    points = (Point(step=0, seconds=0, ndcg=0.5), Point(step=4, seconds=2, ndcg=0.5 + rate / 100))
    return Measured(
        way=way, samples=100, steps=4, setup=1, seconds=100 / rate, before=0.5, peak=peak, points=points
    )  # fmt: skip


def test_ratios_are_taken_round_by_round() -> None:
    # The machine was three times slower in the second round, which no ratio shows.
    rounds = [
        [make_measured("plain", 12), make_measured("graphtune", 24, peak=2.0)],
        [make_measured("plain", 4), make_measured("graphtune", 10)],
        [make_measured("plain", 10), make_measured("graphtune", 22)],
    ]
    plain, ours = speed.tell_rates(rounds)
    assert ours["pairs_per_second"] == pytest.approx(22)
    assert ours["ratios"]["plain"] == pytest.approx((2.2, 2.0, 2.5))
    assert plain["ratios"]["graphtune"] == pytest.approx((1 / 2.2, 0.4, 0.5))
    assert ours["peak_gib"] == 2.0
    text = speed.render_rates([plain, ours])
    assert "2.20 (2.00 to 2.50)" in text
    assert "2.00 (0.50 before)" in text


def test_curves_are_drawn_and_kept(tmp_path: Path) -> None:
    found = [make_measured("plain", 10), make_measured("graphtune", 20)]
    speed.write_curves(found, tmp_path / "curves")
    data = json.loads((tmp_path / "curves" / "curves.json").read_text())
    assert data[1]["points"][1] == {"step": 4, "seconds": 2.0, "ndcg": 0.7}
    picture = ElementTree.parse(tmp_path / "curves" / "curves.svg").getroot()
    names = [element.tag.split("}")[1] for element in picture.iter()]
    assert names.count("polyline") == 4


def test_pairs_are_drawn_alike_and_too_few_are_refused() -> None:
    pairs = [replace(pair, weight=3.0, negative="no", negative_id="c") for pair in PAIRS]
    drawn = speed.draw_pairs(pairs, 20, seed=1)
    assert drawn == speed.draw_pairs(pairs, 20, seed=1) != speed.draw_pairs(pairs, 20, seed=2)
    assert {(pair.weight, pair.negative) for pair in drawn} == {(1.0, "")}
    with pytest.raises(DataError, match=r"65 pairs are needed .* there are 64"):
        speed.draw_pairs(pairs, 65, seed=1)


def test_held_out_concepts_leave_no_anchor_behind() -> None:
    rest, dev = speed.hold_out(PAIRS, seed=0)
    assert len(dev.queries) == 6
    assert len(rest) == 58
    assert not {pair.anchor for pair in rest} & dev.queries.keys()
    assert all(grades.keys() <= dev.passages.keys() for grades in dev.qrels.values())


@pytest.mark.slow
def test_the_command_times_all_ways_in_processes_of_their_own(
    base: BaseConfig, tmp_path: Path
) -> None:
    path = tmp_path / "evidence.jsonl"
    path.write_text("".join(json.dumps(asdict(pair)) + "\n" for pair in PAIRS))
    arguments = [str(path), "--steps", "2", "--batch-size", "16", "--rounds", "1"]
    command = [sys.executable, "-m", "graphtune.train.speed", *arguments]
    run = subprocess.run(
        [*command, "--model", base.model, "--json"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert [row["way"] for row in json.loads(run.stdout)] == list(WAYS)


def test_what_is_no_file_of_pairs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"query": "a"}')
    run = CliRunner().invoke(speed.main, [str(path)])
    assert run.exit_code == 1
    assert "is no file of pairs as `graphtune pairs` writes it" in run.output
