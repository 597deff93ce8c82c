"""The task `embed`: a workspace's embedding model from an encoder of an earlier stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphtune.config import BaseConfig
from graphtune.encoder import hash_model
from graphtune.errors import ConfigError
from graphtune.pairs import read_pairs
from graphtune.progress import track
from graphtune.records import Pair
from graphtune.reranker import load_reranker, score_passages
from graphtune.train.data import make_training_data
from graphtune.train.heads.rerank import read_hard_pairs
from graphtune.train.records import Margins, TrainReport
from graphtune.train.stages.fitting import Figures, Fitted
from graphtune.train.stages.settings import EmbedStage
from graphtune.train.stages.sources import hash_text, read_workspace
from graphtune.train.trainer import train_encoder
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import open_workspace


def fit_embedding(
    stage: EmbedStage, start: str, teacher: str, workspace: Path, folder: Path
) -> tuple[Fitted, dict[str, Any]]:
    """Fine-tune an encoder on a workspace's pairs, with its settings where the stage names none.

    Args:
        stage: what is asked for.
        start: the encoder, a folder or a hub id.
        teacher: a cross-encoder that the vectors learn margins from; "" for none.
        workspace: where pairs and development queries come from.
        folder: where the model goes.

    Raises:
        DataError: there are no pairs.
        ModelError: the encoder cannot be loaded.
        WorkspaceError: what is named is no workspace.
    """
    opened = open_workspace(workspace)
    recipe = opened.config.pairs.recipe
    config = choose_settings(opened.config.train, stage)
    graph, split = read_workspace(workspace)
    pairs, card = read_pairs(opened.pairs, recipe)
    margins, hashes = None, card.hashes
    if teacher:
        pairs = read_hard_pairs(opened, "mined")
        margins, found = measure_margins(pairs, teacher, stage.teach)
        hashes = {**hashes, "teacher": found}
    data = make_training_data(graph, split, pairs, config, recipe, hashes)
    data = replace(data, margins=margins)
    base = BaseConfig(model=start)
    report = train_encoder(base, data, config, stage.fit.seed, folder, resume=None)
    costs = report.costs
    fitted = Fitted(
        _read_figures(report, 0),
        _read_figures(report, report.best_step),
        list(report.losses),
        report.steps,
        costs.seconds if costs else 0.0,
        costs.pairs_per_second if costs else 0.0,
    )
    asked = hash_text(repr(sorted(data.dev.queries.items())))
    return fitted, {"held_out": asked, "pairs": report.pairs, "verdict": report.verdict}


def measure_margins(pairs: Sequence[Pair], teacher: str, weight: float) -> tuple[Margins, str]:
    """Ask a cross-encoder by how much each positive stands above its hard negative; return its hash too.

    Raises:
        ModelError: it cannot be loaded, or is no cross-encoder.
    """
    reranker = load_reranker(teacher)
    values = []
    for pair in track(pairs, "asking the teacher", "pairs", len(pairs)):
        both = (pair.positive, pair.negative)
        right, wrong = score_passages(reranker, pair.anchor, both) if pair.negative else (nan, nan)
        values.append(right - wrong)
    return Margins(values, weight), hash_model(reranker)


def choose_settings(config: TrainConfig, stage: EmbedStage) -> TrainConfig:
    """Return the workspace's settings, changed by what the stage sets itself.

    Raises:
        ConfigError: a setting is unknown or wrong.
    """
    names = {"max_length": "max_seq_length"}
    same = ("epochs", "max_steps", "batch_size", "learning_rate", "warmup", "max_length")
    fit = stage.fit
    changes = {
        names.get(name, name): getattr(fit, name) for name in same if name in fit.model_fields_set
    }
    try:
        return TrainConfig.model_validate({**config.model_dump(), **stage.train, **changes})
    except ValidationError as error:
        problem = error.errors()[0]
        raise ConfigError(
            f"stage {stage.name!r}: {'.'.join(map(str, problem['loc']))}: {problem['msg']} "
            f"(found {problem['input']!r})"
        ) from error


def _read_figures(report: TrainReport, step: int) -> Figures:
    """Return the development figure at a step: the mean over the dimensions, and at each."""
    scores = next((score.ndcg for score in report.scores if score.step == step), {})
    if not scores:
        return {}
    mean = sum(scores.values()) / len(scores)
    return {"dev_ndcg": mean, **{f"dev_ndcg/{dim}": value for dim, value in scores.items()}}
