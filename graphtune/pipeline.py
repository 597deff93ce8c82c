"""The stages on a workspace, in order; each skips what is up to date.

The command line is a thin layer over these functions, and so can be a notebook:

>>> from graphtune.pipeline import build_workspace, pair_workspace, train_workspace
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphtune.config import BaseConfig, PairsConfig, TrainConfig
from graphtune.errors import DataError
from graphtune.kg import (
    BuildSummary,
    ConceptGraph,
    GraphStore,
    build_graph,
    import_graph,
    load_graph,
)
from graphtune.kg.names import normalize_name
from graphtune.pairs import (
    PairsCard,
    Split,
    list_anchor_names,
    make_evidence_queries,
    make_pairs,
    read_pairs,
    split_graph,
    write_pairs,
)
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.bench import Hit, Report
    from graphtune.train import TrainReport

Recipe = Literal["evidence", "seed"]


@dataclass(frozen=True, slots=True)
class PairsResult:
    """Where the pairs lie, what is in them, and whether they had to be made."""

    path: Path
    card: PairsCard
    made: bool


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Where a report lies, the report, and the hashes of what was measured."""

    folder: Path
    report: Report
    provenance: dict[str, str]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Where a model lies, how it was made, and whether it had to be trained."""

    path: Path
    report: TrainReport
    made: bool


def build_workspace(workspace: Workspace, papers: Sequence[Path]) -> BuildSummary:
    """Bring the graph up to date with papers (see `graphtune.kg.build_graph`)."""
    with lock_workspace(workspace):
        return build_graph(workspace, papers)


def read_graph(workspace: Workspace) -> tuple[ConceptGraph, Split]:
    """Return the workspace's graph and its split.

    Raises:
        DataError: there is no graph yet.
    """
    if not workspace.database.exists():
        raise DataError(
            f"{workspace.root} has no graph yet; make one with `graphtune build PAPERS`"
        )
    with GraphStore(workspace.database) as store:
        graph = load_graph(store)
    return graph, split_graph(graph, workspace.config.split)


def pair_workspace(
    workspace: Workspace,
    recipe: Recipe | None = None,
    file_format: Literal["jsonl", "parquet"] = "jsonl",
    force: bool = True,
) -> PairsResult:
    """Make the training pairs of a recipe; without `force`, only where graph or settings changed."""
    settings = workspace.config.pairs
    if recipe:
        settings = settings.model_copy(update={"recipe": recipe})
    with lock_workspace(workspace):
        graph, split = read_graph(workspace)
        path = workspace.pairs / f"{settings.recipe}.{file_format}"
        if not force and path.exists():
            _, card = read_pairs(workspace.pairs, settings.recipe)
            if _is_current(card, graph, split, settings):
                return PairsResult(path, card, made=False)
        pairs = make_pairs(graph, split, settings)
        configs = (settings, workspace.config.split)
        path, card = write_pairs(pairs, graph, split, configs, workspace.pairs, file_format)
    return PairsResult(path, card, made=True)


def _is_current(card: PairsCard, graph: ConceptGraph, split: Split, settings: PairsConfig) -> bool:
    wanted = {**graph.hashes, "split": split.digest}
    return card.settings == settings and all(card.hashes.get(k) == v for k, v in wanted.items())


def train_workspace(
    workspace: Workspace,
    recipe: Recipe | None = None,
    settings: TrainConfig | None = None,
    resume: bool = False,
    force: bool = True,
) -> list[TrainedModel]:
    """Train one model for each seed in the settings, on the pairs of a recipe."""
    from graphtune.train import DevSet, TrainingData, train_encoder

    config = settings or workspace.config.train
    recipe = recipe or workspace.config.pairs.recipe
    models = []
    with lock_workspace(workspace):
        pairs, card = read_pairs(workspace.pairs, recipe)
        graph, split = read_graph(workspace)
        asked = make_evidence_queries(graph, split.list_concepts("dev"))
        passages = {chunk.id: chunk.text for chunk in graph.chunks.values()}
        data = TrainingData(
            pairs, DevSet(asked.queries, passages, asked.qrels), recipe, card.hashes
        )
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
    return (
        TrainReport.model_validate_json(path.read_text(encoding="utf-8"))
        if path.is_file()
        else None
    )


def list_models(workspace: Workspace) -> dict[Path, TrainReport]:
    """Return the trained models of a workspace with their reports, by name."""
    found = {
        path: read_report(path) for path in sorted(workspace.models.glob("*")) if path.is_dir()
    }
    return {path: report for path, report in found.items() if report}


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
    return BaseConfig(model=str(max(models.items(), key=rank)[0]))


def bench_workspace(
    workspace: Workspace, models: Sequence[str] = (), beir: Sequence[Path] = (), split: str = "test"
) -> list[BenchResult]:
    """Compare the base, BM25, all trained models and any model named.

    Without `beir` the queries are the graph's own; with it, those of each BEIR folder, grouped by
    whether training met them. Reports go to `results/`, and into the cards of the trained models.

    Raises:
        DataError: a BEIR folder is malformed.
        ModelError: a named model cannot be loaded.
    """
    from graphtune import bench
    from graphtune.train.card import add_results

    graph, graph_split = read_graph(workspace)
    anchors = _list_anchors(workspace, graph, graph_split)
    benchmarks = [
        bench.label_seen(bench.load_beir(folder, split), anchors, normalize_name) for folder in beir
    ] or [bench.make_graph_benchmark(graph, graph_split)]
    trained, note = _sort_out_stale(workspace, graph_split)
    benchmarks = [replace(b, notes=(*b.notes, *note)) for b in benchmarks]
    base = workspace.config.base.model
    systems: dict[str, list[BaseConfig]] = {base: [workspace.config.base]}
    for path, lineage in trained.items():
        systems.setdefault(f"graphtune {lineage.recipe}", []).append(BaseConfig(model=str(path)))
    for model in models:
        systems.setdefault(model, [BaseConfig(model=model)])
    dims = workspace.config.train.matryoshka_dims
    with lock_workspace(workspace):
        reports, hashes = bench.run_systems(benchmarks, systems, base, dims, workspace.config.bench)
        provenance = {**graph.hashes, "split": graph_split.digest, **hashes}
        results = []
        for report in reports:
            folder = workspace.results / report.benchmark.name
            bench.write_report(report, folder, provenance)
            for path in trained:
                add_results(path, report.benchmark.name, bench.render_table(report, "markdown"))
            results.append(BenchResult(folder, report, provenance))
    return results


def _sort_out_stale(
    workspace: Workspace, split: Split
) -> tuple[dict[Path, TrainReport], tuple[str, ...]]:
    """Return the models that may be measured, and a note on those that may not.

    A model trained on another split has met concepts that now count as held out.
    """
    models = list_models(workspace)
    wanted = split.digest
    current = {
        path: report
        for path, report in models.items()
        if report.base == workspace.config.base and report.hashes.get("split") == wanted
    }
    stale = [path.name for path in models if path not in current]
    note = (
        f"left out, because graph, split or base changed since their training: {', '.join(stale)}; "
        "train them again with `graphtune pairs` and `graphtune train`"
    )
    return current, (note,) if stale else ()


def _list_anchors(workspace: Workspace, graph: ConceptGraph, split: Split) -> set[str]:
    """Return every text that training may have met as an anchor: names, and all pairs on disk."""
    anchors = {name for names in list_anchor_names(graph, split).values() for name in names}
    for card in workspace.pairs.glob("*.card.json"):
        pairs, _ = read_pairs(workspace.pairs, card.name.removesuffix(".card.json"))
        anchors.update(pair.anchor for pair in pairs)
    return anchors


def search_workspace(
    workspace: Workspace, query: str, k: int = 10, papers: bool = False, model: str | None = None
) -> list[Hit]:
    """Return the best chunks, or papers, for a query, by a named model or the best trained one."""
    from graphtune.bench.search import search_graph
    from graphtune.encoder import load_encoder

    graph, _ = read_graph(workspace)
    encoder = load_encoder(BaseConfig(model=model) if model else pick_model(workspace))
    return search_graph(graph, encoder, query, k, workspace.cache, papers)


def import_workspace(workspace: Workspace, file: Path) -> dict[str, Any]:
    """Add the concepts and relations of a graph file (see `graphtune.kg.build.import_graph`)."""
    with lock_workspace(workspace), GraphStore(workspace.database) as store:
        return import_graph(store, file)
