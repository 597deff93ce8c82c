"""Training files: stages in order, each from the one before, left alone when nothing has changed."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from transformers import AutoModelForPreTraining, AutoTokenizer

from graphtune.cli import main
from graphtune.errors import ConfigError, DataError, GraphtuneError, ModelError
from graphtune.train.stages.report import (
    SHOWN,
    StageReport,
    find_rivals,
    render_comparison,
    render_reports,
)
from graphtune.train.stages.running import find_out, run_stages
from graphtune.train.stages.settings import read_stages
from graphtune.train.stages.sources import list_files, read_texts, split_documents

WORDS = (
    "алим бор гэр далай ембүү жил зам ир ном лам мал нар ор пүрэв сар тал уул фото хад цас".split()
)
SHAPE = """
[model]
embedding_size = 16
hidden_size = 32
layers = 1
heads = 2
intermediate_size = 64
max_length = 64
"""
FIT = "{ max_steps = 4, max_length = 48, batch_size = 8 }"
BASE = f"""
out = "out"
[vocabulary]
texts = ["texts.jsonl"]
size = 330
{SHAPE}
[[stage]]
name = "base"
task = "pretrain"
data = ["texts.jsonl"]
fit = {FIT}
"""


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = random.Random(0)

    def make_text() -> str:
        return " ".join(" ".join(draw.choices(WORDS, k=6)).capitalize() + "." for _ in range(4))

    texts = [make_text() for _ in range(40)]
    write_rows(tmp_path / "texts.jsonl", [{"text": text} for text in texts])
    classes = [{"text": text, "label": "аб"[n % 2]} for n, text in enumerate(texts)]
    write_rows(tmp_path / "classes.jsonl", classes)
    names = [{"text": text, "labels": [[0, text.index(" "), "PER"]]} for text in texts]
    write_rows(tmp_path / "names.jsonl", names)
    answers = [
        {"query": text[:20], "positive": text, "tags": ["x", str(n % 4)]}
        for n, text in enumerate(texts)
    ]
    write_rows(tmp_path / "answers.jsonl", answers)
    return tmp_path


def write_file(folder: Path, text: str) -> Path:
    path = folder / "stages.toml"
    path.write_text(text, encoding="utf-8")
    return path


def add_stage(name: str, task: str, data: str, start: str = "base", more: str = "") -> str:
    return (
        f'[[stage]]\nname = "{name}"\ntask = "{task}"\ninit_from = "{start}"\n'
        f'data = ["{data}"]\nfit = {FIT}\n{more}\n'
    )


def test_stages_follow_each_other_and_are_left_alone_when_nothing_changed(folder: Path) -> None:
    heads = [
        add_stage("more", "pretrain", "texts.jsonl"),
        add_stage("topics", "classify", "classes.jsonl", "more"),
        add_stage("names", "tag", "names.jsonl", "more"),
        add_stage("answers", "rerank", "answers.jsonl", "more"),
    ]
    path = write_file(folder, BASE + "".join(heads))
    reports = run_stages(path)
    assert [report.stage.name for report in reports] == [
        "base",
        "more",
        "topics",
        "names",
        "answers",
    ]
    for report in reports:
        assert report.steps == 4
        assert (folder / "out" / report.stage.name / "model.safetensors").exists()
    # The second stage begins where the first ended, on the same tokens.
    assert reports[1].before["masked_lm_loss"] == pytest.approx(
        reports[0].after["masked_lm_loss"], abs=1e-3
    )
    assert run_stages(path) == reports
    table = render_reports(reports)
    assert "words without order" in table
    assert "gazetteer" in table
    assert (folder / "out" / "report.md").read_text(encoding="utf-8") == table + "\n"
    loaded = AutoModelForPreTraining.from_pretrained(folder / "out" / "more")
    tokenizer = AutoTokenizer.from_pretrained(folder / "out" / "more")
    assert loaded.config.vocab_size == len(tokenizer)


def test_what_changes_runs_again_with_all_that_hangs_on_it(folder: Path) -> None:
    text = BASE + add_stage("topics", "classify", "classes.jsonl")
    first = run_stages(write_file(folder, text))
    later = run_stages(write_file(folder, text.replace("batch_size = 8", "batch_size = 4", 1)))
    assert all(old.key != new.key for old, new in zip(first, later, strict=True))
    write_rows(
        folder / "classes.jsonl",
        [{"text": f"{w} {n}", "label": w} for w in "абв" for n in range(20)],
    )
    again = run_stages(folder / "stages.toml")
    assert again[0] == later[0]
    assert again[1].details["labels"] == ["а", "б", "в"]


def test_the_same_file_gives_the_same_weights(folder: Path) -> None:
    path = write_file(folder, BASE)
    weights = []
    for _ in range(2):
        run_stages(path, force=True)
        weights.append((folder / "out" / "base" / "model.safetensors").read_bytes())
    assert weights[0] == weights[1]


def test_reports_can_be_read_again(folder: Path) -> None:
    (report,) = run_stages(write_file(folder, BASE))
    stored = (folder / "out" / "base" / "report.json").read_bytes()
    assert StageReport.model_validate_json(stored) == report


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (('task = "pretrain"', 'task = "translate"'), ConfigError, "translate"),
        (("hidden_size = 32", "hidden_size = 33"), ConfigError, "no multiple of heads"),
        (("size = 330", "sise = 330"), ConfigError, "vocabulary.sise"),
        (('data = ["texts.jsonl"]', 'data = ["none.jsonl"]'), DataError, "does not exist"),
        (('task = "pretrain"', 'task = "pretrain"\ninit_from = "later"'), ModelError, "later"),
        (('task = "pretrain"', 'task = "pretrain"\ninit_from = "base"'), ConfigError, "no earlier"),
        (('task = "pretrain"', 'task = "pretrain"\ninit_from = "./x"'), ConfigError, "no folder"),
        (('task = "pretrain"', 'task = "pretrain"\ntext_fields = ["body"]'), DataError, "'body'"),
        (('out = "out"', "out = "), ConfigError, "no TOML"),
    ],
)
def test_wrong_files_are_refused_before_the_first_step(
    folder: Path, change: tuple[str, str], error: type[GraphtuneError], message: str
) -> None:
    assert change[0] in BASE
    with pytest.raises(error, match=message):
        run_stages(write_file(folder, BASE.replace(*change, 1)))
    assert not list(folder.glob("out/base/*"))


def test_two_stages_of_one_name_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="two stages have the name 'base'"):
        read_stages(write_file(folder, BASE + add_stage("base", "tag", "names.jsonl")))


def test_a_tokenizer_that_does_not_fit_the_checkpoint_is_refused(folder: Path) -> None:
    run_stages(write_file(folder, BASE))
    (folder / "out" / "base").rename(folder / "old")
    write_rows(
        folder / "texts.jsonl", [{"text": f"{chr(0x4E00 + n)} one. two."} for n in range(90)]
    )
    other = BASE.replace("size = 330", "size = 600").replace(
        'task = "pretrain"', 'task = "pretrain"\ninit_from = "./old"'
    )
    with pytest.raises(ModelError, match="do not belong together"):
        run_stages(write_file(folder, other))


def test_texts_come_from_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\n\nTwo.\r\n\r\n\n Three.", encoding="utf-8")
    found = list(read_texts([tmp_path / "a.txt"], ("text",)))
    assert [text.paragraphs for text in found] == [("One.",), ("Two.",), ("Three.",)]
    write_rows(tmp_path / "b.jsonl", [{"title": "T", "parts": ["x", "y", " "]}])
    both = list(read_texts([tmp_path], ("title", "parts")))
    assert [text.paragraphs for text in both] == [("One.", "Two.", "Three."), ("T", "x", "y")]
    assert len({text.id for text in both}) == 2


def test_files_in_another_encoding_and_empty_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes("Йод".encode("cp1251"))
    with pytest.raises(DataError, match=r"c\.txt is not in UTF-8 .*iconv"):
        list(read_texts([tmp_path / "c.txt"], ("text",)))
    (tmp_path / "d").mkdir()
    with pytest.raises(DataError, match=r"holds no \.txt or \.jsonl"):
        list_files([tmp_path / "d"])
    (tmp_path / "e.jsonl").write_text('{"text": "a"}\n["b"]\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"e\.jsonl:2 is no JSON object"):
        list(read_texts([tmp_path / "e.jsonl"], ("text",)))


def test_who_is_held_out_hangs_on_the_documents_alone() -> None:
    keys = [f"d{n}" for n in range(200)]
    held = split_documents(keys, 0.1, ())
    assert len(held) == 20
    assert split_documents(reversed(keys), 0.1, ()) == held
    with pytest.raises(DataError, match="only one document"):
        split_documents(["d"], 0.1, ())


def test_documents_of_one_sentence_are_told(folder: Path) -> None:
    write_rows(folder / "texts.jsonl", [{"text": f"Нэг {word}."} for word in WORDS * 3])
    with pytest.raises(DataError, match="a document of one sentence has none"):
        run_stages(write_file(folder, BASE))


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
