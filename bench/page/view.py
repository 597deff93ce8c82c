"""What all parts of the page look at: the report, its scores by query, and the pair shown first."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.benchmark import Slice, list_slices
from graphtune.bench.compare import Report, score_rankings
from graphtune.bench.systems import Kind, Ranking
from graphtune.metrics import MEASURES

#: Rankings that are no systems.
MARKS: tuple[Kind, ...] = ("floor", "ceiling")


@dataclass(frozen=True)
class View:
    """A report with what the page derives from it.

    `scores` holds NDCG@10 by the benchmark's own judgements, averaged over training seeds, shape
    (rankings, queries). `colours` numbers the systems. `widest` are the places of each system's
    ranking at full width in float32. `base` and `tuned` are places in the rankings: the base and
    the first other system, one with vectors if there is any; `tuned` is None where the base stands
    alone.
    """

    report: Report
    slices: tuple[Slice, ...]
    scores: NDArray[np.float64]
    colours: dict[str, int]
    widest: frozenset[int]
    base: int
    tuned: int | None


def view_report(report: Report) -> View:
    """Score the rankings by query, and choose the two that are compared first."""
    rankings = report.rankings
    scores = score_rankings(replace(report.benchmark, tiers={}), rankings)
    ndcg = MEASURES.index("NDCG@10")
    places = range(len(rankings))
    width: dict[str, int] = {}
    for ranking in rankings:
        width[ranking.system] = max(width.get(ranking.system, 0), ranking.dim)
    widest = [n for n in places if _is_full(rankings[n], width)]
    base = next(n for n in widest if rankings[n].system == report.base)
    others = [n for n in widest if n != base and rankings[n].kind not in MARKS]
    # Seeds first: what was trained here is what the reader came for.
    others.sort(key=lambda n: (rankings[n].kind != "dense", -len(rankings[n].runs)))
    return View(
        report=report,
        slices=tuple(list_slices(report.benchmark)),
        scores=np.array([scores["", r.key].mean(axis=0)[:, ndcg] for r in rankings]),
        colours={system: number for number, system in enumerate(width)},
        widest=frozenset(widest),
        base=base,
        tuned=others[0] if others else None,
    )


def _is_full(ranking: Ranking, width: dict[str, int]) -> bool:
    return ranking.dim == width[ranking.system] and ranking.precision == "float32"
