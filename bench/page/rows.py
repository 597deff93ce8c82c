"""The table: a section for each slice of the queries, a row for each ranking."""

from dataclasses import dataclass
from itertools import groupby

from graphtune.bench.benchmark import Slice
from graphtune.bench.compare import Report, Result
from graphtune.bench.exposure import Mark, mark_group
from graphtune.bench.graph_queries import PAPER_TIER
from graphtune.bench.page.view import View
from graphtune.bench.systems import MARKS, Cost, Ranking

_REMARKS: dict[Mark, str] = {
    "held out": "never an anchor in training",
    "leaks": "found in training pairs: no result",
    "seen": "training met these queries: no result",
    "mixed": "seen and held-out queries together: no result",
    "unknown": "nobody said whether training met them",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One result with its ranking; `is_full` at the full width of its system, `holds` if it is claimed."""

    result: Result
    ranking: Ranking
    colour: int
    is_full: bool
    is_mark: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one slice; `is_main` where it is a whole group by the benchmark's own judgements.

    `against` is the base's NDCG@10 at full width.
    """

    part: Slice
    state: Mark
    remark: str
    is_main: bool
    rows: tuple[Row, ...]
    against: float


def collect_sections(view: View) -> list[Section]:
    """Return the results by slice, in the order of the report."""
    report = view.report
    parts = {(part.group, part.stratum, part.tier): part for part in view.slices}
    sections = []
    for key, results in groupby(report.results, key=lambda r: (r.group, r.stratum, r.tier)):
        rows = _collect_rows(view, parts[key], list(results))
        state = mark_group(report.benchmark, key[0], report.training.leaks)
        base = report.rankings[view.base].key
        sections.append(
            Section(
                part=parts[key],
                state=state,
                remark=_REMARKS[state],
                is_main=not any(key[1:]),
                rows=rows,
                against=next(r.result.measures["NDCG@10"] for r in rows if r.ranking.key == base),
            )
        )
    return sections


def _collect_rows(view: View, part: Slice, results: list[Result]) -> tuple[Row, ...]:
    rankings = view.report.rankings
    place_of = {ranking.key: place for place, ranking in enumerate(rankings)}
    claimed = {
        claim.ours for claim in view.report.claims if claim.holds and claim.group == part.label
    }
    rows = []
    for result in results:
        place = place_of[result.system, result.dim, result.precision]
        ranking = rankings[place]
        rows.append(
            Row(
                result=result,
                ranking=ranking,
                colour=view.colours[result.system],
                is_full=place in view.widest,
                is_mark=ranking.kind in MARKS,
                holds=ranking.label in claimed,
            )
        )
    return tuple(rows)


def pair_protocols(view: View, sections: list[Section]) -> list[tuple[str, Result, Result]]:
    """Return for each system with vectors its row by the seed's protocol, and the one that counts.

    The seed's protocol is that of math-embed: queries that training met, whole papers as answers.
    """
    seed = next((s for s in sections if (s.part.group, s.part.tier) == ("seen", PAPER_TIER)), None)
    group = view.headline.group
    honest = next((s for s in sections if s.is_main and s.part.group == group), None)
    if seed is None or honest is None or honest.state != "held out":
        return []
    right = {row.ranking.key: row.result for row in honest.rows}
    return [
        (row.result.system, row.result, right[row.ranking.key])
        for row in seed.rows
        if row.is_full and row.ranking.kind == "dense"
    ]


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
