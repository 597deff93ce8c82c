"""Training files: stages in order, each from the one before, left alone when nothing has changed."""

from pathlib import Path

import pytest
from transformers import AutoModelForPreTraining, AutoTokenizer

from graphtune.errors import ConfigError, DataError, GraphtuneError, ModelError
from graphtune.train.stages.report import (
    StageReport,
    render_reports,
)
from graphtune.train.stages.running import run_stages
from graphtune.train.stages.settings import read_stages
from graphtune.train.stages.sources import list_files, read_texts, split_documents
from tests.staging import BASE, WORDS, add_stage, fill_folder, write_file, write_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill_folder(tmp_path)


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
