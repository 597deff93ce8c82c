"""The headline: the one figure of a report that may be called its result, or why there is none."""

from collections import Counter
from dataclasses import dataclass

from graphtune.bench.benchmark import UNLABELLED
from graphtune.bench.compare import Report, Result
from graphtune.bench.exposure import find_headline_group
from graphtune.bench.significance import MIN_QUERIES
from graphtune.bench.systems import MARKS, Ranking


@dataclass(frozen=True, slots=True)
class Headline:
    """`result` is None where no figure may be called the result; `text` says what it is, or why not."""

    group: str | None
    result: Result | None
    text: str


def find_headline(report: Report) -> Headline:
    """Return the figure of the best trained system, else of the best one, at its full width.

    It stands on queries that training never met, or, where no query has a label, on all of them.
    Queries that training met, or that a leakage certificate found in its pairs, give none.
    """
    group = find_headline_group(report.benchmark)
    if group is None:
        return Headline(None, None, _refuse_seen(report))
    if group in report.training.leaks:
        return Headline(group, None, f"no headline: {report.training.leaks[group]}")
    widest = {ranking.key for ranking in list_widest(report) if ranking.kind not in MARKS}
    rows = [
        row
        for row in select_results(report, group)
        if (row.system, row.dim, row.precision) in widest
    ]
    trained = [row for row in rows if row.system in report.training.systems]
    best = max(trained or rows, key=lambda row: row.measures["NDCG@10"])
    return Headline(group, best, _describe(report, best, len(trained or rows)))


def list_widest(report: Report) -> list[Ranking]:
    """Return one ranking a system, in their order: float32 at full width, or what is nearest to it."""
    systems = dict.fromkeys(ranking.system for ranking in report.rankings)
    return [
        max(
            (ranking for ranking in report.rankings if ranking.system == system),
            key=lambda ranking: (ranking.precision == "float32", ranking.dim),
        )
        for system in systems
    ]


def select_results(report: Report, group: str, stratum: str = "", tier: str = "") -> list[Result]:
    """Return the rows of one slice, as the rankings stand."""
    wanted = (group, stratum, tier)
    return [row for row in report.results if (row.group, row.stratum, row.tier) == wanted]


def count_queries(row: Result) -> str:
    """Say how many queries a row stands on, and about how many topics where they are fewer."""
    text = f"{row.n_queries:,} queries" if row.n_queries > 1 else "1 query"
    return text + (f" about {row.n_clusters:,} topics" if row.n_clusters < row.n_queries else "")


def spread_seeds(row: Result) -> str:
    """Say how far the training seeds of a row lie apart; nothing where there is one run."""
    seeds = row.by_seed["NDCG@10"]
    if len(seeds) < 2:
        return ""
    return f"mean of {len(seeds)} seeds from {min(seeds):.3f} to {max(seeds):.3f}"


def _describe(report: Report, best: Result, candidates: int) -> str:
    label = next(
        one.label for one in report.rankings if one.key == (best.system, best.dim, best.precision)
    )
    low, high = best.ndcg_interval
    text = (
        f"headline: {label} on {count_queries(best)}, {best.group}: "
        f"NDCG@10 {best.measures['NDCG@10']:.3f} [{low:.3f}, {high:.3f}], "
        f"MRR@10 {best.measures['MRR@10']:.3f}"
    )
    text += _set_beside(report, best, label)
    spread = spread_seeds(best)
    text += f"; {spread}" if spread else ""
    if candidates > 1:
        kind = "trained systems" if best.system in report.training.systems else "systems"
        text += f"; the best of {candidates} {kind} on these queries"
    if best.n_queries < MIN_QUERIES:
        text += f"; fewer than {MIN_QUERIES} queries are too few to tell anything"
    if best.group == UNLABELLED:
        text += "; nobody said whether training met these queries"
    return text


def _set_beside(report: Report, best: Result, label: str) -> str:
    """Say what the base and BM25 reach on the same queries, and whether a difference is claimed."""
    widest = {ranking.key for ranking in list_widest(report)}
    others = [
        f"{row.system} {row.measures['NDCG@10']:.3f}"
        for row in select_results(report, best.group)
        if row.system in (report.base, "BM25") and row.system != best.system
        if (row.system, row.dim, row.precision) in widest
    ]
    text = f" ({', '.join(others)})" if others else ""
    claim = next((one for one in report.claims if one.ours == label), None)
    if claim is None:
        return text
    side = f"{claim.direction} the base" if claim.holds else "no difference from the base shown"
    return f"{text}, {side}"


def _refuse_seen(report: Report) -> str:
    groups = Counter(
        report.benchmark.groups.get(query, "unlabelled") for query in report.benchmark.queries
    )
    counts = ", ".join(f"{group} {count:,}" for group, count in sorted(groups.items()))
    return (
        f"no headline: no query is known to be held out from training ({counts}); ask queries that "
        "training never met (`graphtune bench --beir FOLDER`), or hold out more concepts "
        "(test_concepts in [split] of the settings), make the pairs and train again"
    )
