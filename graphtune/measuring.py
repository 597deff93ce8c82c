"""The benchmark on a workspace: what may be measured, against what, and where results go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphtune.config import BaseConfig
from graphtune.encoder import resolve_model
from graphtune.errors import DataError
from graphtune.kg import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs import Split, list_anchor_names, read_pairs
from graphtune.pipeline import list_models, read_graph, refer_to
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.bench import Benchmark
    from graphtune.train import TrainReport

#: Systems that are always compared; to name them changes nothing.
ALWAYS = ("bm25", "hybrid", "random", "oracle")


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Where a report lies, its content, its table as text, and whether it had to be measured."""

    folder: Path
    data: dict[str, Any]
    table: str
    made: bool


def bench_workspace(
    workspace: Workspace,
    models: Sequence[str] = (),
    beir: Sequence[Path] = (),
    split: str = "test",
    force: bool = True,
    rerankers: Sequence[str] = (),
) -> list[BenchResult]:
    """Compare the base, all trained models and any model named, their hybrids with BM25, and BM25.

    `rerankers` are cross-encoders for the base's hybrid. What cannot run here is listed with the
    reason.

    Without `beir` the queries are the graph's own; with it, those of each BEIR folder, grouped by
    whether training met them. Reports go to `results/`, and into the cards of the trained models.
    Without `force`, what was measured before on the same inputs is read back.

    Raises:
        DataError: a BEIR folder is malformed, or a named model was trained on another split.
        ModelError: the base cannot be loaded.
    """
    from graphtune import bench

    with lock_workspace(workspace):
        graph, graph_split = read_graph(workspace)
        trained, note = _sort_out_stale(workspace, graph_split, models)
        benchmarks = [
            _label(bench.load_beir(folder, split), workspace, graph, graph_split) for folder in beir
        ] or [bench.make_graph_benchmark(graph, graph_split)]
        benchmarks = [replace(one, notes=(*one.notes, *note)) for one in benchmarks]
        _refuse_clashes([one.name for one in benchmarks], bool(beir))
        settings = (
            workspace.config.base.digest(),
            workspace.config.bench.digest(),
            *models,
            *(f"rerank:{name}" for name in rerankers),
        )
        inputs = {**graph.hashes, "split": graph_split.digest, "settings": " ".join(settings)}
        for path, lineage in trained.items():
            inputs[f"trained {path.name}"] = lineage.hashes["model"]
        results = _read_results(workspace, benchmarks, inputs, made=False)
        if force or len(results) < len(benchmarks):
            _measure(workspace, benchmarks, trained, models, rerankers, inputs)
            results = _read_results(workspace, benchmarks, inputs, made=True)
        return results


def _read_results(
    workspace: Workspace, benchmarks: Sequence[Benchmark], inputs: dict[str, str], made: bool
) -> list[BenchResult]:
    from graphtune.bench import read_result

    found = []
    for benchmark in benchmarks:
        folder = workspace.results / benchmark.name
        held = read_result(folder, benchmark, inputs)
        if held:
            found.append(BenchResult(folder, *held, made))
    return found


def _measure(
    workspace: Workspace,
    benchmarks: Sequence[Benchmark],
    trained: dict[Path, TrainReport],
    models: Sequence[str],
    rerankers: Sequence[str],
    inputs: dict[str, str],
) -> None:
    from graphtune import bench
    from graphtune.train.card import add_results

    base, config = workspace.config.base, workspace.config
    systems: dict[str, list[BaseConfig]] = {base.model: [base]}
    for path, lineage in trained.items():
        systems.setdefault(f"graphtune {lineage.recipe}", []).append(refer_to(path, base))
    systems |= {model: [BaseConfig(model=model)] for model in _list_named(models, base.model)}
    reports, hashes = bench.run_systems(
        benchmarks,
        systems,
        base.model,
        config.train.matryoshka_dims,
        config.bench,
        workspace.cache,
        tuple(dict.fromkeys(rerankers)),
        config.prices,
    )
    for report in reports:
        name = report.benchmark.name
        bench.write_report(report, workspace.results / name, {**inputs, **hashes})
        for path in trained:
            add_results(path, name, bench.render_table(report, "markdown"))


def _list_named(models: Sequence[str], base: str) -> list[str]:
    """Return the models named, each once, without the base and what runs anyway.

    >>> _list_named(["specter2", "bm25", "allenai/specter2_base", "minilm"], "minilm")
    ['specter2']
    """
    known = {_identify(base)}
    named = []
    for model in models:
        if model.lower() not in ALWAYS and _identify(model) not in known:
            known.add(_identify(model))
            named.append(model)
    return named


def _identify(model: str) -> str:
    """Return the same for every way to name a model."""
    target = resolve_model(model)
    return str(Path(target).resolve()) if Path(target).is_dir() else target


def _label(
    benchmark: Benchmark, workspace: Workspace, graph: ConceptGraph, split: Split
) -> Benchmark:
    from graphtune.bench import label_seen, label_strata

    anchors = _list_anchors(workspace, graph, split)
    dev = [name for concept in split.list_concepts("dev") for name in graph.names(concept)]
    return label_strata(label_seen(benchmark, anchors, dev, normalize_name))


def _sort_out_stale(
    workspace: Workspace, split: Split, named: Sequence[str]
) -> tuple[dict[Path, TrainReport], tuple[str, ...]]:
    """Return the models that may be measured, and a note on those that may not.

    A model trained on another split has met concepts that now count as held out.
    """
    models = list_models(workspace)
    current = {
        path: report
        for path, report in models.items()
        if report.base == workspace.config.base and report.hashes.get("split") == split.digest
    }
    stale = {path.resolve(): path.name for path in models if path not in current}
    for model in named:
        if Path(model).resolve() in stale:
            raise DataError(
                f"{model} was trained on another split or base: its figures would not be held out; "
                "train it again with `graphtune pairs` and `graphtune train`"
            )
    note = (
        f"left out, because graph, split or base changed since their training: "
        f"{', '.join(stale.values())}; train them again with `graphtune pairs` and `graphtune train`"
    )
    return current, (note,) if stale else ()


def _list_anchors(workspace: Workspace, graph: ConceptGraph, split: Split) -> set[str]:
    """Return every text that training may have met as an anchor: names, and all pairs on disk."""
    anchors = {name for names in list_anchor_names(graph, split).values() for name in names}
    for card in workspace.pairs.glob("*.card.json"):
        pairs, _ = read_pairs(workspace.pairs, card.name.removesuffix(".card.json"))
        anchors.update(pair.anchor for pair in pairs)
    return anchors


def _refuse_clashes(names: Sequence[str], is_beir: bool) -> None:
    clash = {name for name in names if names.count(name) > 1 or (is_beir and name == "graph")}
    if clash:
        raise DataError(
            f"results of {sorted(clash)} would overwrite others of that name (graph is the graph's "
            "own): rename the BEIR folder"
        )
