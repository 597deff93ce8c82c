"""Setting up sentence-transformers' trainer: loss, arguments, callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.encoder import has_fast_bf16
from graphtune.records import Pair
from graphtune.train.selection import CheckpointKeeper
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.training_args import (
        SentenceTransformerTrainingArguments,
    )


def make_trainer(
    encoder: SentenceTransformer,
    pairs: Sequence[Pair],
    config: TrainConfig,
    seed: int,
    dims: tuple[int, ...],
    keeper: CheckpointKeeper,
) -> SentenceTransformerTrainer:
    """Return a trainer that contrasts in-batch pairs at all dimensions.

    Checkpoints go to the keeper's folder; nothing is printed to standard output.
    """
    from datasets import Dataset
    from sentence_transformers.base.model_card import BaseModelCardCallback
    from sentence_transformers.sentence_transformer.losses import (
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from transformers import PrinterCallback, ProgressCallback

    encoder.model_card_data.generate_widget_examples = False  # the card is ours
    # The trainer runs only the encoder in bfloat16: the loss sees float32 vectors.
    ranking = MultipleNegativesRankingLoss(encoder, config.scale)
    columns = {"anchor": [p.anchor for p in pairs], "positive": [p.positive for p in pairs]}
    trainer = SentenceTransformerTrainer(
        model=encoder,
        args=_make_arguments(encoder, config, seed, keeper.folder),
        train_dataset=Dataset.from_dict(columns),
        loss=MatryoshkaLoss(encoder, ranking, matryoshka_dims=list(dims)),
    )
    # Ours write to standard error, and the card comes from the report.
    for callback in list(trainer.callback_handler.callbacks):
        if isinstance(callback, ProgressCallback | PrinterCallback | BaseModelCardCallback):
            trainer.remove_callback(callback)
    return trainer


def _make_arguments(
    encoder: SentenceTransformer, config: TrainConfig, seed: int, folder: Path
) -> SentenceTransformerTrainingArguments:
    from sentence_transformers.sentence_transformer.training_args import (
        BatchSamplers,
        SentenceTransformerTrainingArguments,
    )

    query, document = encoder.prompts["query"] or "", encoder.prompts["document"] or ""
    return SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        bf16=use_bf16(config),
        use_cpu=encoder.device.type == "cpu",
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        prompts={"anchor": query, "positive": document},
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
