"""Fine-tuning: in-batch contrast inside Matryoshka, on sentence-transformers' own trainer.

Losses: multiple negatives ranking (arXiv:1705.00652) in Matryoshka form (arXiv:2205.13147).
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.config import BaseConfig
from graphtune.encoder import hash_model, list_dims, load_encoder
from graphtune.errors import ConfigError, DataError, ModelError
from graphtune.files import write_record
from graphtune.pairs.mask import GraphMask
from graphtune.records import Pair
from graphtune.train.card import write_card
from graphtune.train.fitting import make_trainer, use_bf16
from graphtune.train.layers import prepare_layers
from graphtune.train.records import REPORT_NAME, TrainReport
from graphtune.train.selection import (
    CheckpointKeeper,
    DevSet,
    mean_ndcg,
    score_dev,
    shrink_dev,
)
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

#: The development set is scored every few steps: at most this many queries and passages.
DEV_QUERIES, DEV_PASSAGES = 200, 500
#: Libraries whose versions a report names.
VERSIONS = ("sentence-transformers", "transformers", "torch")


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pairs and the development set, with the recipe and the hashes of what they were made from."""

    pairs: Sequence[Pair]
    dev: DevSet
    recipe: str
    hashes: dict[str, str]
    mask: GraphMask | None = None
    """None: every other passage of a batch is a negative."""


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
    _refuse_few_pairs(len(data.pairs), config.batch_size)
    work = folder.with_name(folder.name + ".partial")
    _prepare_work_folder(work, _fingerprint(base, data, config, seed), resume)
    encoder = load_encoder(base)
    base_hash = hash_model(encoder)
    dims = list_dims(encoder.get_embedding_dimension() or 0, config.matryoshka_dims)
    length = encoder.max_seq_length or config.max_seq_length
    encoder.max_seq_length = min(config.max_seq_length, length)
    dev = shrink_dev(data.dev, DEV_QUERIES, DEV_PASSAGES, seed=0)
    patience = config.patience if config.keep == "best" else sys.maxsize
    keeper = CheckpointKeeper(work, lambda: score_dev(encoder, dev, dims), patience)
    trainer = make_trainer(encoder, data.pairs, config, seed, dims, keeper, data.mask)
    with explain_failed_writes(work), prepare_layers(encoder, config.dropout):
        steps = _fit(trainer, encoder, keeper, bool(dev.queries))
    best = _take_best(encoder, keeper, steps, base) if config.keep == "best" else steps
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
        verdict=_give_verdict(keeper, best, config.keep),
        scores=tuple(keeper.scores),
        losses=tuple(
            (int(row["step"]), row["loss"]) for row in trainer.state.log_history if "loss" in row
        ),
        bf16=use_bf16(config),
        hashes={**data.hashes, "base": base_hash, "model": hash_model(encoder)},
        versions={name: version(name) for name in VERSIONS},
    )
    with explain_failed_writes(work):
        _save_model(encoder, report, folder, work)
    return report


def _refuse_few_pairs(n_pairs: int, batch_size: int) -> None:
    if n_pairs < batch_size:
        raise DataError(
            f"{n_pairs} pairs do not fill one batch of {batch_size}: "
            "add papers, or lower [train] batch_size"
        )


def _fit(
    trainer: SentenceTransformerTrainer,
    encoder: SentenceTransformer,
    keeper: CheckpointKeeper,
    has_dev: bool,
) -> int:
    """Train from the last checkpoint, or from the start; return the number of steps."""
    folders = keeper.folder.glob("checkpoint-*")
    last = max(folders, key=lambda path: int(path.name.split("-")[1]), default=None)
    if has_dev and not keeper.scores:
        keeper.record(encoder, 0)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    steps = int(trainer.state.global_step)
    if has_dev and keeper.scores[-1].step < steps:
        keeper.record(encoder, steps)
    return steps


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


def _give_verdict(keeper: CheckpointKeeper, best: int, keep: str) -> str:
    if not keeper.scores:
        return "no development concepts: the last weights were kept unchecked"
    first = mean_ndcg(keeper.scores[0])
    reached = mean_ndcg(next(row for row in keeper.scores if row.step == best))
    if keep == "last":
        return f"the last weights were kept, as asked (dev NDCG@10 {first:.3f} → {reached:.3f})"
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
