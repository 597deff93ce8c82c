"""What training met: which models may be measured, what they learned from, which queries they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphtune.errors import DataError
from graphtune.kg import ConceptGraph
from graphtune.kg.names import normalize_name
from graphtune.pairs import Certificate, Split, list_anchor_names, read_pairs
from graphtune.pairs.certificate import Group
from graphtune.pipeline import certify_models, list_models, read_report
from graphtune.workspace import Workspace

if TYPE_CHECKING:
    from graphtune.bench import Benchmark, Training
    from graphtune.train import TrainReport

#: The groups that a certificate must clear before a figure is a result.
_UNSEEN: tuple[Group, ...] = ("held-out", "new papers")


def sort_out_stale(
    workspace: Workspace, graph: ConceptGraph, split: Split, named: Sequence[str]
) -> tuple[dict[Path, TrainReport], tuple[str, ...]]:
    """Return the models that may be measured, and notes on those that may not, or are no seeds of one.

    A model trained on another split has met concepts that now count as held out. Of a model that was
    trained on other papers nobody can say what it met, as of any model from elsewhere.

    Raises:
        DataError: a model was named that was trained on another split of these papers.
    """
    models = list_models(workspace)
    current = {
        path: report
        for path, report in models.items()
        if report.base == workspace.config.base and report.hashes.get("split") == split.digest
    }
    stale = {path.resolve(): path.name for path in models if path not in current}
    notes = []
    for model in named:
        report = read_report(Path(model))
        is_other = report is not None and report.hashes.get("split") != split.digest
        is_here = report is not None and report.hashes.get("corpus") == graph.hashes["corpus"]
        if is_other and not is_here and Path(model).resolve() not in stale:
            notes.append(
                f"{model} was trained on the papers of another workspace: nobody checked whether its "
                "pairs hold these queries"
            )
        elif is_other or Path(model).resolve() in stale:
            raise DataError(
                f"{model} was trained on another split or base: its figures would not be held out; "
                "train it again with `graphtune pairs` and `graphtune train`"
            )
    if stale:
        notes.append(
            f"left out, because graph, split or base changed since their training: "
            f"{', '.join(stale.values())}; train them again with `graphtune pairs` and `graphtune train`"
        )
    return current, (*notes, *_note_unlike(current))


def _note_unlike(models: Mapping[Path, TrainReport]) -> list[str]:
    """Say which models are averaged as training seeds though they differ in more than the seed."""
    recipes = dict.fromkeys(report.recipe for report in models.values())
    found = []
    for recipe in recipes:
        seeds = {path: report for path, report in models.items() if report.recipe == recipe}
        made = {
            (one.settings.model_copy(update={"seeds": ()}), one.hashes.get("pairs"))
            for one in seeds.values()
        }
        if len(made) > 1:
            found.append(
                f"the models {', '.join(path.name for path in seeds)} are averaged as one system, "
                "though their settings or pairs differ; train them again with `graphtune train`"
            )
    return found


def label_queries(
    benchmark: Benchmark, workspace: Workspace, graph: ConceptGraph, split: Split
) -> Benchmark:
    """Say of each query whether training met it, and how much of the answers training has read."""
    from graphtune.bench import label_seen, label_strata
    from graphtune.bench.exposure import note_overlap

    anchors, positives = _read_training_texts(workspace, graph, split)
    dev = [name for concept in split.list_concepts("dev") for name in graph.names(concept)]
    labelled = label_strata(label_seen(benchmark, anchors, dev, normalize_name))
    return replace(labelled, notes=(*labelled.notes, *note_overlap(labelled, positives)))


def name_trained(lineage: TrainReport) -> str:
    """Return the name of a trained system: its recipe, for all training seeds together."""
    return f"graphtune {lineage.recipe}"


def describe_training(
    workspace: Workspace, graph: ConceptGraph, split: Split, trained: dict[Path, TrainReport]
) -> Training:
    """Return the names of the trained systems, and what their pairs hold of the held-out queries."""
    from graphtune.bench import Training
    from graphtune.train.curve import draw_curve

    found = certify_models(workspace, graph, split) if trained else {}
    leaks: dict[str, str] = {}
    for path in trained:
        for group in _UNSEEN:
            problem = _find_leak(found[path], group)
            if problem:
                leaks.setdefault(group, f"{group} is not held out from {path.name}: {problem}")
    certificates = {one.recipe: one for path in trained if (one := found[path])}
    return Training(
        tuple(dict.fromkeys(name_trained(lineage) for lineage in trained.values())),
        leaks,
        {
            recipe: {"verdict": one.verdict, **one.model_dump(mode="json")}
            for recipe, one in certificates.items()
        },
        {
            path.name: (draw_curve(lineage, is_alone=False), lineage.verdict)
            for path, lineage in trained.items()
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
