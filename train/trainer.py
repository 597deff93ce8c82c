"""Fine-tuning: in-batch contrast inside Matryoshka, on sentence-transformers' own trainer.

Losses: multiple negatives ranking (arXiv:1705.00652) in Matryoshka form (arXiv:2205.13147).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.config import BaseConfig, TrainConfig
from graphtune.encoder import has_fast_bf16, hash_model, list_dims, load_encoder
from graphtune.errors import ConfigError, DataError, ModelError
from graphtune.files import write_record
from graphtune.records import Pair
from graphtune.train.card import write_card
from graphtune.train.records import REPORT_NAME, TrainReport
from graphtune.train.selection import (
    CheckpointKeeper,
    DevSet,
    mean_ndcg,
    score_dev,
    shrink_dev,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from torch import Tensor

#: The development set is scored every few steps: at most this many queries and passages.
DEV_QUERIES, DEV_PASSAGES = 200, 500


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pairs and the development set, with the recipe and the hashes of what they were made from."""

    pairs: Sequence[Pair]
    dev: DevSet
    recipe: str
    hashes: dict[str, str]


def train_encoder(
    base: BaseConfig,
    data: TrainingData,
    config: TrainConfig,
    seed: int,
    folder: Path,
    resume: bool | None = False,
) -> TrainReport:
    """Fine-tune the base model and save the best checkpoint as a sentence-transformers folder.

    The base itself, step 0, competes on the development concepts: if no checkpoint is better, the
    saved model is the base and the verdict says so.

    Args:
        base: the model to start from.
        data: what to learn from and to choose by.
        config: how to train.
        seed: for the order of batches and dropout.
        folder: where the model goes; replaced when the run has ended.
        resume: go on from the last checkpoint of an interrupted run with the same data and settings;
            None means to do so where there is one, and to start afresh where it was another run.

    Raises:
        DataError: there are fewer pairs than one batch.
        ConfigError: `resume` is asked for and the interrupted run had other data or settings.
        ModelError: the base cannot be loaded.
    """
    if len(data.pairs) < config.batch_size:
        raise DataError(
            f"{len(data.pairs)} pairs do not fill one batch of {config.batch_size}: "
            "add papers, or lower [train] batch_size"
        )
    work = folder.with_name(folder.name + ".partial")
    _prepare_work_folder(work, _fingerprint(base, data, config, seed), resume)
    encoder = load_encoder(base)
    base_hash = hash_model(encoder)
    dims = list_dims(encoder.get_embedding_dimension() or 0, config.matryoshka_dims)
    length = encoder.max_seq_length or config.max_seq_length
    encoder.max_seq_length = min(config.max_seq_length, length)
    dev = shrink_dev(data.dev, DEV_QUERIES, DEV_PASSAGES, seed=0)
    keeper = CheckpointKeeper(work, lambda: score_dev(encoder, dev, dims), config.patience)
    trainer = _make_trainer(encoder, data.pairs, config, seed, dims, work, keeper)
    checkpoints = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    with explain_failed_writes(work):
        if dev.queries and not keeper.scores:
            keeper.record(encoder, 0)
        trainer.train(resume_from_checkpoint=str(checkpoints[-1]) if checkpoints else None)
        steps = trainer.state.global_step
        if dev.queries and keeper.scores[-1].step < steps:
            keeper.record(encoder, steps)
    best = _take_best(encoder, keeper, steps, base)
    report = TrainReport(
        name=folder.name,
        recipe=data.recipe,
        seed=seed,
        base=base,
        settings=config,
        dims=dims,
        pairs=len(data.pairs),
        dev_queries=len(dev.queries),
        dev_passages=len(dev.passages),
        steps=steps,
        best_step=best,
        verdict=_give_verdict(keeper, best),
        scores=tuple(keeper.scores),
        losses=tuple(
            (int(r["step"]), float(r["loss"])) for r in trainer.state.log_history if "loss" in r
        ),
        bf16=_use_bf16(config),
        hashes={**data.hashes, "base": base_hash, "model": hash_model(encoder)},
        versions={
            name: version(name) for name in ("sentence-transformers", "transformers", "torch")
        },
    )
    with explain_failed_writes(work):
        _save_model(encoder, report, folder, work)
    return report


