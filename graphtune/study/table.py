"""The summary of a study as text."""

from itertools import groupby
from statistics import mean

from tabulate import tabulate

from graphtune.study.summary import Cell, Summary, Table

_LEGEND = (
    "NDCG@10, mean over queries and training seeds; difference to {against} at the same width, with its "
    "95 % interval over topics; * where it may be claimed (see graphtune.bench.claims). BM25 has no "
    "width and stands in the first column."
)


def render_summary(summary: Summary) -> str:
    """Return a summary as Markdown: a table for each benchmark, one of the trainings, and the notes."""
    parts = [part for table in summary.tables for part in (_head(table), _render_table(table))]
    parts.append(_LEGEND.format(against=summary.against))
    if summary.runs:
        parts += ["## Training", _render_runs(summary)]
    if summary.notes:
        parts.append("\n".join(f"- {note}" for note in summary.notes))
    return "\n\n".join(parts)


def _head(table: Table) -> str:
    return (
        f"## {table.benchmark}: {table.n_queries:,} queries ({table.group}) about "
        f"{table.n_topics:,} topics"
    )


def _render_table(table: Table) -> str:
    rows = []
    for name, cells in table.rows.items():
        seeds = max((len(cell.by_seed) for cell in cells.values()), default=0)
        shown = [render_cell(cells[rung]) if rung in cells else "–" for rung in table.rungs]
        rows.append([name, str(seeds), *shown])
    # Names and figures are texts already: nothing is to be read as a number.
    return tabulate(rows, ["", "runs", *table.rungs], tablefmt="pipe", disable_numparse=True)


def render_cell(cell: Cell) -> str:
    """Return a figure and what it is compared with.

    >>> render_cell(Cell(0.5, (0.5,), None))
    '0.500'
    """
    if cell.claim is None:
        return f"{cell.mean:.3f}"
    low, high = cell.claim.interval
    mark = " *" if cell.claim.holds else ""
    return f"{cell.mean:.3f} {cell.claim.difference:+.3f} [{low:+.3f}, {high:+.3f}]{mark}"


def _render_runs(summary: Summary) -> str:
    rows = []
    for name, group in groupby(summary.runs, key=lambda run: run["name"]):
        runs = list(group)
        rows.append(
            [
                name,
                ", ".join(str(run["seed"]) for run in runs),
                f"{runs[0]['pairs']:,}",
                ", ".join(f"{run['best_step']} of {run['steps']}" for run in runs),
                f"{mean(run['seconds'] for run in runs) / 60:.1f}",
            ]
        )
    head = ["", "seeds", "pairs", "step kept", "minutes each"]
    return tabulate(rows, head, tablefmt="pipe", disable_numparse=True)
