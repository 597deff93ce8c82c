"""The benchmark on a workspace: what may be measured, against what, and where results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphtune.config import BaseConfig
from graphtune.errors import DataError
from graphtune.kg import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs import Certificate, Split, list_anchor_names, read_pairs
from graphtune.pairs.certificate import Group
from graphtune.pairs.traces import measure_overlap
from graphtune.pipeline import certify_models, list_models, read_graph, refer_to
from graphtune.workspace import Workspace, lock_workspace

if TYPE_CHECKING:
    from graphtune.bench import Benchmark, Earlier, Report, Training
    from graphtune.train import TrainReport

#: The groups that a certificate must clear before a figure is a result.
_UNSEEN: tuple[Group, ...] = ("held-out", "new papers")


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Where a report lies, its content, its tables as text, and whether it had to be measured."""

    folder: Path
    data: dict[str, Any]
    table: str
    made: bool


def bench_workspace(
    workspace: Workspace,
    models: Sequence[str] = (),
    beir: Sequence[Path] = (),
    splits: Sequence[str] = ("test",),
    force: bool = True,
    compare: Sequence[Path] = (),
    out: Path | None = None,
    show_all: bool = False,
    rerankers: Sequence[str] = (),
) -> list[BenchResult]:
    """Compare the base, all trained models and any model named, their hybrids with BM25, and BM25.

    `rerankers` are cross-encoders for the base's hybrid. What cannot run here is listed with the
    reason.

    Without `beir` the queries are the graph's own; with it, those of each split of each BEIR folder,
    grouped by whether training met them. Reports go to `results/`, or to the folder `out`, and into
    the cards of the trained models. `compare` names earlier results on the same data. Without
    `force`, what was measured before on the same inputs is read back, if nothing is to be compared.
    `show_all` gives tables with all rows, where something was measured.

    Raises:
        DataError: a BEIR folder is malformed, a named model was trained on another split, or earlier
            results are damaged or of other data.
        ModelError: the base cannot be loaded.
    """
    from graphtune import bench

    with lock_workspace(workspace):
        graph, graph_split = read_graph(workspace)
        trained, note = _sort_out_stale(workspace, graph_split, models)
        benchmarks = [
            _label(one, workspace, graph, graph_split)
            for folder in dict.fromkeys(beir)
            for one in bench.load_splits(folder, splits)
        ] or [bench.make_graph_benchmark(graph, graph_split)]
        benchmarks = [replace(one, notes=(*one.notes, *note)) for one in benchmarks]
        _refuse_clashes([one.name for one in benchmarks], bool(beir))
        earlier = _read_earlier(compare, benchmarks)
        settings = " ".join(
            (workspace.config.base.digest(), workspace.config.bench.digest(), *models)
        )
        inputs = {**graph.hashes, "split": graph_split.digest, "settings": settings}
        inputs["rerankers"] = " ".join(rerankers)
        for path, lineage in trained.items():
            inputs[f"trained {path.name}"] = lineage.hashes["model"]
        training = _describe_training(workspace, graph, graph_split, trained)
        inputs["leaks"] = "; ".join(training.leaks.values())
        folder = out or workspace.results
        held = [] if force or earlier else _read_results(folder, benchmarks, inputs)
        if len(held) == len(benchmarks):
            return held
        reports, hashes = _measure(workspace, benchmarks, trained, models, rerankers)
        reports = [_compare_earlier(bench.add_training(one, training), earlier) for one in reports]
        return [_publish(one, folder, trained, {**inputs, **hashes}, show_all) for one in reports]


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
    models: Sequence[str],
    rerankers: Sequence[str],
) -> tuple[list[Report], dict[str, str]]:
    from graphtune import bench

    base, config = workspace.config.base, workspace.config
    systems: dict[str, list[BaseConfig]] = {base.model: [base]}
    for path, lineage in trained.items():
        systems.setdefault(_name_trained(lineage), []).append(refer_to(path, base))
    named = bench.list_named(models, base.model)
    systems |= {model: [BaseConfig(model=model)] for model in named}
    return bench.run_systems(
        benchmarks,
        systems,
        base.model,
        config.train.matryoshka_dims,
        config.bench,
        workspace.cache,
        tuple(dict.fromkeys(rerankers)),
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
    bench.write_report(report, folder / name, provenance)
    for path in trained:
        add_results(path, name, bench.render_table(report, "markdown"))
    data = bench.read_data(folder / name)
    return BenchResult(folder / name, data, bench.render_text(report, show_all), made=True)


def _name_trained(lineage: TrainReport) -> str:
    return f"graphtune {lineage.recipe}"


def _describe_training(
    workspace: Workspace, graph: ConceptGraph, split: Split, trained: dict[Path, TrainReport]
) -> Training:
    """Return the names of the trained systems, and what their pairs hold of the held-out queries."""
    from graphtune.bench import Training

    found = certify_models(workspace, graph, split) if trained else {}
    leaks: dict[str, str] = {}
    for path in trained:
        for group in _UNSEEN:
            problem = _find_leak(found[path], group)
            if problem:
                leaks.setdefault(group, f"{group} is not held out from {path.name}: {problem}")
    certificates = {one.recipe: one for path in trained if (one := found[path])}
    return Training(
        tuple(dict.fromkeys(_name_trained(lineage) for lineage in trained.values())),
        leaks,
        {
            recipe: {"verdict": one.verdict, **one.model_dump(mode="json")}
            for recipe, one in certificates.items()
        },
    )


def _find_leak(certificate: Certificate | None, group: Group) -> str:
    """Say what stands against calling a group held out, and what to do; nothing where it is clean."""
    if certificate is None:
        return (
            "the pairs that it was trained on are gone or were made again, so nobody can say what "
            "it met; train it again with `graphtune train`"
        )
    if certificate.is_clean(group):
        return ""
    leaks = [row for row in certificate.findings if row.group == group and row.leaks]
    found = [f"{row.what} {row.count:,} of {row.total:,}" for row in leaks]
    return (
        f"{'; '.join(found) or certificate.verdict}. See `graphtune pairs --check`, make the pairs "
        "again with `graphtune pairs`, and train again"
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


def _label(
    benchmark: Benchmark, workspace: Workspace, graph: ConceptGraph, split: Split
) -> Benchmark:
    from graphtune.bench import label_seen, label_strata

    anchors, positives = _read_training_texts(workspace, graph, split)
    dev = [name for concept in split.list_concepts("dev") for name in graph.names(concept)]
    labelled = label_strata(label_seen(benchmark, anchors, dev, normalize_name))
    return replace(labelled, notes=(*labelled.notes, *_note_overlap(labelled, positives)))


def _note_overlap(benchmark: Benchmark, positives: set[str]) -> tuple[str, ...]:
    """Say how many answers training has read; groups are about queries alone."""
    relevant = {
        document
        for grades in benchmark.qrels.values()
        for document, grade in grades.items()
        if grade > 0
    }
    shares = measure_overlap({key: benchmark.documents[key] for key in relevant}, positives)
    met = sum(share >= 0.5 for share in shares.values())
    note = (
        f"{met} of {len(relevant)} relevant documents largely stand in training passages (half of "
        "their three-word sequences or more); held-out is said of queries, not of their answers"
    )
    return (note,) if met else ()


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


def _read_training_texts(
    workspace: Workspace, graph: ConceptGraph, split: Split
) -> tuple[set[str], set[str]]:
    """Return what training may have met: names and all anchors on disk, and all positives on disk."""
    anchors = {name for names in list_anchor_names(graph, split).values() for name in names}
    positives: set[str] = set()
    for card in sorted(workspace.pairs.glob("*.card.json")):
        pairs, _ = read_pairs(workspace.pairs, card.name.removesuffix(".card.json"))
        anchors.update(pair.anchor for pair in pairs)
        positives.update(pair.positive for pair in pairs)
    return anchors, positives


def _refuse_clashes(names: Sequence[str], is_beir: bool) -> None:
    clash = {name for name in names if names.count(name) > 1 or (is_beir and name == "graph")}
    if clash:
        raise DataError(
            f"results of {sorted(clash)} would overwrite others of that name (graph is the graph's "
            "own, and a split but test is added to the name): rename the BEIR folder"
        )
