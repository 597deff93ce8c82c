"""The task `classify`: one label for a text, with the report that scikit-learn makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphtune.errors import DataError
from graphtune.train.stages.fitting import Figures, Work, label_examples
from graphtune.train.stages.settings import ClassifyStage
from graphtune.train.stages.sources import Row, hash_text, join_fields

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Labelled(NamedTuple):
    """A text with its label; `unit` is what is held out as a whole."""

    text: str
    label: str
    unit: str


def read_labelled(rows: Sequence[Row], stage: ClassifyStage) -> tuple[list[Labelled], list[str]]:
    """Read labelled texts, and the labels in the order of the report.

    Raises:
        DataError: a row has no text or no label, one that the stage does not list, or a listed label has
            no row.
    """
    found = []
    for row in rows:
        label = row.values.get(stage.label_field)
        if not isinstance(label, str | int) or isinstance(label, bool) or str(label).strip() == "":
            raise DataError(
                f"{row.place}: no label in the field {stage.label_field!r}; it has "
                f"{', '.join(row.values)}. Name the right one in label_field."
            )
        if stage.labels and str(label) not in stage.labels:
            if stage.other_labels == "leave out":
                continue
            raise DataError(
                f"{row.place}: the label {label!r} is none of {', '.join(stage.labels)}; add it to labels "
                'of the stage, or say other_labels = "leave out"'
            )
        text = join_fields(row, stage.text_fields)
        found.append(Labelled(text, str(label), hash_text(text)))
    known = {item.label for item in found}
    if empty := [label for label in stage.labels if label not in known]:
        raise DataError(f"no text has the label {empty[0]!r}; leave it out of labels, or give one")
    if len(known) < 2:
        raise DataError(f"{len(known)} label in all of {len(found)} texts: two are needed at least")
    return found, list(stage.labels) or sorted(known)


def prepare_classification(
    stage: ClassifyStage,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    train: Sequence[Labelled],
    held_out: Sequence[Labelled],
    labels: Sequence[str],
) -> Work:
    """Make a stage of classification ready; the model has a head of that many labels.

    Raises:
        DataError: a label has no text to train on.
    """
    from transformers import DataCollatorWithPadding

    counts = Counter(item.label for item in train)
    if missing := [label for label in labels if not counts[label]]:
        raise DataError(
            f"stage {stage.name!r}: no text with the label {missing[0]!r} is left to train on: give more, or "
            "lower evaluation_share"
        )
    numbers = {label: number for number, label in enumerate(labels)}

    def encode(items: Sequence[Labelled]) -> list[dict[str, Any]]:
        texts = [item.text for item in items]
        encoded = tokenizer(texts, truncation=True, max_length=stage.fit.max_length)
        return label_examples(encoded, (numbers[item.label] for item in items))

    def measure(found: Any) -> Figures:
        guessed = np.asarray(found.predictions).argmax(axis=-1)
        return score_labels(np.asarray(found.label_ids), guessed, labels)

    return Work(
        model,
        tokenizer,
        encode(train),
        encode(held_out),
        DataCollatorWithPadding(tokenizer),
        ("labels",),
        measure,
        baselines=score_baselines(train, held_out, labels),
        details={
            "labels": list(labels),
            "texts": dict(sorted(counts.items())),
            "held_out": hash_text(repr((labels, sorted(held_out)))),
        },
    )


#: What the reports of scikit-learn and seqeval say of a label, and our names.
_COLUMNS = {"precision": "precision", "recall": "recall", "f1-score": "f1", "support": "support"}


def list_figures(report: Mapping[str, Mapping[str, float]]) -> Figures:
    """Return precision, recall, F1 and support of each label of a classification report.

    >>> list_figures({"a": {"precision": 1.0, "recall": 0.5, "f1-score": 0.67, "support": 2}})
    {'a/precision': 1.0, 'a/recall': 0.5, 'a/f1': 0.67, 'a/support': 2.0}
    """
    return {
        f"{label}/{short}": float(figures[name])
        for label, figures in report.items()
        for name, short in _COLUMNS.items()
    }


def score_labels(
    right: NDArray[np.int64], guessed: NDArray[np.int64], labels: Sequence[str]
) -> Figures:
    """Return accuracy, macro and weighted F1, and precision, recall, F1 and support of each label.

    >>> figures = score_labels(np.array([0, 1, 1]), np.array([0, 1, 0]), ["a", "b"])
    >>> round(figures["macro_f1"], 3), figures["b/recall"], figures["b/support"]
    (0.667, 0.5, 2.0)
    """
    from sklearn.metrics import classification_report

    report = classification_report(
        right,
        guessed,
        labels=range(len(labels)),
        target_names=list(labels),
        output_dict=True,
        zero_division=0,
    )
    # A label that nobody asks for and nobody guesses says nothing.
    seen = [label for number, label in enumerate(labels) if number in right or number in guessed]
    figures = {
        "accuracy": float((right == guessed).mean()),
        "macro_f1": float(np.mean([report[label]["f1-score"] for label in seen])),
        "weighted_f1": float(report["weighted avg"]["f1-score"]),
    }
    return figures | list_figures({label: report[label] for label in labels})


def score_baselines(
    train: Sequence[Labelled], held_out: Sequence[Labelled], labels: Sequence[str]
) -> dict[str, Figures]:
    """Return the figures of the commonest label, and of TF-IDF of words with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    numbers = {label: number for number, label in enumerate(labels)}
    right = np.array([numbers[item.label] for item in held_out])
    targets = [numbers[item.label] for item in train]
    commonest = Counter(targets).most_common(1)[0][0]
    model = make_pipeline(
        TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+"),
        LogisticRegression(max_iter=1000, C=10.0, random_state=0),
    )
    model.fit([item.text for item in train], targets)
    guessed = np.asarray(model.predict([item.text for item in held_out]))
    return {
        "commonest label": score_labels(right, np.full_like(right, commonest), labels),
        "TF-IDF, logistic regression": score_labels(right, guessed, labels),
    }
