"""A report as text for people: the headline first, then a table for each group of queries."""

from collections.abc import Sequence

from graphtune.bench.benchmark import UNSEEN, Slice, list_slices
from graphtune.bench.claims import Claim, state_claim
from graphtune.bench.compare import Report, Result
from graphtune.bench.costs import count_bytes, name_width
from graphtune.bench.exposure import mark_group
from graphtune.bench.graph_queries import PAPER_TIER
from graphtune.bench.headline import (
    count_queries,
    find_headline,
    list_widest,
    select_results,
    spread_seeds,
)
from graphtune.bench.layout import Style, draw_table, entitle, wrap_lines
from graphtune.bench.systems import MARKS, Ranking

#: Strata and tiers that fit beside each other.
_CUTS = 4
_HEADERS = ("Model", "Dim", "Bytes", "MRR@10", "NDCG@10 [95 %]", "Δ base", "Recall@10/20")
_MARKS = {
    "held out": "HELD OUT from training",
    "leaks": "NOT held out: found in training pairs",
    "seen": "SEEN by training: no result",
    "mixed": "seen and held-out queries together: no result",
    "unknown": "nobody said whether training met them",
}


def render_table(report: Report, style: Style = "plain", show_all: bool = False) -> str:
    """Return the headline, the tables, what is claimed, and all remarks.

    The group of the headline is shown with all dimensions, the others with each system's full width,
    strata and tiers side by side; `show_all` gives every row. `Δ base` is the difference of NDCG@10 to
    the base, with its paired 95 % interval; a star says that the claim gate lets it stand. `plain` is
    for a terminal (at most `WIDTH` columns), `markdown` for a file.
    """
    benchmark, headline = report.benchmark, find_headline(report)
    title = f"{benchmark.name}: {len(benchmark.queries):,} queries, {len(benchmark.documents):,} passages"
    widest = list_widest(report)
    tables = []
    for part in list_slices(benchmark):
        is_first = part.group == (headline.group or report.results[0].group)
        is_mixed = mark_group(benchmark, part.group) == "mixed"
        if show_all or not (part.stratum or part.tier or is_mixed):
            shown = report.rankings if show_all or is_first else widest
            tables.append(_render_slice(report, part, shown, style, is_first))
        if not show_all and not (part.stratum or part.tier or is_mixed):
            tables.append(_render_strata(report, part, widest, style))
    if headline.result:
        tables.append(_render_protocols(report, widest, headline.result.group, style))
    texts = [
        f"{title}\n\n{wrap_lines([headline.text], style)}",
        *tables,
        wrap_lines(_list_claims(report, None if show_all else widest), style, "- "),
        wrap_lines(_list_remarks(report), style, "- "),
    ]
    return "\n\n".join(text for text in texts if text) + "\n"


def _render_slice(
    report: Report, part: Slice, shown: Sequence[Ranking], style: Style, is_first: bool
) -> str:
    keys = {ranking.key for ranking in shown}
    rows = [row for row in _select(report, part) if (row.system, row.dim, row.precision) in keys]
    claims = {claim.ours: claim for claim in report.claims if claim.group == part.label}
    labels = {ranking.key: ranking.label for ranking in shown}
    cells = [
        _render_row(row, claims.get(labels[row.system, row.dim, row.precision])) for row in rows
    ]
    if is_first:
        cells += [(one.system, "–", "–", "–", "not run", "–", "–") for one in report.missing]
    mark = _MARKS[mark_group(report.benchmark, part.group, report.training.leaks)]
    title = f"{part.label}: {count_queries(rows[0])}. {mark}."
    align = ["left", "right", "right", "right", "left", "left", "left"]
    return entitle(title, draw_table(cells, _HEADERS, style, align), style)


def _render_row(row: Result, claim: Claim | None) -> tuple[str, ...]:
    value = {name: f"{mean:.3f}" for name, mean in row.measures.items()}
    return (
        row.system,
        name_width(row.dim, row.precision),
        f"{count_bytes(row.dim, row.precision):,}" if row.dim else "–",
        value["MRR@10"],
        _render_ndcg(row),
        _render_difference(row, "*" if claim and claim.holds else ""),
        f"{value['Recall@10']}/{value['Recall@20']}",
    )


def _render_ndcg(row: Result) -> str:
    low, high = row.ndcg_interval
    return f"{row.measures['NDCG@10']:.3f} [{low:.3f}, {high:.3f}]"


