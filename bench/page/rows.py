"""The table: a section for each slice of the queries, a row for each ranking."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from graphtune.bench.benchmark import UNLABELLED, UNSEEN, Slice
from graphtune.bench.compare import Report, Result
from graphtune.bench.page.view import MARKS, View
from graphtune.bench.systems import Cost, Ranking

#: What training knew of a section's queries.
State = Literal["held out", "seen", "dev", "mixed", "not known"]
_REMARKS: dict[State, str] = {
    "held out": "never an anchor in training",
    "seen": "training met these queries: no measure of new ones",
    "dev": "these queries chose the checkpoint: no measure of new ones",
    "mixed": "held-out and seen queries together: no measure of new ones",
    "not known": "nobody said whether training met these queries",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One result with its ranking; `is_full` at the full width of its system, in float32."""

    result: Result
    ranking: Ranking
    colour: int
    is_full: bool
    is_mark: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one slice; `is_main` where it is a whole group by the benchmark's own judgements.

    `against` is the base's NDCG@10 at full width.
    """

    part: Slice
    state: State
    remark: str
    is_main: bool
    rows: tuple[Row, ...]
    against: float


def collect_sections(view: View) -> list[Section]:
    """Return the results by slice, in the order of the report."""
    report = view.report
    place_of = {ranking.key: place for place, ranking in enumerate(report.rankings)}
    parts = {(part.group, part.stratum, part.tier): part for part in view.slices}
    groups = {part.group for part in view.slices}
    sections = []
    for key, results in groupby(report.results, key=lambda r: (r.group, r.stratum, r.tier)):
        rows = []
        for result in results:
            place = place_of[result.system, result.dim, result.precision]
            ranking = report.rankings[place]
            colour = view.colours[result.system]
            rows.append(Row(result, ranking, colour, place in view.widest, ranking.kind in MARKS))
        state = _find_state(key[0], groups)
        sections.append(
            Section(
                part=parts[key],
                state=state,
                remark=_REMARKS[state],
                is_main=not any(key[1:]),
                rows=tuple(rows),
                against=next(
                    row.result.measures["NDCG@10"]
                    for row in rows
                    if row.ranking.key == report.rankings[view.base].key
                ),
            )
        )
    return sections


def _find_state(group: str, groups: set[str]) -> State:
    if group in UNSEEN:
        return "held out"
    if group == UNLABELLED:
        return "mixed" if len(groups) > 1 else "not known"
    return "seen" if group == "seen" else "dev" if group == "dev" else "not known"


def describe_cost(report: Report) -> dict[tuple[str, int, str], tuple[str, str, str]]:
    """Return build time, time of a query and bytes of those rankings where one is known, in words."""
    costs = {ranking.key: ranking.cost for ranking in report.rankings if ranking.cost != Cost()}
    return {
        key: (
            _say(cost.build_seconds, "s"),
            _say(cost.query_ms, "ms"),
            _say(None if cost.index_bytes is None else cost.index_bytes / 1e6, "MB"),
        )
        for key, cost in costs.items()
    }


def _say(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:,.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
