"""What a round of the loop may touch, what it must not move, and how it is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphtune.kg import ConceptGraph
from graphtune.kg.scope import Scope
from graphtune.pairs import Split, list_new_concepts
from graphtune.pipeline import TrainedModel, list_models, refer_to
from graphtune.records import Recipe
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import Workspace

if TYPE_CHECKING:
    from graphtune.train import DevSet


def list_scope(graph: ConceptGraph, split: Split) -> Scope:
    """Return what a round may touch: training concepts in training chunks.

    Concepts that only held-out papers name are left alone too.
    """
    hidden = set(list_new_concepts(graph, split))
    concepts = (key for key in split.list_concepts("train") if key not in hidden)
    chunks = (chunk for chunk in graph.chunks.values() if chunk.kind != "reference")
    return Scope(frozenset(concepts), frozenset(c.id for c in chunks if split.may_train_on(c)))


def moves_held_out(before: ConceptGraph, after: ConceptGraph, split: Split) -> bool:
    """Tell whether a concept that training never sees has other names, mentions or papers now."""
    hidden = {key for key, side in split.concepts.items() if side != "train"}
    hidden |= set(list_new_concepts(before, split))
    if hidden - after.concepts.keys() or not hidden >= set(list_new_concepts(after, split)):
        return True
    return any(
        before.concepts[key] != after.concepts[key]
        or before.mentions.get(key) != after.mentions.get(key)
        for key in hidden
    )


def make_dev(graph: ConceptGraph, split: Split) -> DevSet:
    """Return the development queries that training chooses its checkpoint by."""
    from graphtune.train.data import make_dev_set
    from graphtune.train.selection import shrink_dev
    from graphtune.train.trainer import DEV_PASSAGES, DEV_QUERIES

    return shrink_dev(make_dev_set(graph, split), DEV_QUERIES, DEV_PASSAGES, seed=0)


def hash_dev(dev: DevSet) -> str:
    """Return a sha256 of all queries, passages and judgements."""
    rows = [sorted(part.items()) for part in (dev.queries, dev.passages, dev.qrels)]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def score_models(workspace: Workspace, models: Sequence[TrainedModel], dev: DevSet) -> float:
    """Return the mean NDCG@10 over all dimensions of some models, as they were saved."""
    from graphtune.encoder import load_encoder
    from graphtune.train.selection import score_dev

    figures: list[float] = []
    for model in models:
        encoder = load_encoder(refer_to(model.path, workspace.config.base))
        figures += score_dev(encoder, dev, model.report.dims).values()
    return sum(figures) / len(figures)


def estimate_loop(
    workspace: Workspace,
    rounds: int,
    recipe: Recipe | None = None,
    settings: TrainConfig | None = None,
) -> str:
    """Return in a sentence how long the loop may take, by the last training of the recipe."""
    config, recipe = settings or workspace.config.train, recipe or workspace.config.pairs.recipe
    trained = [report for report in list_models(workspace).values() if report.recipe == recipe]
    runs = rounds * len(config.seeds) + (0 if trained else len(config.seeds))
    steps = config.max_steps or max((report.steps for report in trained), default=None)
    text = f"at most {runs} trainings" + (f" of about {steps:,} steps" if steps else "")
    costs = [report.costs for report in trained if report.costs]
    if not costs or not steps:
        return f"{text}; none is on record here that says how long that takes"
    seconds = max(
        (one.seconds + one.evaluation_seconds) / max(report.steps, 1) * steps
        for one, report in zip(costs, trained, strict=False)
    )
    return f"{text}, about {runs * seconds / 60:,.0f} min at the rate of the last one"
