"""What a stage came to: `report.json` in its folder, and one table of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from tabulate import tabulate

from graphtune.train.stages.settings import Stage

REPORT_NAME = "report.json"


class StageReport(BaseModel):
    """The lineage and figures of a stage. `before` is measured with the weights that it starts from.

    `hashes` are sha256 of its data, its vocabulary and what it starts from; `key` is that of all that it
    hangs on: with the same key it need not run again. `rate` is in examples a second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage
    before: dict[str, float]
    after: dict[str, float]
    baselines: dict[str, dict[str, float]]
    details: dict[str, Any]
    losses: tuple[tuple[int, float], ...]
    steps: int
    seconds: float
    rate: float
    key: str
    hashes: dict[str, str]
    versions: dict[str, str]


#: The figures that a table shows for each task, the one that counts first.
SHOWN = {
    "pretrain": (
        "sentence_order_accuracy",
        "masked_lm_accuracy",
        "loss",
        "masked_lm_loss",
        "sentence_order_loss",
    ),
    "embed": ("dev_ndcg",),
    "rerank": ("ranked_right", "accuracy", "loss", "test/ranked_right"),
    "classify": ("macro_f1", "accuracy", "weighted_f1"),
    "tag": ("entity_f1", "entity_precision", "entity_recall", "word_f1"),
}


def render_reports(reports: Sequence[StageReport]) -> str:
    """Return a Markdown table: each stage's figures before and after, and its baselines'."""
    rows: list[tuple[str, ...]] = []
    for report in reports:
        for name in SHOWN[report.stage.task]:
            if name in report.after:
                others = [
                    f"{title} {figures[name]:.3f}"
                    for title, figures in report.baselines.items()
                    if name in figures
                ]
                rows.append(
                    (
                        report.stage.name,
                        report.stage.task,
                        name,
                        f"{report.before[name]:.3f}" if name in report.before else "–",
                        f"{report.after[name]:.3f}",
                        "; ".join(others) or "–",
                    )
                )
    vocabulary = reports[0].details.get("vocabulary", {}) if reports else {}
    if "formulas_whole" in vocabulary:
        figures = (f"{vocabulary[f'formulas_whole{part}']:.3f}" for part in ("_before", ""))
        rows.insert(0, ("vocabulary", "–", "formulas of whole macros", *figures, "–"))
    head = ("stage", "task", "held-out figure", "before", "after", "baselines")
    parts = [tabulate(rows, head, tablefmt="pipe", disable_numparse=True)]
    return "\n\n".join(parts + [render_comparison(group) for group in find_rivals(reports)])


def render_labels(report: StageReport) -> str:
    """Return a Markdown table of each label's figures, "" where the task has none."""
    names = ("precision", "recall", "f1", "support")
    rows = []
    for key in report.after:
        if key.endswith("/support"):
            label = key.removesuffix("/support")
            *shares, support = (report.after[f"{label}/{name}"] for name in names)
            rows.append((label, *(f"{share:.3f}" for share in shares), f"{support:.0f}"))
    return tabulate(rows, ("label", *names), tablefmt="pipe", disable_numparse=True) if rows else ""


def find_rivals(reports: Sequence[StageReport]) -> list[list[StageReport]]:
    """Return the groups of stages that were measured with the same held-out examples: models to compare."""
    groups: defaultdict[tuple[str, str], list[StageReport]] = defaultdict(list)
    for report in reports:
        if measured := report.details.get("held_out"):
            groups[report.stage.task, measured].append(report)
    return [group for group in groups.values() if len(group) > 1]


def render_comparison(reports: Sequence[StageReport]) -> str:
    """Return a Markdown table with a column for each stage and baseline of a task; the best are bold."""
    names = SHOWN[reports[0].stage.task]
    columns = {report.stage.name: report.after for report in reports}
    columns |= reports[0].baselines
    rows = []
    for name in names:
        found = [figures.get(name) for figures in columns.values()]
        known = [value for value in found if value is not None]
        if known:
            best = min(known) if name.endswith("loss") else max(known)
            cells = (
                "–" if v is None else f"**{v:.3f}**" if v == best else f"{v:.3f}" for v in found
            )
            rows.append((name, *cells))
    head = (f"{reports[0].stage.task}, compared", *columns)
    return tabulate(rows, head, tablefmt="pipe", disable_numparse=True)