def _render_difference(row: Result, star: str = "") -> str:
    if row.difference is None:
        return "–"
    mean, low, high = row.difference
    return f"{mean:+.3f}{star} [{low:+.3f}, {high:+.3f}]"


def _render_strata(report: Report, part: Slice, widest: Sequence[Ranking], style: Style) -> str:
    """Show the strata and tiers of a group side by side; a tier of the seed's protocol is one."""
    cuts = [cut for cut in list_slices(report.benchmark) if cut.group == part.group and cut != part]
    tables = []
    for some in (cuts[start : start + _CUTS] for start in range(0, len(cuts), _CUTS)):
        rows = [[ranking.system] for ranking in widest]
        for cut in some:
            found = {row.system: row for row in _select(report, cut) if _is_in(row, widest)}
            for cells in rows:
                cells.append(_render_ndcg(found[cells[0]]) if cells[0] in found else "–")
        headers = [Slice("", (), cut.stratum, cut.tier).label for cut in some]
        sizes = ["queries", *(f"{len(cut.queries):,}" for cut in some)]
        align = ["left"] * len(sizes)
        tables.append(draw_table([sizes, *rows], ["Model", *headers], style, align))
    title = f"{part.label}, by stratum and tier: NDCG@10 [95 %], described, not claimed."
    return entitle(title, "\n\n".join(tables), style) if tables else ""


def _render_protocols(report: Report, widest: Sequence[Ranking], group: str, style: Style) -> str:
    """Hold the seed's protocol against the held-out figure, for the base and each model."""
    seed = {
        row.system: row
        for row in select_results(report, "seen", tier=PAPER_TIER)
        if _is_in(row, widest)
    }
    honest = {row.system: row for row in select_results(report, group) if _is_in(row, widest)}
    systems = [ranking.system for ranking in widest if ranking.kind == "dense"]
    if not seed or group not in UNSEEN or not systems:
        return ""
    rows = [
        (
            system,
            f"{seed[system].measures['MRR@10']:.3f}",
            f"{seed[system].measures['NDCG@10']:.3f}",
            _render_difference(seed[system]),
            f"{honest[system].measures['MRR@10']:.3f}",
            f"{honest[system].measures['NDCG@10']:.3f}",
            _render_difference(honest[system]),
        )
        for system in systems
    ]
    headers = (
        "Model", "MRR@10", "NDCG@10", "in-sample gain", "MRR@10", "NDCG@10", "honest gain"
    )  # fmt: skip
    align = ["left", "right", "right", "left", "right", "right", "left"]
    title = (
        f"Seed's protocol (left: queries seen by training, every passage of the right papers, "
        f"n = {seed[systems[0]].n_queries:,}) and {group} (right, n = {honest[systems[0]].n_queries:,})"
        ". Gains in NDCG@10."
    )
    return entitle(title, draw_table(rows, headers, style, align), style)


def _select(report: Report, part: Slice) -> list[Result]:
    return select_results(report, part.group, part.stratum, part.tier)


def _is_in(row: Result, rankings: Sequence[Ranking]) -> bool:
    return (row.system, row.dim, row.precision) in {ranking.key for ranking in rankings}


def _list_claims(report: Report, shown: Sequence[Ranking] | None) -> list[str]:
    """Return the sentences of the claim gate, of some rankings or of all."""
    labels = {ranking.label for ranking in (report.rankings if shown is None else shown)}
    lines = [state_claim(claim) for claim in report.claims if claim.ours in labels]
    if report.claims:
        held = sum(claim.holds for claim in report.claims)
        lines.append(
            f"* {held} of {len(report.claims)} differences on {report.claims[0].group} hold after "
            "Holm's correction over all of them; other groups, strata and tiers are described only"
        )
    for earlier in report.compared:
        lines += [f"compared with {earlier.source}, now against then:"]
        lines += [*map(state_claim, earlier.claims), *earlier.notes]
    return lines


def _list_remarks(report: Report) -> list[str]:
    headline = find_headline(report)
    spreads = [
        f"{ranking.label}: {spread} on {row.group}"
        for row in select_results(report, headline.group or "")
        for ranking in list_widest(report)
        if row != headline.result
        and ranking.kind not in MARKS
        and ranking.key == (row.system, row.dim, row.precision)
        and (spread := spread_seeds(row))
    ]
    warnings = [f"warning: {one.label}: {text}" for one in report.rankings for text in one.warnings]
    missing = [f"not run: {one.system}: {one.reason}" for one in report.missing]
    return [*spreads, *missing, *dict.fromkeys(warnings), *report.benchmark.notes]
