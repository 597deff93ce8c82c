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
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.config import BaseConfig
from graphtune.encoder import hash_model, load_encoder
from graphtune.errors import ConfigError, ModelError
from graphtune.files import read_record
from graphtune.pairs.mask import GraphMask
from graphtune.processes import is_main_process
from graphtune.records import Pair
from graphtune.train.checks import check_dims, check_inputs
from graphtune.train.fitting import make_trainer
from graphtune.train.layers import prepare_layers, read_tokens
from graphtune.train.records import REPORT_NAME, Margins, TrainReport
from graphtune.train.rotation import rotate_axes
from graphtune.train.saving import Run, save_model
from graphtune.train.selection import CheckpointKeeper, DevSet, score_dev, shrink_dev
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from graphtune.train.sampling import PlannedTrainer

#: The development set is scored every few steps: at most this many queries and passages.
DEV_QUERIES, DEV_PASSAGES = 200, 500


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Pairs and the development set, with the recipe and the hashes of what they were made from."""

    pairs: Sequence[Pair]
    dev: DevSet
    recipe: str
    hashes: dict[str, str]
    mask: GraphMask | None = None
    """None: every other passage of a batch is a negative."""
    margins: Margins | None = None
    """None: no cross-encoder teaches."""


def train_encoder(
    base: BaseConfig,
    data: TrainingData,
    config: TrainConfig,
    seed: int,
    folder: Path,
    resume: bool | None = False,
) -> TrainReport:
    """Fine-tune the base model and save the best checkpoint as a sentence-transformers folder.

    The base itself, step 0, competes on the development concepts (with its axes rotated, if they are):
    if no checkpoint is better, the saved model is the base and the verdict says so. What is scored and
    saved is the tuned weights merged with the base's (`config.merge`); training goes on from the tuned
    ones. Launched by `torchrun` or `accelerate launch`, all processes train, each on its own batches of
    `config.batch_size`, and the main one alone scores and writes.

    Args:
        base: the model to start from.
        data: what to learn from and to choose by.
        config: how to train.
        seed: for the order of batches and dropout.
        folder: where the model goes; replaced when the run has ended.
        resume: go on with an interrupted run of the same data and settings; None: where there is one.

    Raises:
        DataError: there are fewer pairs than one batch, or no development queries to choose by.
        ConfigError: settings do not fit each other, the model or the run to be resumed, or a reporter
            is not installed.
        ModelError: the base cannot be loaded, or weights cannot be written.
    """
    check_inputs(data, config)
    work = folder.with_name(folder.name + ".partial")
    encoder = load_encoder(base)
    dims = check_dims(encoder.get_embedding_dimension() or 0, config)
    if is_main_process():
        _prepare_work_folder(work, _fingerprint(base, data, config, seed), resume)
    hashes = {**data.hashes, "base": hash_model(encoder)}
    if config.rotate:
        rotate_axes(encoder, [pair.anchor for pair in data.pairs])
    run = Run(folder.name, base, data.recipe, config, seed, dims, len(data.pairs), hashes)
    dev = shrink_dev(data.dev, DEV_QUERIES, DEV_PASSAGES, seed=0)
    keeper = _make_keeper(work, encoder, dev, config, dims)
    cut = min(config.max_seq_length, encoder.max_seq_length or config.max_seq_length)
    with explain_failed_writes(work):
        with prepare_layers(encoder, config.dropout), read_tokens(encoder, cut):
            given = (data.mask, data.margins)
            trainer = make_trainer(encoder, data.pairs, config, seed, dims, keeper, *given)
            _follow(trainer, keeper, config)
            _fit(trainer, keeper)
        return _finish(trainer, keeper, run, dev, folder)


def _make_keeper(
    work: Path,
    encoder: SentenceTransformer,
    dev: DevSet,
    config: TrainConfig,
    dims: tuple[int, ...],
) -> CheckpointKeeper:
    from graphtune.train.merging import copy_weights, merged_weights

    untuned, length = copy_weights(encoder) if config.merge else {}, encoder.max_seq_length

    @contextmanager
    def prepare_to_ship() -> Iterator[None]:
        with merged_weights(encoder, untuned, config.merge), read_tokens(encoder, length):
            yield

    return CheckpointKeeper(
        work,
        (lambda: score_dev(encoder, dev, dims)) if dev.queries else None,
        config.patience if config.keep == "best" else sys.maxsize,
        prepare_to_ship,
    )


def _follow(trainer: PlannedTrainer, keeper: CheckpointKeeper, config: TrainConfig) -> None:
    """Add progress and evaluation; TensorBoard's files go where the model will be."""
    from transformers.integrations.integration_utils import TensorBoardCallback

    from graphtune.train.callbacks import make_callback

    def read_density() -> float:
        return trainer.contrast.take_density().masked

    trainer.add_callback(make_callback(trainer, keeper, config.eval_steps, read_density))
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, TensorBoardCallback) and callback.logging_dir is None:
            callback.logging_dir = str(keeper.folder / "runs")


def _fit(trainer: PlannedTrainer, keeper: CheckpointKeeper) -> None:
    """Train from the last whole checkpoint, or from the start."""
    trainer.accelerator.wait_for_everyone()  # the main process has prepared the folder
    # The state is what a checkpoint writes last.
    whole = {
        int(path.parent.name.removeprefix("checkpoint-")): path.parent
        for path in keeper.folder.glob("checkpoint-*/trainer_state.json")
    }
    step = max(whole, default=0)
    if is_main_process():
        keeper.rewind(step)
    trainer.train(resume_from_checkpoint=str(whole[step]) if step else None)


def _finish(
    trainer: PlannedTrainer, keeper: CheckpointKeeper, run: Run, dev: DevSet, folder: Path
) -> TrainReport:
    """Let the main process write the model, and return its report in all of them."""
    if is_main_process():
        save_model(trainer, keeper, run, dev, folder)
    trainer.accelerator.wait_for_everyone()
    return read_record(folder / REPORT_NAME, TrainReport)


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
