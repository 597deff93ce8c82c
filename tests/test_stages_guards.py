"""What stages must not do: leak, go stale, delete what is not theirs, or report what is not so."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from graphtune.errors import ConfigError, DataError, ModelError
from graphtune.train.heads.classify import score_labels
from graphtune.train.heads.rerank import read_triples
from graphtune.train.stages.preparing import _read_triples
from graphtune.train.stages.report import find_rivals
from graphtune.train.stages.running import run_stages
from graphtune.train.stages.settings import FitConfig, RerankStage
from graphtune.train.stages.sources import Row, read_rows, read_texts
from tests.staging import BASE, WORDS, add_stage, fill_folder, write_file, write_rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill_folder(tmp_path)


def test_a_question_and_its_answers_stand_on_one_side(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"query": f"q{n % 50}", "positive": f"answer {n}", "tags": ["t", n % 3]} for n in range(200)
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    stage = RerankStage(name="r", fit=FitConfig(evaluation_share=0.3))
    train, held_out = _read_triples(stage, [tmp_path / "a.jsonl"])
    assert len(train) + len(held_out) == 200
    assert not {t.query for t in train} & {t.query for t in held_out}
    assert not {x for t in train for x in t[1:3]} & {x for t in held_out for x in t[1:3]}


def test_the_same_text_has_the_same_name_wherever_it_lies(folder: Path) -> None:
    (folder / "b").mkdir()
    (folder / "b" / "other.jsonl").write_bytes((folder / "texts.jsonl").read_bytes())
    first, second = (
        [text.id for text in read_texts([path], ("text",))]
        for path in (folder / "texts.jsonl", folder / "b" / "other.jsonl")
    )
    assert first == second


def test_where_the_command_is_given_changes_nothing(folder: Path) -> None:
    path = write_file(folder, BASE)
    first = run_stages(path)
    old = Path.cwd()
    try:
        os.chdir(folder)
        assert run_stages(Path("stages.toml")) == first
    finally:
        os.chdir(old)


@pytest.mark.parametrize("name", ["..", ".", ".partial", "vocabulary", "a/b"])
def test_names_that_are_no_folder_of_their_own_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        run_stages(write_file(folder, BASE.replace('name = "base"', f'name = "{name}"')))
    assert (folder / "texts.jsonl").exists()


def test_a_folder_that_is_no_stages_stays(folder: Path) -> None:
    (folder / "out" / "base").mkdir(parents=True)
    (folder / "out" / "base" / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError, match="left as it is"):
        run_stages(write_file(folder, BASE))
    assert (folder / "out" / "base" / "thesis.tex").read_text() == "mine"


def test_a_loss_that_is_no_number_is_told_and_nothing_is_kept(folder: Path) -> None:
    text = BASE.replace("max_steps = 4", "max_steps = 12, learning_rate = 1e30")
    with pytest.raises(ConfigError, match="lower it"):
        run_stages(write_file(folder, text))
    assert not (folder / "out" / "base").exists()


def test_other_weights_in_the_same_folder_are_another_beginning(folder: Path) -> None:
    run_stages(write_file(folder, BASE))
    (folder / "out" / "base").rename(folder / "old")
    path = write_file(
        folder, BASE.replace('task = "pretrain"', 'task = "pretrain"\ninit_from = "./old"')
    )
    first = run_stages(path)
    assert run_stages(path) == first
    file = folder / "old" / "model.safetensors"
    save_file(
        {key: tensor * 1.5 for key, tensor in load_file(file).items()}, file, {"format": "pt"}
    )
    assert run_stages(path)[0].key != first[0].key


def test_files_of_one_name_in_two_folders_both_count(folder: Path) -> None:
    for name in "ab":
        (folder / name).mkdir()
        (folder / name / "texts.jsonl").write_bytes((folder / "texts.jsonl").read_bytes())
    text = BASE.replace('data = ["texts.jsonl"]', 'data = ["a/texts.jsonl", "b/texts.jsonl"]')
    path = write_file(folder, text)
    keys = {run_stages(path)[0].key}
    for name in "ab":
        write_rows(
            folder / name / "texts.jsonl", [{"text": f"Нэг {w}. Хоёр {name}."} for w in WORDS]
        )
        keys.add(run_stages(path)[0].key)
    assert len(keys) == 3


def test_words_behind_the_cut_count_for_the_model_as_for_the_baselines(folder: Path) -> None:
    rows = []
    for n in range(40):
        text = " ".join(WORDS) + f" Баяр{n}."
        rows.append({"text": text, "labels": [[text.index("Баяр"), len(text) - 1, "PER"]]})
    write_rows(folder / "names.jsonl", rows)
    tag = add_stage("names", "tag", "names.jsonl").replace("max_length = 48", "max_length = 12")
    report = run_stages(write_file(folder, BASE + tag))[-1]
    baseline = report.baselines["gazetteer"]
    assert report.after["PER/support"] == baseline["PER/support"] == 4.0
    assert report.after["PER/recall"] == 0.0


def test_a_smaller_vocabulary_of_another_kind_is_refused(folder: Path) -> None:
    run_stages(write_file(folder, BASE))
    (folder / "out" / "base").rename(folder / "old")
    write_rows(folder / "texts.jsonl", [{"text": f"one two {n}. three."} for n in range(90)])
    other = BASE.replace("size = 330", "size = 300").replace(
        'task = "pretrain"', 'task = "pretrain"\ninit_from = "./old"'
    )
    with pytest.raises(ModelError, match="do not belong together"):
        run_stages(write_file(folder, other))


def test_line_ends_of_other_kinds_stay_inside_texts(tmp_path: Path) -> None:
    texts = ["one\u2028two", "three\x85four"]
    lines = (json.dumps({"text": text}, ensure_ascii=False) for text in texts)
    (tmp_path / "a.jsonl").write_text("\r\n".join(lines), encoding="utf-8", newline="")
    assert [row.values["text"] for row in read_rows(tmp_path / "a.jsonl")] == texts


@pytest.mark.parametrize(
    ("task", "data"), [("classify", "classes"), ("tag", "names"), ("rerank", "answers")]
)
def test_too_few_rows_to_hold_one_out_are_told(folder: Path, task: str, data: str) -> None:
    lines = (folder / f"{data}.jsonl").read_text(encoding="utf-8").splitlines()[:4]
    (folder / f"{data}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="evaluation_share"):
        run_stages(write_file(folder, BASE + add_stage("few", task, f"{data}.jsonl")))


def test_more_tokens_than_the_encoder_reads_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="64 tokens"):
        run_stages(write_file(folder, BASE.replace("max_length = 48", "max_length = 65")))


def test_stages_that_were_measured_with_other_texts_are_not_compared(folder: Path) -> None:
    one, two = (add_stage(name, "classify", "classes.jsonl") for name in ("one", "two"))
    two = two.replace("batch_size = 8", "batch_size = 8, evaluation_share = 0.3")
    assert find_rivals(run_stages(write_file(folder, BASE + one + two))) == []


def test_a_label_that_nobody_asks_for_is_no_zero() -> None:
    import numpy as np

    right = np.array([0, 1, 1])
    assert score_labels(right, right, ["a", "b", "c"])["macro_f1"] == 1.0
    assert score_labels(right, np.array([0, 1, 2]), ["a", "b", "c"])["macro_f1"] < 1.0


@pytest.mark.parametrize(
    "more", [{"negative": ["x", "y"]}, {"tags": "algebra"}, {"negative": 3}, {"positive": " "}]
)
def test_answers_of_another_type_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="f:1"):
        read_triples([Row("f:1", {"query": "q", "positive": "p", **more})], 0)


def test_toys_need_texts_for_their_tokenizer(folder: Path) -> None:
    path = write_file(folder, BASE.replace('texts = ["texts.jsonl"]', ""))
    with pytest.raises(ConfigError, match="name `texts`"):
        run_stages(path, toy=True)