@contextmanager
def explain_failed_writes(folder: Path) -> Iterator[None]:
    """Turn what safetensors and torch raise when a disk is full into one message.

    Raises:
        ModelError: weights could not be written.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "PytorchStreamWriter" not in str(error):
            raise
        reason = str(error).strip().splitlines()[0][:200]
        raise ModelError(
            f"cannot write weights to {folder} ({reason}); free some space and go on with --resume"
        ) from error


def _fingerprint(base: BaseConfig, data: TrainingData, config: TrainConfig, seed: int) -> str:
    parts = (base.digest(), config.digest(), str(seed), repr(sorted(data.hashes.items())))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _prepare_work_folder(work: Path, fingerprint: str, resume: bool | None) -> None:
    mark = work / "fingerprint"
    if resume is not False and mark.exists():
        if mark.read_text() == fingerprint:
            return
        if resume:
            raise ConfigError(
                f"{work} was interrupted with other pairs or settings and cannot be resumed; "
                "run without --resume to start again"
            )
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    mark.write_text(fingerprint)


def _use_bf16(config: TrainConfig) -> bool:
    return config.bf16 == "on" or (config.bf16 == "auto" and has_fast_bf16())


def _make_trainer(
    encoder: SentenceTransformer,
    pairs: Sequence[Pair],
    config: TrainConfig,
    seed: int,
    dims: tuple[int, ...],
    work: Path,
    keeper: CheckpointKeeper,
) -> SentenceTransformerTrainer:
    from datasets import Dataset
    from sentence_transformers.base.model_card import BaseModelCardCallback
    from sentence_transformers.sentence_transformer.losses import (
        MatryoshkaLoss,
        MultipleNegativesRankingLoss,
    )
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.training_args import (
        BatchSamplers,
        SentenceTransformerTrainingArguments,
    )
    from transformers import PrinterCallback, ProgressCallback

    from graphtune.train.callbacks import make_callback

    encoder.model_card_data.generate_widget_examples = False  # the card is ours
    ranking = MultipleNegativesRankingLoss(encoder, config.scale, similarity_fct=compare_in_float32)
    loss = MatryoshkaLoss(encoder, ranking, matryoshka_dims=list(dims))
    args = SentenceTransformerTrainingArguments(
        output_dir=str(work),
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        warmup_steps=config.warmup,
        bf16=_use_bf16(config),
        use_cpu=encoder.device.type == "cpu",
        batch_sampler=BatchSamplers.NO_DUPLICATES,
        prompts={
            "anchor": encoder.prompts["query"] or "",
            "positive": encoder.prompts["document"] or "",
        },
        save_strategy="steps",
        save_steps=4 * config.eval_steps,
        save_total_limit=1,
        logging_steps=config.eval_steps,
        seed=seed,
        data_seed=seed,
        report_to="none",
        dataloader_pin_memory=False,
    )
    trainer = SentenceTransformerTrainer(
        model=encoder,
        args=args,
        train_dataset=Dataset.from_dict(
            {"anchor": [p.anchor for p in pairs], "positive": [p.positive for p in pairs]}
        ),
        loss=loss,
        callbacks=[make_callback(keeper, config.eval_steps, config.batch_size)],
    )
    # Ours write to standard error, and the card comes from the report.
    for callback in list(trainer.callback_handler.callbacks):
        if isinstance(callback, ProgressCallback | PrinterCallback | BaseModelCardCallback):
            trainer.remove_callback(callback)
    return trainer


def compare_in_float32(anchors: Tensor, candidates: Tensor) -> Tensor:
    """Return all cosines, computed in float32 also where the encoder runs in bfloat16.

    Scaled cosines in bfloat16 are off by up to 0.06, more than the differences that count.
    """
    import torch
    from torch.nn.functional import normalize

    with torch.autocast(anchors.device.type, enabled=False):
        return normalize(anchors.float(), dim=-1) @ normalize(candidates.float(), dim=-1).T


def _take_best(
    encoder: SentenceTransformer, keeper: CheckpointKeeper, steps: int, base: BaseConfig
) -> int:
    """Load the chosen weights into the encoder; without development queries, the last ones stay."""
    if not keeper.scores:
        return steps
    best = keeper.best_step()
    if best != steps:
        chosen = load_encoder(base.model_copy(update={"model": str(keeper.best)}))
        encoder.load_state_dict(chosen.state_dict())
    return best


def _give_verdict(keeper: CheckpointKeeper, best: int) -> str:
    if not keeper.scores:
        return "no development concepts: the last weights were kept unchecked"
    first = mean_ndcg(keeper.scores[0])
    reached = mean_ndcg(next(row for row in keeper.scores if row.step == best))
    if best == 0:
        return (
            f"no checkpoint was better than the base (dev NDCG@10 {first:.3f}): the base was kept"
        )
    return f"step {best} was best (dev NDCG@10 {first:.3f} → {reached:.3f})"


def _save_model(
    encoder: SentenceTransformer, report: TrainReport, folder: Path, work: Path
) -> None:
    """Write the model beside its place and move it there, so that no half model is ever seen."""
    fresh = work / "model"
    encoder.save_pretrained(str(fresh), create_model_card=False)
    write_record(fresh / REPORT_NAME, report)
    write_card(fresh, report)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    shutil.rmtree(work)
