"""What all tasks share: examples in, figures out, on transformers' own trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from graphtune.encoder import has_fast_bf16
from graphtune.errors import ConfigError
from graphtune.progress import tell
from graphtune.train.stages.progress import StepBar
from graphtune.train.stages.settings import FitConfig

if TYPE_CHECKING:
    from transformers import (
        PreTrainedModel,
        PreTrainedTokenizerFast,
        Trainer,
        TrainerCallback,
    )

Example = dict[str, Any]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Work:
    """A stage that is ready to be trained.

    `measure` makes figures of the trainer's predictions and labels; `reduce`, if any, makes small arrays
    of logits first. `baselines` are figures that the stage's own have to beat, by name; `details` go into
    the report as they are. `tests` are further sets to measure with, by name, and `choose`, if any, looks on
    and leaves the weights that are to be kept.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    train: Sequence[Example]
    evaluation: Sequence[Example]
    collate: Callable[[list[Any]], dict[str, Any]]
    label_names: tuple[str, ...]
    measure: Callable[[Any], Figures]
    reduce: Callable[[Any, Any], Any] | None = None
    baselines: dict[str, Figures] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    tests: dict[str, Sequence[Example]] = field(default_factory=dict)
    choose: TrainerCallback | None = None


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of it: figures before and after, losses by step, seconds and examples a second."""

    before: Figures
    after: Figures
    losses: list[tuple[int, float]]
    steps: int
    seconds: float
    rate: float


def label_examples(
    encoded: Mapping[str, Any], labels: Iterable[Any], name: str = "labels"
) -> list[Example]:
    """Return what a tokenizer made of many texts as one example each, with its label.

    >>> label_examples({"input_ids": [[2, 3], [2, 5, 3]]}, [1, 0])
    [{'input_ids': [2, 3], 'labels': 1}, {'input_ids': [2, 5, 3], 'labels': 0}]
    """
    return [
        {**{key: encoded[key][row] for key in encoded}, name: label}
        for row, label in enumerate(labels)
    ]


def fit(work: Work, config: FitConfig, folder: Path, label: str) -> Fitted:
    """Train the model of a stage, in place, and measure it before and after.

    Raises:
        ConfigError: examples are longer than the encoder can read, or the loss is no number.
    """
    known = int(getattr(work.model.config, "max_position_embeddings", config.max_length))
    if config.max_length > known:
        raise ConfigError(
            f"stage {label!r}: max_length {config.max_length} of `fit` is more than the encoder can read, "
            f"{known} tokens"
        )
    trainer = _make_trainer(work, config, folder, label)
    steps = config.max_steps or ceil(ceil(len(work.train) / config.batch_size) * config.epochs)
    tell(f"{label}: {len(work.train):,} examples, {steps:,} steps of {config.batch_size}")
    before = _measure_all(trainer, work)
    began = perf_counter()
    # Batches of like length, which saves padding; evaluation would lose the order of its rows by it.
    trainer.args.train_sampling_strategy = "group_by_length"
    result = trainer.train()
    trainer.args.train_sampling_strategy = "random"
    seconds = perf_counter() - began
    losses = [
        (int(row["step"]), float(row["loss"])) for row in trainer.state.log_history if "loss" in row
    ]
    after = _measure_all(trainer, work)
    if not np.isfinite([loss for _, loss in losses] + [after.get("loss", 0.0)]).all():
        raise ConfigError(
            f"the loss of stage {label!r} is no number any more at learning_rate {config.learning_rate:g}: "
            "lower it"
        )
    return Fitted(
        before,
        after,
        losses,
        result.global_step,
        round(seconds, 1),
        round(result.global_step * config.batch_size / max(seconds, 1e-9), 1),
    )


def _make_trainer(work: Work, config: FitConfig, folder: Path, label: str) -> Trainer:
    from transformers import PrinterCallback, Trainer, TrainingArguments

    cpu = not _has_gpu()
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        bf16=has_fast_bf16(),
        use_cpu=cpu,
        seed=config.seed,
        data_seed=config.seed,
        save_strategy="no",
        logging_steps=10,
        logging_nan_inf_filter=False,
        report_to="none",
        label_names=list(work.label_names),
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,  # ours goes to logs too
    )
    trainer = Trainer(
        model=work.model,
        args=arguments,
        train_dataset=work.train,
        eval_dataset=work.evaluation,
        data_collator=work.collate,
        compute_metrics=work.measure,
        preprocess_logits_for_metrics=work.reduce,
        processing_class=work.tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(StepBar(label))
    if work.choose:
        trainer.add_callback(work.choose)
    return trainer


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _measure_all(trainer: Trainer, work: Work) -> Figures:
    """Return the figures of the evaluation, and those of each test behind its name."""
    figures = _measure(trainer, work.evaluation)
    for name, examples in work.tests.items():
        measured = _measure(trainer, examples)
        figures |= {f"{name}/{key}": value for key, value in measured.items()}
    return figures


def _measure(trainer: Trainer, examples: Sequence[Example]) -> Figures:
    """Return figures without the trainer's prefix and its timings."""
    found = trainer.evaluate(cast("Any", examples))
    dropped = ("runtime", "samples_per_second", "steps_per_second", "model_preparation_time")
    named = {key.removeprefix("eval_"): float(value) for key, value in found.items()}
    return {key: value for key, value in named.items() if key not in (*dropped, "epoch")}
