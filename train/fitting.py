"""Setting up sentence-transformers' trainer: data, plan, loss, arguments."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphtune.encoder import encode_texts, has_fast_bf16
from graphtune.pairs.mask import GraphMask
from graphtune.records import Pair
from graphtune.train.batches import plan_batches
from graphtune.train.records import Margins
from graphtune.train.selection import CheckpointKeeper
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )

    from graphtune.train.loss import (
        CachedMaskedRankingLoss,
        Contrast,
        MaskedRankingLoss,
        Teacher,
    )
    from graphtune.train.sampling import PlannedTrainer

#: Our names of schedules, and those of the trainer.
_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
#: Texts whose tokens are counted at a time.
_COUNTED = 1000


def make_trainer(
    encoder: SentenceTransformer,
    pairs: Sequence[Pair],
    config: TrainConfig,
    seed: int,
    dims: tuple[int, ...],
    keeper: CheckpointKeeper,
    mask: GraphMask | None = None,
    margins: Margins | None = None,
) -> PlannedTrainer:
    """Return a trainer that contrasts in-batch pairs at all dimensions.

    The encoder must still be the base. Checkpoints go to the keeper's folder; nothing is printed to
    standard output. `trainer.contrast` tells the density of the mask.
    """
    from datasets import Dataset
    from sentence_transformers.sentence_transformer.losses import MatryoshkaLoss
    from transformers import PrinterCallback, ProgressCallback

    from graphtune.train.loss import Contrast
    from graphtune.train.sampling import PlannedTrainer

    encoder.model_card_data.generate_widget_examples = False  # the card is ours
    args = _make_arguments(encoder, config, seed, keeper.folder)
    lengths = count_tokens(encoder, [pair.positive for pair in pairs])
    if not mask:  # then nothing else keeps answers of one anchor apart
        config = config.model_copy(update={"graph_mask": False})
    plan = plan_batches(pairs, lengths, config, seed, args.world_size)
    args.max_steps = len(plan) // args.world_size
    known = mask if mask and config.graph_mask else GraphMask(pairs)
    teacher = _make_teacher(encoder, pairs, plan, config.distill)
    contrast = Contrast(known, config.scale, teacher, config.follow, margins)
    columns = _list_columns(pairs)
    ranking = _make_ranking(encoder, contrast, columns, config.mini_batch)
    trainer = PlannedTrainer(
        model=encoder,
        args=args,
        train_dataset=Dataset.from_dict(columns),
        loss=MatryoshkaLoss(encoder, ranking, list(dims), config.matryoshka_weights),
    )
    trainer.plan, trainer.contrast = plan, contrast
    read = trainer.data_collator.preprocess_fn
    trainer.data_collator.preprocess_fn = lambda texts, **rest: read(_drop_repeats(texts), **rest)
    # Ours write to standard error.
    for callback in list(trainer.callback_handler.callbacks):
        if isinstance(callback, ProgressCallback | PrinterCallback):
            trainer.remove_callback(callback)
    return trainer


def _make_ranking(
    encoder: SentenceTransformer,
    contrast: Contrast,
    columns: Mapping[str, Sequence[Any]],
    mini_batch: int | None,
) -> MaskedRankingLoss | CachedMaskedRankingLoss:
    """Return the loss at one width; the trainer runs only the encoder in bfloat16, so it sees float32."""
    from graphtune.train.loss import CachedMaskedRankingLoss, Distinct, MaskedRankingLoss

    distinct = Distinct([columns[name] for name in columns if name != "label"])
    if mini_batch:
        return CachedMaskedRankingLoss(encoder, contrast, distinct, mini_batch)
    return MaskedRankingLoss(encoder, contrast, distinct)


def _drop_repeats(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _list_columns(pairs: Sequence[Pair]) -> dict[str, list[Any]]:
    """Return the data as the loss expects it; a row without a hard negative holds an empty text."""
    columns: dict[str, list[Any]] = {
        "anchor": [pair.anchor for pair in pairs],
        "positive": [pair.positive for pair in pairs],
        "negative": [pair.negative for pair in pairs],
        "label": list(range(len(pairs))),
    }
    if not any(columns["negative"]):
        del columns["negative"]
    return columns


def count_tokens(encoder: SentenceTransformer, texts: Sequence[str]) -> list[int]:
    """Return the length of each text as the encoder reads it: in tokens, cut at its `max_seq_length`."""
    most = encoder.max_seq_length or sys.maxsize
    unique = list(dict.fromkeys(texts))
    counts: dict[str, int] = {}
    for start in range(0, len(unique), _COUNTED):
        part = unique[start : start + _COUNTED]
        tokens = encoder.tokenizer(part, add_special_tokens=True, truncation=False, verbose=False)
        counts |= zip(part, (min(most, len(row)) for row in tokens["input_ids"]), strict=True)
    return [counts[text] for text in texts]


def _make_teacher(
    encoder: SentenceTransformer, pairs: Sequence[Pair], plan: Sequence[list[int]], weight: float
) -> Teacher | None:
    """Encode what the plan holds with the model as it is, once and for all."""
    import torch

    from graphtune.train.loss import Teacher

    if not weight:
        return None
    rows = sorted({row for batch in plan for row in batch})

    def encode(texts: list[str], role: Literal["query", "document"]) -> tuple[Any, Any]:
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        by_row = torch.zeros(len(pairs), dtype=torch.int64)
        by_row[rows] = torch.tensor([places[text] for text in texts])
        vectors = encode_texts(encoder, list(places), role, f"base model, {role} vectors")
        return torch.from_numpy(vectors), by_row

    queries, query_places = encode([pairs[row].anchor for row in rows], "query")
    documents, document_places = encode([pairs[row].positive for row in rows], "document")
    return Teacher(queries, documents, query_places, document_places, weight)


def _make_arguments(
    encoder: SentenceTransformer, config: TrainConfig, seed: int, folder: Path
) -> SentenceTransformerTrainingArguments:
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )

    query, document = encoder.prompts["query"] or "", encoder.prompts["document"] or ""
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        lr_scheduler_type=_SCHEDULES[config.schedule],
        warmup_steps=config.warmup,
        bf16=use_bf16(config),
        use_cpu=encoder.device.type == "cpu",
        prompts={"anchor": query, "positive": document, "negative": document},
        save_strategy="steps",
        save_steps=config.eval_steps,
        save_total_limit=1,
        logging_steps=10,
        seed=seed,
        data_seed=seed,
        report_to=list(config.report_to) or "none",
        dataloader_pin_memory=False,
    )


def use_bf16(config: TrainConfig) -> bool:
    """Tell whether training runs in bfloat16."""
    return config.bf16 == "on" or (config.bf16 == "auto" and has_fast_bf16())
