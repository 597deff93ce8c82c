"""The task `tag`: entities in a text, as words with BIO labels; F1 by entity (seqeval) and by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphtune.errors import DataError
from graphtune.train.heads.classify import list_figures
from graphtune.train.pretraining.masking import IGNORED
from graphtune.train.stages.fitting import Figures, Work, label_examples
from graphtune.train.stages.settings import TagStage
from graphtune.train.stages.sources import Row, hash_text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

#: A word, with the marks that join its parts in Persian (ZWNJ) and elsewhere, or any other sign.
_WORD = re.compile(r"\w+(?:[\u200c\u200d'’.-]\w+)*|[^\w\s]")
OUTSIDE = "O"


class Tagged(NamedTuple):
    """Words of a text with their labels (`O`, `B-type`, `I-type`); `unit` is what is held out as a whole."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    unit: str


def read_tagged(rows: Sequence[Row], stage: TagStage) -> tuple[list[Tagged], list[str]]:
    """Read texts with entities, and the labels: `O`, then B and I of each type.

    Raises:
        DataError: a row has no text or spans, a span lies outside its text, or its type is not listed.
    """
    found, types = [], set[str]()
    for row in rows:
        text, spans = row.values.get("text"), row.values.get("labels")
        if not isinstance(text, str) or not isinstance(spans, list):
            raise DataError(
                f"{row.place}: wanted `text` and `labels` as [[start, end, type], …]; it has "
                f"{', '.join(row.values)}"
            )
        for span in spans:
            _check_span(span, text, stage.labels, row.place)
            types.add(span[2])
        unit = row.document or hash_text(text)
        found.append(label_words(text, [(s, e, kind) for s, e, kind in spans], unit))
    if not types:
        raise DataError(f"none of {len(found)} texts holds an entity")
    named = list(stage.labels) or sorted(types)
    if empty := [kind for kind in named if kind not in types]:
        raise DataError(f"no text holds an entity of type {empty[0]!r}; leave it out of labels")
    return found, [OUTSIDE, *(f"{mark}-{kind}" for kind in named for mark in "BI")]


def _check_span(span: Any, text: str, allowed: Sequence[str], place: str) -> None:
    is_span = isinstance(span, list) and len(span) == 3 and isinstance(span[2], str)
    if not is_span or not all(isinstance(n, int) for n in span[:2]):
        raise DataError(f"{place}: {span!r} is no entity; one is [start, end, type]")
    if not 0 <= span[0] < span[1] <= len(text):
        raise DataError(
            f"{place}: the entity {span!r} lies outside its text of {len(text)} characters"
        )
    if allowed and span[2] not in allowed:
        raise DataError(f"{place}: the type {span[2]!r} is none of {', '.join(allowed)}")


def label_words(text: str, spans: Sequence[tuple[int, int, str]], unit: str = "") -> Tagged:
    """Cut a text into words, and label each that lies in an entity, whole or in part.

    >>> label_words("Ж. Верн died.", [(0, 7, "PER")])
    Tagged(words=('Ж', '.', 'Верн', 'died', '.'), labels=('B-PER', 'I-PER', 'I-PER', 'O', 'O'), unit='')
    """
    words, labels = [], []
    last: tuple[int, int, str] | None = None
    for match in _WORD.finditer(text):
        inside = next((s for s in spans if s[0] < match.end() and match.start() < s[1]), None)
        words.append(match[0])
        labels.append(f"{'I' if inside == last else 'B'}-{inside[2]}" if inside else OUTSIDE)
        last = inside
    return Tagged(tuple(words), tuple(labels), unit)


def prepare_tagging(
    stage: TagStage,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    train: Sequence[Tagged],
    held_out: Sequence[Tagged],
    labels: Sequence[str],
) -> Work:
    """Make a stage of tagging ready; a word's label stands at its first token, the others have none."""
    from transformers import DataCollatorForTokenClassification

    numbers = {label: number for number, label in enumerate(labels)}

    def encode(items: Sequence[Tagged]) -> list[dict[str, Any]]:
        encoded = tokenizer(
            [list(item.words) for item in items],
            is_split_into_words=True,
            truncation=True,
            max_length=stage.fit.max_length,
        )
        placed = (
            _place_labels(encoded.word_ids(row), item, numbers) for row, item in enumerate(items)
        )
        return label_examples(encoded, placed)

    def reduce(logits: Any, _: Any) -> Any:
        return logits.argmax(dim=-1)

    return Work(
        model,
        tokenizer,
        encode(train),
        encode(held_out),
        DataCollatorForTokenClassification(tokenizer),
        ("labels",),
        lambda found: _score_numbers(found.label_ids, found.predictions, labels, held_out),
        reduce,
        score_baselines(train, held_out),
        {
            "labels": list(labels),
            "texts": len(train),
            "held_out": hash_text(repr((labels, sorted(held_out)))),
        },
    )


