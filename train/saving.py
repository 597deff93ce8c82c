"""The end of a run: the weights that were chosen, the verdict, the report, the folder."""

from __future__ import annotations

import resource
import shutil
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.config import BaseConfig
from graphtune.encoder import hash_model, load_encoder
from graphtune.files import write_record, write_text
from graphtune.processes import count_processes
from graphtune.train.card import write_card
from graphtune.train.curve import CURVE_NAME, draw_curve
from graphtune.train.fitting import use_bf16
from graphtune.train.records import (
    DENSITY,
    REPORT_NAME,
    TrainCosts,
    TrainReport,
    read_seconds,
)
from graphtune.train.selection import CheckpointKeeper, DevSet, mean_ndcg
from graphtune.tuning_config import TrainConfig

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

#: Libraries whose versions a report names.
VERSIONS = ("sentence-transformers", "transformers", "torch")


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was asked for."""

    name: str
    base: BaseConfig
    recipe: str
    settings: TrainConfig
    seed: int
    dims: tuple[int, ...]
    pairs: int
    hashes: dict[str, str]


def save_model(
    trainer: SentenceTransformerTrainer,
    keeper: CheckpointKeeper,
    run: Run,
    dev: DevSet,
    folder: Path,
) -> None:
    """Write the chosen model with report, curve and card, and move it to `folder` as a whole.

    It is written beside its place, so that no half model is ever seen; the keeper's folder goes.
    """
    steps, encoder = int(trainer.state.global_step), trainer.model
    is_best = run.settings.keep == "best"
    step = keeper.best_step() if is_best else steps
    fresh = keeper.folder / "model"
    with nullcontext() if is_best else keeper.ship():
        chosen = _load_best(keeper, run.base, step) if is_best else encoder
        chosen.save_pretrained(str(fresh), create_model_card=False)
        digest = hash_model(chosen)
    report = TrainReport(
        name=run.name,
        recipe=run.recipe,
        seed=run.seed,
        base=run.base,
        settings=run.settings,
        dims=run.dims,
        pairs=run.pairs,
        dev_queries=len(dev.queries),
        dev_passages=len(dev.passages),
        steps=steps,
        best_step=step,
        verdict=give_verdict(keeper, step, run.settings.keep),
        scores=tuple(keeper.scores),
        losses=_pick(trainer, "loss"),
        learning_rates=_pick(trainer, "learning_rate"),
        mask_density=_pick(trainer, DENSITY),
        costs=_measure_costs(trainer),
        bf16=use_bf16(run.settings),
        hashes={**run.hashes, "model": digest},
        versions={name: version(name) for name in VERSIONS},
    )
    write_record(fresh / REPORT_NAME, report)
    write_text(fresh / CURVE_NAME, draw_curve(report))
    write_card(fresh, report)
    if (keeper.folder / "runs").is_dir():
        (keeper.folder / "runs").rename(fresh / "runs")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    shutil.rmtree(keeper.folder)


def _load_best(keeper: CheckpointKeeper, base: BaseConfig, step: int) -> SentenceTransformer:
    """Return what the keeper found best, which may be the base."""
    place = {"model": str(keeper.locate(step)), "revision": None}
    encoder = load_encoder(base.model_copy(update=place))
    encoder.model_card_data.generate_widget_examples = False  # the card is ours
    return encoder


def give_verdict(keeper: CheckpointKeeper, best: int, keep: str) -> str:
    """Say which weights were kept and what they reached on the development queries."""
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


def _pick(trainer: SentenceTransformerTrainer, key: str) -> tuple[tuple[int, float], ...]:
    """Return the steps and values that the trainer's log holds of one figure."""
    rows = trainer.state.log_history
    return tuple((int(row["step"]), float(row[key])) for row in rows if key in row)


def _measure_costs(trainer: SentenceTransformerTrainer) -> TrainCosts:
    import torch

    seconds, judged = read_seconds(trainer.state.log_history)
    n_pairs = trainer.state.global_step * trainer.args.train_batch_size * trainer.args.world_size
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    on_gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return TrainCosts(
        seconds=round(seconds, 1),
        evaluation_seconds=round(judged, 1),
        pairs_per_second=round(n_pairs / seconds, 2),
        peak_memory=peak >> 20,
        peak_gpu_memory=on_gpu >> 20,
        processes=count_processes(),
    )
