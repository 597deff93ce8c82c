"""The benchmark on a workspace: what may be measured, against what, and where results go."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphtune import __version__
from graphtune.config import BaseConfig, Config
from graphtune.errors import DataError
from graphtune.lineage import describe_training, label_queries, name_trained, sort_out_stale
from graphtune.pipeline import pick_model, read_graph, refer_to
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.bench import Benchmark, Earlier, Hit, Report
    from graphtune.train import TrainReport


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Where a report lies, its content, its tables as text, and whether it had to be measured."""

    folder: Path
    data: dict[str, Any]
    table: str
    made: bool


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """What to measure beside the base, BM25 and the trained models, on which queries.

    `models` are further encoders, `rerankers` cross-encoders for the base's hybrid. Without `beir`
    the queries are the graph's own; with it, those of each of `splits` of each BEIR folder. `compare`
    names folders of earlier results on the same data. Reports go to the folder `out`, or to
    `results/` of the workspace. `show_all` gives tables with all rows.
    """

    models: tuple[str, ...] = ()
    rerankers: tuple[str, ...] = ()
    beir: tuple[Path, ...] = ()
    splits: tuple[str, ...] = ("test",)
    compare: tuple[Path, ...] = ()
    out: Path | None = None
    show_all: bool = False


def bench_workspace(
    workspace: Workspace, request: BenchRequest | None = None, force: bool = True
) -> list[BenchResult]:
    """Compare the base, all trained models and any model named, their hybrids with BM25, and BM25.

    Queries are grouped by whether training met them. Reports are also written into the cards of the
    trained models. What cannot run here is listed with the reason. Without `force`, what was measured
    before on the same inputs is read back, if nothing is to be compared.

    Raises:
        DataError: a BEIR folder is malformed, a named model was trained on another split, or earlier
            results are damaged or of other data.
        ModelError: the base cannot be loaded.
    """
    from graphtune import bench

    request = request or BenchRequest()
    with lock_workspace(workspace):
        graph, split = read_graph(workspace)
        trained, note = sort_out_stale(workspace, graph, split, request.models)
        benchmarks = [
            label_queries(one, workspace, graph, split)
            for folder in dict.fromkeys(request.beir)
            for one in bench.load_splits(folder, request.splits)
        ] or [bench.make_graph_benchmark(graph, split)]
        benchmarks = [replace(one, notes=(*one.notes, *note)) for one in benchmarks]
        _refuse_clashes([one.name for one in benchmarks], bool(request.beir))
        earlier = _read_earlier(request.compare, benchmarks)
        training = describe_training(workspace, graph, split, trained)
        inputs = {
            **graph.hashes,
            "split": split.digest,
            "settings": _describe_settings(workspace.config),
            "models": " ".join(request.models),
            "rerankers": " ".join(request.rerankers),
            "leaks": "; ".join(training.leaks.values()),
            **{f"trained {path.name}": one.hashes["model"] for path, one in trained.items()},
        }
        folder = request.out or workspace.results
        held = [] if force or earlier else _read_results(folder, benchmarks, inputs)
        if len(held) == len(benchmarks):
            return held
        _make_folders(folder, [one.name for one in benchmarks], request.beir)
        reports, hashes = _measure(workspace, benchmarks, trained, request)
        reports = [_compare_earlier(bench.add_training(one, training), earlier) for one in reports]
        provenance = {**inputs, **hashes}
        return [_publish(one, folder, trained, provenance, request.show_all) for one in reports]


def export_workspace(workspace: Workspace, folder: Path) -> dict[str, Any]:
    """Write the graph's own benchmark as a BEIR folder; return how large it is.

    Raises:
        DataError: there is no graph yet, or the folder is in use.
    """
    from graphtune import bench

    graph, split = read_graph(workspace)
    benchmark = bench.make_graph_benchmark(graph, split)
    splits = bench.write_beir(benchmark, folder)
    return {"folder": str(folder), "documents": len(benchmark.documents), "splits": splits}


def _describe_settings(config: Config) -> str:
    """Name all settings that figures depend on, and the version that makes them."""
    dims = " ".join(map(str, config.train.matryoshka_dims or ("usual",)))
    return f"{config.base.digest()} {config.bench.digest()} dimensions {dims} by {__version__}"