def _place_labels(
    words: Sequence[int | None], item: Tagged, numbers: Mapping[str, int]
) -> list[int]:
    placed, last = [], None
    for word in words:
        is_first = word is not None and word != last
        placed.append(numbers[item.labels[word]] if is_first and word is not None else IGNORED)
        last = word
    return placed


def _score_numbers(
    placed: Any, guessed: Any, labels: Sequence[str], items: Sequence[Tagged]
) -> Figures:
    """Score arrays of label numbers, shape (n, length), against the items; words cut off count as outside.

    `placed` are the right ones as the model saw them, `IGNORED` at padding and inside of words.
    """
    rows = []
    for right, found, item in zip(np.asarray(placed), np.asarray(guessed), items, strict=True):
        seen = [labels[number] for number in found[right != IGNORED]]
        rows.append(seen + [OUTSIDE] * (len(item.words) - len(seen)))
    return score_entities([item.labels for item in items], rows)


def score_entities(right: Sequence[Sequence[str]], guessed: Sequence[Sequence[str]]) -> Figures:
    """Return precision, recall and F1 over whole entities, of all and of each type, and F1 over words.

    An entity counts where its first word, its last word and its type are right (CoNLL 2003, by seqeval).

    >>> figures = score_entities([["B-PER", "I-PER", "O"]], [["B-PER", "O", "O"]])
    >>> figures["entity_f1"], figures["word_f1"]
    (0.0, 0.6666666666666666)
    """
    from seqeval.metrics import classification_report

    rows = [list(row) for row in right]
    report = classification_report(
        rows, [list(r) for r in guessed], output_dict=True, zero_division=0
    )
    total = report["micro avg"]
    figures = {
        "entity_precision": float(total["precision"]),
        "entity_recall": float(total["recall"]),
        "entity_f1": float(total["f1-score"]),
        "word_f1": _score_words(rows, guessed),
    }
    return figures | list_figures({k: v for k, v in report.items() if not k.endswith(" avg")})


def _score_words(right: Sequence[Sequence[str]], guessed: Sequence[Sequence[str]]) -> float:
    """Return the F1 over single words that belong to an entity, by type, wherever it begins."""
    pairs = [
        (r.partition("-")[2], g.partition("-")[2])
        for rows in zip(right, guessed, strict=True)
        for r, g in zip(*rows, strict=True)
    ]
    hits = sum(r == g != "" for r, g in pairs)
    sizes = sum(r != "" for r, _ in pairs) + sum(g != "" for _, g in pairs)
    return 2 * hits / sizes if sizes else 0.0


def score_baselines(train: Sequence[Tagged], held_out: Sequence[Tagged]) -> dict[str, Figures]:
    """Return the figures of each word's commonest label, and of a list of the entities in training."""
    counts: dict[str, Counter[str]] = {}
    names: dict[tuple[str, ...], Counter[str]] = {}
    for item in train:
        for word, label in zip(item.words, item.labels, strict=True):
            counts.setdefault(word, Counter())[label] += 1
        for start, end, kind in list_entities(item.labels):
            names.setdefault(item.words[start:end], Counter())[kind] += 1
    common = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    gazetteer = {words: found.most_common(1)[0][0] for words, found in names.items()}
    right = [item.labels for item in held_out]
    return {
        "commonest label of each word": score_entities(
            right, [[common.get(word, OUTSIDE) for word in item.words] for item in held_out]
        ),
        "gazetteer": score_entities(right, [look_up(item.words, gazetteer) for item in held_out]),
    }


def list_entities(labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return the entities of BIO labels as (first word, word behind the last, type).

    >>> list_entities(["B-PER", "I-PER", "O", "B-LOC"])
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    """
    found: list[tuple[int, int, str]] = []
    for place, label in enumerate(labels):
        mark, _, kind = label.partition("-")
        if mark == "I" and found and found[-1][1:] == (place, kind):
            found[-1] = (found[-1][0], place + 1, kind)
        elif mark in ("B", "I"):
            found.append((place, place + 1, kind))
    return found


def look_up(words: Sequence[str], gazetteer: Mapping[tuple[str, ...], str]) -> list[str]:
    """Label the longest entities of a list that stand in a text, from the left.

    >>> look_up(("In", "New", "York"), {("New", "York"): "LOC", ("York",): "PER"})
    ['O', 'B-LOC', 'I-LOC']
    """
    longest = max(map(len, gazetteer), default=0)
    labels, place = [OUTSIDE] * len(words), 0
    while place < len(words):
        for length in range(min(longest, len(words) - place), 0, -1):
            kind = gazetteer.get(tuple(words[place : place + length]))
            if kind:
                labels[place : place + length] = [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
                place += length
                break
        else:
            place += 1
    return labels
