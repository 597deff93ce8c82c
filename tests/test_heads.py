"""Heads: labels, entities and answers are read strictly and measured as others measure them."""

from typing import Any

import numpy as np
import pytest

from graphtune.errors import DataError
from graphtune.train.heads.classify import read_labelled, score_baselines, score_labels
from graphtune.train.heads.rerank import read_triples, score_triples
from graphtune.train.heads.tag import (
    label_words,
    list_entities,
    look_up,
    read_tagged,
    score_entities,
)
from graphtune.train.heads.tag import score_baselines as score_tag_baselines
from graphtune.train.stages.settings import ClassifyStage, TagStage
from graphtune.train.stages.sources import Row


def make_rows(*values: dict[str, Any]) -> list[Row]:
    return [Row(f"f.jsonl:{number}", value) for number, value in enumerate(values, 1)]


CLASSIFY = ClassifyStage(name="c")
TAG = TagStage(name="t")


@pytest.mark.parametrize(
    ("stage", "values", "message"),
    [
        (CLASSIFY, [{"text": "a"}], "f.jsonl:1: no label in the field 'label'"),
        (CLASSIFY, [{"text": "a", "label": " "}], "no label"),
        (CLASSIFY, [{"text": 3, "label": "x"}], "no text in the field 'text'"),
        (CLASSIFY, [{"text": "a", "label": "x"}, {"text": "b", "label": "x"}], "two are needed"),
        (
            ClassifyStage(name="c", labels=("x",)),
            [{"text": "a", "label": "y"}],
            "the label 'y' is none of x",
        ),
        (
            ClassifyStage(name="c", labels=("x", "y", "z")),
            [{"text": "a", "label": "y"}, {"text": "a", "label": "x"}],
            "no text has the label 'z'",
        ),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    stage: ClassifyStage, values: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_labelled(make_rows(*values), stage)


def test_figures_of_labels_are_scikit_learns() -> None:
    from sklearn.metrics import f1_score

    draw = np.random.default_rng(0)
    right, guessed = draw.integers(0, 3, 200), draw.integers(0, 3, 200)
    figures = score_labels(right, guessed, ["a", "b", "c"])
    assert figures["macro_f1"] == pytest.approx(f1_score(right, guessed, average="macro"))
    assert figures["accuracy"] == pytest.approx((right == guessed).mean())
    assert sum(figures[f"{label}/support"] for label in "abc") == 200


def test_words_that_tell_the_label_are_found_by_the_baseline() -> None:
    values = [{"text": f"{word} {n}", "label": word} for word in ("нар", "сар") for n in range(20)]
    items, labels = read_labelled(make_rows(*values), CLASSIFY)
    found = score_baselines(items[::2], items[1::2], labels)
    assert found["TF-IDF, logistic regression"]["accuracy"] == 1.0
    assert found["commonest label"]["accuracy"] == 0.5


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "a"}, "wanted `text` and `labels`"),
        ({"text": "abc", "labels": [[0, 9, "PER"]]}, "outside its text of 3 characters"),
        ({"text": "abc", "labels": [[2, 2, "PER"]]}, "outside"),
        ({"text": "abc", "labels": [[0, "1", "PER"]]}, "is no entity"),
        ({"text": "abc", "labels": [{"start": 0}]}, "is no entity"),
        ({"text": "abc", "labels": []}, "none of 1 texts holds an entity"),
    ],
)
def test_entities_that_do_not_fit_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_tagged(make_rows(row), TAG)


def test_types_that_are_not_listed_or_do_not_occur_are_refused() -> None:
    rows = make_rows({"text": "abc", "labels": [[0, 3, "PER"]]})
    with pytest.raises(DataError, match="'PER' is none of LOC"):
        read_tagged(rows, TagStage(name="t", labels=("LOC",)))
    with pytest.raises(DataError, match="no text holds an entity of type 'LOC'"):
        read_tagged(rows, TagStage(name="t", labels=("PER", "LOC")))


def test_persian_words_keep_their_joiners() -> None:
    text = "علی می‌خواهد به تهران برود."
    found = label_words(
        text, [(0, 3, "PER"), (text.index("تهران"), text.index("تهران") + 5, "LOC")]
    )
    assert "می‌خواهد" in found.words
    assert [w for w, label in zip(found.words, found.labels, strict=True) if label != "O"] == [
        "علی",
        "تهران",
    ]


def test_neighbours_of_one_type_stay_two_entities() -> None:
    found = label_words("Бат Дорж ирэв", [(0, 3, "PER"), (4, 8, "PER")])
    assert found.labels == ("B-PER", "B-PER", "O")
    assert list_entities(found.labels) == [(0, 1, "PER"), (1, 2, "PER")]


def test_entities_count_whole_and_words_alone() -> None:
    right = [["B-PER", "I-PER", "O", "B-LOC"]]
    half = score_entities(right, [["B-PER", "O", "O", "B-LOC"]])
    assert half["entity_f1"] == pytest.approx(0.5)
    assert half["word_f1"] == pytest.approx(0.8)
    assert (half["LOC/f1"], half["PER/f1"]) == (1.0, 0.0)
    assert score_entities(right, right)["entity_f1"] == 1.0


def test_the_longest_name_of_the_list_wins() -> None:
    names = {("Улаан", "Баатар"): "LOC", ("Баатар",): "PER"}
    assert look_up(["Улаан", "Баатар", "Баатар"], names) == ["B-LOC", "I-LOC", "B-PER"]
    assert look_up(["нэг"], {}) == ["O"]


def test_baselines_of_tags_learn_from_training_alone() -> None:
    rows = make_rows(
        {"text": "Бат ирэв", "labels": [[0, 3, "PER"]]},
        {"text": "Дорж ирэв", "labels": [[0, 4, "PER"]]},
    )
    items, _ = read_tagged(rows, TAG)
    assert score_tag_baselines(items[:1], items[:1])["gazetteer"]["entity_f1"] == 1.0
    assert score_tag_baselines(items[:1], items[1:])["gazetteer"]["entity_f1"] == 0.0


def test_wrong_answers_come_from_the_same_tag() -> None:
    rows = make_rows(
        *(
            {"query": f"q{n}", "positive": f"a{n}", "tags": ["even" if n % 2 == 0 else "odd"]}
            for n in range(20)
        ),
        {"query": "own", "positive": "mine", "negative": "given"},
    )
    found = read_triples(rows, seed=0)
    assert found == read_triples(rows, seed=0)
    for triple in found[:-1]:
        assert triple.wrong != triple.right
        assert (int(triple.wrong[1:]) - int(triple.right[1:])) % 2 == 0
    assert found[-1].wrong == "given"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"query": "q"}, "no text in 'positive'"),
        ({"query": "q", "positive": "a"}, "no `negative`, and no other question"),
        ({"query": "q", "positive": "a", "tags": ["rare"]}, r"its tags \(rare\)"),
    ],
)
def test_answers_that_do_not_fit_are_refused(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_triples(make_rows(row), seed=0)


def test_ties_count_half() -> None:
    logits = np.array([[0, 1], [0, 1], [0, 2], [0, -1.0]])
    assert score_triples(logits)["ranked_right"] == 0.75
    assert score_triples(logits)["accuracy"] == 0.75
