"""The stages on a workspace, in order; each skips what is up to date.

The command line is a thin layer over these functions, and so can be a notebook:

>>> from graphtune.pipeline import build_workspace, pair_workspace, train_workspace
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from graphtune.config import BaseConfig
from graphtune.errors import DataError
from graphtune.files import read_record
from graphtune.kg import BuildSummary, ConceptGraph, GraphStore, load_graph
from graphtune.kg.build import build_graph, estimate_build, import_graph, read_ontology
from graphtune.kg.graph import without_collector
from graphtune.pairs import (
    Certificate,
    MadePairs,
    PairsCard,
    PairsOrder,
    Split,
    certify_recipe,
    find_made,
    find_pairs,
    find_split,
    list_recipes,
    read_pairs,
    store_split,
    write_recipe,
)
from graphtune.processes import is_main_process
from graphtune.records import Recipe
from graphtune.tuning_config import TrainConfig
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.kg.llm.cost import Estimate
    from graphtune.kg.llm.run import Consent
    from graphtune.train import TrainReport


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Where a model lies, how it was made, and whether it had to be trained."""

    path: Path
    report: TrainReport
    made: bool


def build_workspace(
    workspace: Workspace,
    papers: Sequence[Path],
    retry_failed: bool = False,
    workers: int | None = None,
    consent: Consent | None = None,
) -> BuildSummary:
    """Bring the graph up to date with papers (see `graphtune.kg.build_graph`).

    `workers` is the number of processes that read files; none means what the settings say.
    """
    workspace = _set_workers(workspace, workers)
    with lock_workspace(workspace):
        return _run_outside_loop(lambda: build_graph(workspace, papers, retry_failed, consent))


def estimate_workspace(
    workspace: Workspace,
    papers: Sequence[Path],
    retry_failed: bool = False,
    workers: int | None = None,
) -> tuple[BuildSummary, Estimate | None]:
    """Read papers and foresee what a build would send (see `graphtune.kg.build.estimate_build`)."""
    workspace = _set_workers(workspace, workers)
    with lock_workspace(workspace):
        return _run_outside_loop(lambda: estimate_build(workspace, papers, retry_failed))


