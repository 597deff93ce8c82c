"""The card and the picture of a run."""

from pathlib import Path
from xml.etree import ElementTree

from graphtune.config import BaseConfig
from graphtune.train import TrainReport
from graphtune.train.card import add_results, render_card
from graphtune.train.curve import describe_course, draw_curve
from graphtune.train.records import DevScore
from graphtune.tuning_config import TrainConfig

SVG = "{http://www.w3.org/2000/svg}"


def make_report(name: str = "m", best_step: int = 2) -> TrainReport:
    return TrainReport(
        name=name, recipe="evidence", seed=0, base=BaseConfig(model="minilm"), settings=TrainConfig(),
        dims=(384, 64), pairs=64, dev_queries=2, dev_passages=64, steps=4, best_step=best_step,
        verdict="step 2 was best",
        scores=(DevScore(step=0, ndcg={384: 0.5, 64: 0.25}), DevScore(step=2, ndcg={384: 0.75, 64: 0.5})),
        losses=((1, 1.5), (2, 0.5)), bf16=False, hashes={"pairs": "abc"}, versions={"torch": "2"},
    )  # fmt: skip


def test_the_card_tells_the_run() -> None:
    card = render_card(make_report())
    assert "base_model: sentence-transformers/all-MiniLM-L6-v2" in card
    assert "| 0 (base) | 0.500 | 0.250 |" in card
    assert "| 2 (this model) | 0.750 | 0.500 |" in card
    assert "learning_rate | 0.0001" in card


def test_results_in_a_card_are_replaced_not_piled_up(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(render_card(make_report()), encoding="utf-8")
    add_results(tmp_path, "graph", "first table")
    add_results(tmp_path, "beir", "other table")
    add_results(tmp_path, "graph", "second table")
    text = path.read_text(encoding="utf-8")
    assert "first table" not in text
    assert text.count("second table") == text.count("other table") == text.count("## Results") == 1


def test_the_picture_shows_each_dimension_the_base_and_the_step_kept() -> None:
    picture = ElementTree.fromstring(draw_curve(make_report('<"&')))
    lines = [one.get("points", "").split() for one in picture.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [2, 2, 2]  # two dimensions, and the loss
    assert lines[0][0].split(",")[0] == "42.0"  # step 0 stands on the left
    levels = [one for one in picture.iter(f"{SVG}line") if one.get("class") == "level"]
    assert [float(one.get("y1", 0)) for one in levels[1:]] == [
        float(points[0].split(",")[1]) for points in lines[:2]
    ]
    kept = next(one for one in picture.iter(f"{SVG}line") if one.get("class") == "kept")
    assert kept.get("x1") == lines[0][1].split(",")[0]
    assert "step 2 kept" in [one.text for one in picture.iter(f"{SVG}text")]
    assert picture.get("aria-label") == describe_course(make_report('<"&'))


def test_a_part_of_a_page_has_no_style_of_its_own() -> None:
    assert "<style>" in draw_curve(make_report())
    assert "<style>" not in draw_curve(make_report(), is_alone=False)


def test_the_words_for_the_picture_give_its_figures() -> None:
    text = describe_course(make_report())
    assert "at 384 dimensions 0.500, then 0.750; at 64 dimensions 0.250, then 0.500" in text
    assert "Loss: 1.500 at step 1, 0.500 at step 2." in text