def _read_results(
    folder: Path, benchmarks: Sequence[Benchmark], inputs: Mapping[str, str]
) -> list[BenchResult]:
    from graphtune.bench import read_result

    found = []
    for benchmark in benchmarks:
        held = read_result(folder / benchmark.name, benchmark, inputs)
        if held:
            found.append(BenchResult(folder / benchmark.name, *held, made=False))
    return found


def _measure(
    workspace: Workspace,
    benchmarks: Sequence[Benchmark],
    trained: dict[Path, TrainReport],
    request: BenchRequest,
) -> tuple[list[Report], dict[str, str]]:
    from graphtune import bench

    base, config = workspace.config.base, workspace.config
    systems: dict[str, list[BaseConfig]] = {base.model: [base]}
    for path, lineage in trained.items():
        systems.setdefault(name_trained(lineage), []).append(refer_to(path, base))
    named = bench.list_named(request.models, base.model)
    systems |= {model: [BaseConfig(model=model)] for model in named}
    return bench.run_systems(
        benchmarks,
        systems,
        base.model,
        config.train.matryoshka_dims,
        config.bench,
        workspace.cache,
        tuple(dict.fromkeys(request.rerankers)),
        config.prices,
    )


def _publish(
    report: Report,
    folder: Path,
    trained: dict[Path, TrainReport],
    provenance: dict[str, str],
    show_all: bool,
) -> BenchResult:
    """Write a report into its folder and into the cards of the trained models."""
    from graphtune import bench
    from graphtune.train.card import add_results

    name = report.benchmark.name
    # Cards first: where results lie in the folder they count as done, and no card is written again.
    for path in trained:
        add_results(path, name, bench.render_table(report, "markdown"))
    bench.write_report(report, folder / name, provenance)
    data = bench.read_data(folder / name)
    return BenchResult(folder / name, data, bench.render_text(report, show_all), made=True)


def _make_folders(folder: Path, names: Sequence[str], beir: Sequence[Path]) -> None:
    """Make the folders of the reports before anything is measured, and never one of the user's data."""
    data = {path.resolve() for path in beir}
    for name in names:
        target = folder / name
        if target.resolve() in data:
            raise DataError(
                f"the report would be written into the BEIR folder {target} itself: "
                "name another folder with --out"
            )
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"cannot make the folder of the report, {target} ({error.strerror}): "
                "name one that can be written to with --out"
            ) from error
        if not os.access(target, os.W_OK | os.X_OK):
            raise DataError(
                f"the folder of the report, {target}, is read-only: "
                "name one that can be written to with --out"
            )


def _read_earlier(paths: Sequence[Path], benchmarks: Sequence[Benchmark]) -> list[Earlier]:
    """Read earlier results before anything is measured, and refuse those of other data."""
    from graphtune.bench import check_same_data, read_earlier

    found = [read_earlier(path) for path in paths]
    for earlier in found:
        check_same_data(earlier, benchmarks)
    return found


def _compare_earlier(report: Report, earlier: Sequence[Earlier]) -> Report:
    from graphtune.bench import compare_earlier, is_same_data

    ours = [one for one in earlier if is_same_data(one, report.benchmark)]
    return replace(report, compared=tuple(compare_earlier(report, one) for one in ours))


def _refuse_clashes(names: Sequence[str], is_beir: bool) -> None:
    clash = {name for name in names if names.count(name) > 1 or (is_beir and name == "graph")}
    if clash:
        raise DataError(
            f"results of {sorted(clash)} would overwrite others of that name (graph is the graph's "
            "own, and a split but test is added to the name): rename the BEIR folder"
        )


def search_workspace(
    workspace: Workspace,
    query: str,
    k: int = 10,
    papers: bool = False,
    model: str | None = None,
    reranker: str | None = None,
) -> list[Hit]:
    """Return the best chunks, or papers, for a query, by a named model or the best trained one.

    A reranker, a cross-encoder by hub id or folder, reads the first answers again and orders them anew.

    Raises:
        ModelError: a model cannot be loaded.
    """
    from graphtune.bench.search import search_graph
    from graphtune.encoder import load_encoder
    from graphtune.reranker import load_reranker

    graph, _ = read_graph(workspace)
    encoder = load_encoder(BaseConfig(model=model) if model else pick_model(workspace))
    reader = load_reranker(reranker) if reranker else None
    depth = workspace.config.bench.rerank_depth
    return search_graph(graph, encoder, query, k, workspace.cache, papers, reader, depth)
