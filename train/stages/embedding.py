"""The task `embed`: a workspace's embedding model from an encoder of an earlier stage."""

from __future__ import annotations

from pathlib import Path

from graphtune.config import BaseConfig
from graphtune.pairs import read_pairs
from graphtune.train.data import make_training_data
from graphtune.train.records import TrainReport
from graphtune.train.stages.fitting import Figures, Fitted
from graphtune.train.stages.settings import EmbedStage
from graphtune.train.stages.sources import read_workspace
from graphtune.train.trainer import train_encoder
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import open_workspace


def fit_embedding(stage: EmbedStage, start: str, workspace: Path, folder: Path) -> Fitted:
    """Fine-tune an encoder on a workspace's pairs, with its settings where the stage names none.

    Raises:
        DataError: there are no pairs.
        ModelError: the encoder cannot be loaded.
    """
    opened = open_workspace(workspace)
    recipe = opened.config.pairs.recipe
    config = choose_settings(opened.config.train, stage)
    graph, split = read_workspace(workspace)
    pairs, card = read_pairs(opened.pairs, recipe)
    data = make_training_data(graph, split, pairs, config, recipe, card.hashes)
    base = BaseConfig(model=start)
    report = train_encoder(base, data, config, stage.fit.seed, folder, resume=None)
    costs = report.costs
    return Fitted(
        _read_figures(report, 0),
        _read_figures(report, report.best_step),
        list(report.losses),
        report.steps,
        costs.seconds if costs else 0.0,
        costs.pairs_per_second if costs else 0.0,
    )


def choose_settings(config: TrainConfig, stage: EmbedStage) -> TrainConfig:
    """Return the workspace's settings, changed by what the stage sets itself."""
    names = {"max_length": "max_seq_length"}
    same = ("epochs", "max_steps", "batch_size", "learning_rate", "warmup", "max_length")
    fit = stage.fit
    changes = {
        names.get(name, name): getattr(fit, name) for name in same if name in fit.model_fields_set
    }
    return TrainConfig.model_validate({**config.model_dump(), **changes})


def _read_figures(report: TrainReport, step: int) -> Figures:
    """Return the development figure at a step: the mean over the dimensions, and at each."""
    scores = next((score.ndcg for score in report.scores if score.step == step), {})
    if not scores:
        return {}
    mean = sum(scores.values()) / len(scores)
    return {"dev_ndcg": mean, **{f"dev_ndcg/{dim}": value for dim, value in scores.items()}}