def _run_outside_loop(function: Callable[[], T]) -> T:
    """Call a function that runs an event loop of its own: a notebook's thread has one already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def _set_workers(workspace: Workspace, workers: int | None) -> Workspace:
    if not workers:
        return workspace
    reading = workspace.config.reading.model_copy(update={"workers": workers})
    return replace(workspace, config=workspace.config.model_copy(update={"reading": reading}))


def list_files(workspace: Workspace) -> list[dict[str, Any]]:
    """Return path, status, message, pages and chunks of each known file, by path.

    Raises:
        DataError: nothing has been built yet.
    """
    _check_built(workspace)
    with GraphStore(workspace.database) as store:
        rows = store.files().values()
    shown = ("path", "status", "message")
    return [
        {key: row[key] for key in shown} | {"pages": row["n_pages"], "chunks": row["n_chunks"]}
        for row in rows
    ]


def _check_built(workspace: Workspace) -> None:
    if not workspace.database.exists():
        raise DataError(
            f"{workspace.root} has no graph yet; make one with `graphtune build PAPERS`"
        )


def read_graph(workspace: Workspace, split_file: Path | None = None) -> tuple[ConceptGraph, Split]:
    """Return the workspace's graph and its split (see `graphtune.pairs.store_split`).

    The split is kept in `split_file`, or else in the workspace.

    Raises:
        DataError: there is no graph yet.
    """
    _check_built(workspace)
    with GraphStore(workspace.database) as store:
        graph = load_graph(store, read_ontology(workspace))
    return graph, store_split(split_file or workspace.split, graph, workspace.config.split)


def pair_workspace(
    workspace: Workspace,
    recipe: Recipe | None = None,
    file_format: Literal["jsonl", "parquet"] = "jsonl",
    force: bool = True,
    extra: Sequence[Path] = (),
) -> MadePairs:
    """Make the pairs of a recipe; without `force`, only where graph, settings or files changed, or they leak.

    `extra` are files of your own pairs beside those that the settings name.
    """
    config = workspace.config
    settings = config.pairs.model_copy(update={"recipe": recipe or config.pairs.recipe})
    files = (*(workspace.root / name for name in settings.extra), *extra)
    settings = settings.model_copy(update={"extra": tuple(str(file.resolve()) for file in files)})
    order = PairsOrder(settings, config.split, workspace.pairs, file_format, config.base)
    with lock_workspace(workspace):
        _check_built(workspace)
        if not force and (found := _find_unchanged(workspace, order)):
            return found
        with without_collector():
            return write_recipe(*read_graph(workspace), order)


def _find_unchanged(workspace: Workspace, order: PairsOrder) -> MadePairs | None:
    with GraphStore(workspace.database) as store:
        hashes = store.hashes()
    split = find_split(workspace.split, hashes, workspace.config.split)
    if not split:
        return None
    hashes |= {"ontology": read_ontology(workspace).digest(), "split": split.digest}
    return find_made(order, hashes)


def check_pairs(workspace: Workspace, recipe: str | None = None) -> list[Certificate]:
    """Return what leaks through the pairs of a recipe, or of all (see `graphtune.pairs.leakage`).

    Raises:
        DataError: there are no pairs, or they are not what their card describes.
    """
    recipes = [recipe] if recipe else list_recipes(workspace.pairs)
    graph, split = read_graph(workspace)
    return [certify_recipe(workspace.pairs, name, graph, split) for name in recipes]


def train_workspace(
    workspace: Workspace,
    recipe: Recipe | None = None,
    settings: TrainConfig | None = None,
    resume: bool | None = False,
    force: bool = True,
) -> list[TrainedModel]:
    """Train one model for each seed in the settings, on the pairs of a recipe.

    With `resume`, models that are ready are left alone and an interrupted one goes on (None: goes
    on if it can, else starts again); without `force`, ready ones are left alone too.
    """
    from graphtune.train import make_training_data, train_encoder

    config = settings or workspace.config.train
    recipe = recipe or workspace.config.pairs.recipe
    models = []
    # Launched processes train together, under the lock of the main one.
    with lock_workspace(workspace) if is_main_process() else nullcontext():
        pairs, card = read_pairs(workspace.pairs, recipe)
        graph, split = read_graph(workspace)
        data = make_training_data(graph, split, pairs, config, recipe, card.hashes)
        for seed in config.seeds:
            folder = workspace.models / f"{recipe}-{seed}"
            report = read_report(folder)
            one_seed = config.model_copy(update={"seeds": (seed,)})
            made = (
                force
                or not report
                or not _is_trained(report, workspace.config.base, one_seed, card)
            )
            if made:
                report = train_encoder(workspace.config.base, data, one_seed, seed, folder, resume)
            if report:
                models.append(TrainedModel(folder, report, made))
    return models


def _is_trained(
    report: TrainReport, base: BaseConfig, settings: TrainConfig, card: PairsCard
) -> bool:
    same_data = all(report.hashes.get(key) == value for key, value in card.hashes.items())
    return same_data and report.base == base and report.settings == settings


def read_report(folder: Path) -> TrainReport | None:
    """Return how the model in a folder was trained, or None where graphtune made no model there."""
    from graphtune.train.records import REPORT_NAME, TrainReport

    path = folder / REPORT_NAME
    return read_record(path, TrainReport) if path.is_file() else None


def list_models(workspace: Workspace) -> dict[Path, TrainReport]:
    """Return the trained models of a workspace with their reports, by name."""
    found = {
        path: read_report(path) for path in sorted(workspace.models.glob("*")) if path.is_dir()
    }
    return {path: report for path, report in found.items() if report}


def certify_models(
    workspace: Workspace, graph: ConceptGraph, split: Split
) -> dict[Path, Certificate | None]:
    """Return what leaks through the pairs of each trained model; None where these pairs are gone."""
    models = list_models(workspace)
    held = {r.recipe for r in models.values() if find_pairs(workspace.pairs, r.recipe)}
    found = [certify_recipe(workspace.pairs, name, graph, split) for name in sorted(held)]
    by_pairs = {certificate.hashes["pairs"]: certificate for certificate in found}
    return {path: by_pairs.get(report.hashes["pairs"]) for path, report in models.items()}


def pick_model(workspace: Workspace) -> BaseConfig:
    """Return the trained model with the best development figure, else the base.

    Models of the workspace's own recipe come first: another recipe is there to compare with.
    """
    from graphtune.train.selection import mean_ndcg

    def rank(item: tuple[Path, TrainReport]) -> tuple[bool, float, str]:
        path, report = item
        best = max((mean_ndcg(score) for score in report.scores), default=0.0)
        return report.recipe == workspace.config.pairs.recipe, best, path.name

    models = list_models(workspace)
    if not models:
        return workspace.config.base
    return refer_to(max(models.items(), key=rank)[0], workspace.config.base)


def refer_to(folder: Path, base: BaseConfig) -> BaseConfig:
    """Return how to load a model that was trained from `base`."""
    return base.model_copy(update={"model": str(folder), "revision": None})


def import_workspace(workspace: Workspace, file: Path) -> dict[str, Any]:
    """Add the concepts and relations of a graph file (see `graphtune.kg.build.import_graph`)."""
    with lock_workspace(workspace), GraphStore(workspace.database) as store:
        return import_graph(store, file, read_ontology(workspace))
