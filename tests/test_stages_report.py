"""What stages leave behind: figures on test files, comparisons, cards; and their command."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from transformers import AutoModelForPreTraining, AutoTokenizer

from graphtune.cli import main
from graphtune.errors import ConfigError
from graphtune.train.stages.report import (
    SHOWN,
    find_rivals,
    render_comparison,
    render_reports,
)
from graphtune.train.stages.running import find_out, run_stages
from tests.staging import BASE, WORDS, add_stage, fill_folder, write_file, write_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill_folder(tmp_path)


def test_checkpoints_that_learn_the_same_are_compared(folder: Path) -> None:
    heads = [
        add_stage("more", "pretrain", "texts.jsonl"),
        add_stage("one", "classify", "classes.jsonl"),
        add_stage("two", "classify", "classes.jsonl", "more"),
        add_stage("names", "tag", "names.jsonl"),
    ]
    reports = run_stages(write_file(folder, BASE + "".join(heads)))
    (rivals,) = find_rivals(reports)
    assert [report.stage.name for report in rivals] == ["one", "two"]
    head, _, *rows = render_comparison(rivals).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == [
        "classify, compared", "one", "two", "commonest label", "TF-IDF, logistic regression"
    ]  # fmt: skip
    figures = [
        *(report.after["macro_f1"] for report in rivals),
        *(figures["macro_f1"] for figures in rivals[0].baselines.values()),
    ]
    assert f"**{max(figures):.3f}**" in rows[0]
    assert all(f"{figure:.3f}" in rows[0] for figure in figures)


def test_each_stage_has_a_card_that_the_hub_can_read(folder: Path) -> None:
    from huggingface_hub import ModelCard

    heads = [
        add_stage("topics", "classify", "classes.jsonl"),
        add_stage("names", "tag", "names.jsonl"),
        add_stage("answers", "rerank", "answers.jsonl"),
    ]
    kinds = ["fill-mask", "text-classification", "token-classification", "text-ranking"]
    for report, kind in zip(
        run_stages(write_file(folder, BASE + "".join(heads))), kinds, strict=True
    ):
        card = ModelCard.load(folder / "out" / report.stage.name / "README.md")
        assert card.data.pipeline_tag == kind
        assert f"{report.after[SHOWN[report.stage.task][0]]:.3f}" in card.text
        assert all(value[:64] in card.text for value in report.hashes.values())
        labels = {"classify": "| б ", "tag": "| PER ", "pretrain": "", "rerank": ""}
        assert labels[report.stage.task] in card.text
        assert ("| label" in card.text) == (report.stage.task in ("classify", "tag"))


def test_a_test_file_is_measured_and_never_trained_on(folder: Path) -> None:
    rows = [{"query": f"асуулт {w}", "positive": w, "negative": "үгүй"} for w in WORDS]
    write_rows(folder / "test.jsonl", rows)
    more = 'test = "test.jsonl"'
    path = write_file(folder, BASE + add_stage("a", "rerank", "answers.jsonl", more=more))
    report = run_stages(path)[-1]
    assert 0 <= report.after["test/ranked_right_low"] < report.after["test/ranked_right"]
    assert report.after["test/ranked_right"] < report.after["test/ranked_right_high"] <= 1
    assert "test/ranked_right" in render_reports([report])
    write_rows(folder / "test.jsonl", rows[:-1])
    assert run_stages(path)[-1].key != report.key


def test_the_bert_twin_learns_the_same_way(folder: Path) -> None:
    twin = BASE.replace("embedding_size = 16", 'architecture = "bert"')
    (report,) = run_stages(write_file(folder, twin))
    assert {"masked_lm_loss", "sentence_order_accuracy"} <= report.after.keys()
    loaded = AutoModelForPreTraining.from_pretrained(folder / "out" / "base")
    assert type(loaded).__name__ == "BertForPreTraining"


def test_macros_come_from_the_texts_and_then_from_a_list(folder: Path) -> None:
    texts = [{"text": rf"Let $\beta_{n} \in \Gamma$. It is $\beta$."} for n in range(40)]
    write_rows(folder / "maths.jsonl", texts)
    (folder / "macros.txt").write_text("\\in\n\\zeta\n\\eta\n", encoding="utf-8")
    more = 'texts = ["maths.jsonl"]\nmacros = 4\nmacro_list = "macros.txt"'
    text = BASE.replace('texts = ["texts.jsonl"]', more).replace("texts.jsonl", "maths.jsonl")
    path = write_file(folder, text)
    (report,) = run_stages(path)
    tokenizer = AutoTokenizer.from_pretrained(folder / "out" / "base")
    added = {token.content for token in tokenizer.added_tokens_decoder.values()}
    assert {r"\beta", r"\in", r"\Gamma", r"\zeta"} <= added
    assert r"\eta" not in added
    figures = report.details["vocabulary"]
    assert figures["formulas_whole_before"] < figures["formulas_whole"] == 1.0
    assert "formulas of whole macros" in render_reports([report])
    (folder / "macros.txt").write_text("\\eta\n", encoding="utf-8")
    assert run_stages(path)[0].key != report.key
    (folder / "macros.txt").write_text("eta\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="'eta' is no LaTeX macro"):
        run_stages(path)


def test_the_command_refuses_what_stages_do_not_know(folder: Path) -> None:
    path = str(write_file(folder, BASE))
    run = CliRunner().invoke
    told = run(main, ["train", path, "--seed", "1"])
    assert told.exit_code == 2
    assert "leave out --recipe" in told.output
    told = run(main, ["train", "--toy"])
    assert told.exit_code == 2
    assert "for STAGES" in told.output
    told = run(main, ["train", path, "--toy", "--push-to-hub", "no//name"])
    assert told.exit_code == 1
    assert f"cannot upload {find_out(Path(path), toy=True) / 'base'}" in told.output


def test_a_vocabulary_that_lies_beside_the_file_is_taken(folder: Path) -> None:
    run_stages(write_file(folder, BASE))
    (folder / "out" / "vocabulary").rename(folder / "words")
    again = BASE.replace('texts = ["texts.jsonl"]\nsize = 330', 'base = "words"')
    (report,) = run_stages(write_file(folder, again.replace('out = "out"', 'out = "new"')))
    first = json.loads((folder / "out" / "base" / "report.json").read_text(encoding="utf-8"))
    assert report.after == first["after"]
