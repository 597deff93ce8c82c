"""The task `pretrain`: documents become pairs of segments, and these one loss with two labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from graphtune.errors import ConfigError, DataError
from graphtune.train.pretraining.masking import NgramCollator
from graphtune.train.pretraining.metrics import reduce_logits, score_by_words, sum_up
from graphtune.train.pretraining.order import (
    Line,
    OrderPair,
    draw_pairs,
    read_mixture,
    read_sentences,
    read_sides,
)
from graphtune.train.stages.fitting import Work, label_examples
from graphtune.train.stages.settings import PretrainStage, Segments
from graphtune.train.stages.sources import Text

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

#: What the models call the label of the order: ALBERT's own, and BERT's of its next-sentence head.
_ORDER_LABELS = {"albert": "sentence_order_label", "bert": "next_sentence_label"}
#: Examples that the figures are of at most; of more the third digit would not change.
_MEASURED = 2000


def prepare_pretraining(
    stage: PretrainStage,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    train: Iterable[Text],
    held_out: Iterable[Text],
    shuffled: bool = False,
) -> Work:
    """Make a stage of pre-training ready; `shuffled` draws the labels of the order in training anew.

    Raises:
        ConfigError: the model has no head for the order, or the tokenizer does not mark segments.
        DataError: the documents give no two segments.
    """
    label = name_order_label(model)
    seed, length = stage.fit.seed, stage.fit.max_length

    def measure_text(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    sides = [
        list(draw_pairs(list_documents(texts, stage.segments), measure_text, length - 3, seed + n))
        for n, texts in enumerate((train, held_out))
    ]
    Random(seed).shuffle(sides[1])
    pairs, measured = sides[0], sides[1][:_MEASURED]
    if not pairs or not measured:
        raise DataError(
            f"stage {stage.name!r}: the documents hold {len(pairs)} examples with two segments "
            f"({stage.segments}) to train on and {len(measured)} to measure with; a document of one "
            "sentence has none"
        )
    if shuffled:
        labels = Random(seed)
        pairs = [replace(pair, swapped=labels.random() < 0.5) for pair in pairs]
    collator = NgramCollator(tokenizer, stage.mask_share, stage.ngram, seed)
    fixed = NgramCollator(tokenizer, stage.mask_share, stage.ngram, seed + 1)
    return Work(
        model,
        tokenizer,
        encode_pairs(pairs, tokenizer, label, length),
        fixed.mask_once(encode_pairs(measured, tokenizer, label, length)),
        collator,
        ("labels", label),
        lambda found: sum_up(np.asarray(found.predictions)),
        reduce_logits,
        {"words without order": {"sentence_order_accuracy": _score_words(pairs, measured)}},
        {"documents": len({pair.document for pair in pairs}), "segments": stage.segments},
    )


def name_order_label(model: PreTrainedModel) -> str:
    """Return what a model calls the label of the order of two segments.

    Raises:
        ConfigError: it has no head for pairs of segments.
    """
    kind = model.config.model_type
    if kind not in _ORDER_LABELS:
        raise ConfigError(
            f"a {kind} model has no head for the order of two segments; these have: "
            f"{', '.join(_ORDER_LABELS)}"
        )
    return _ORDER_LABELS[kind]


def list_documents(
    texts: Iterable[Text], segments: Segments
) -> Iterator[tuple[str, Sequence[Line]]]:
    """Yield what counts as a document for the order, with its lines: a formula, a passage, or a paper."""
    readers: dict[str, Callable[[str], Sequence[Line]]] = {
        "mixture": read_mixture,
        "sentences": read_sentences,
    }
    for text in texts:
        if segments == "sides":
            for paragraph in text.paragraphs:
                for lines in read_sides(paragraph):
                    yield text.id, lines
        else:
            yield text.id, [line for part in text.paragraphs for line in readers[segments](part)]


def encode_pairs(
    pairs: Sequence[OrderPair], tokenizer: PreTrainedTokenizerFast, label: str, max_length: int
) -> list[dict[str, Any]]:
    """Encode segments as `[CLS] first [SEP] second [SEP]`, the longer one cut first.

    Raises:
        ConfigError: the tokenizer does not tell the segments apart.
    """
    encoded = tokenizer(
        [pair.first for pair in pairs],
        [pair.second for pair in pairs],
        truncation="longest_first",
        max_length=max_length,
        return_token_type_ids=True,
    )
    if pairs and max(encoded["token_type_ids"][0]) != 1:
        raise ConfigError(
            f"the tokenizer {type(tokenizer).__name__} does not mark the second of two segments"
        )
    return label_examples(encoded, (int(pair.swapped) for pair in pairs), label)


def _score_words(train: Sequence[OrderPair], test: Sequence[OrderPair]) -> float:
    rows = [[(pair.first, pair.second, pair.swapped) for pair in part] for part in (train, test)]
    return score_by_words(*rows)
