"""What all parts of the page look at: the report, its scores by query, and the pair shown first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphtune.bench.benchmark import Slice, list_slices
from graphtune.bench.compare import NDCG, Report
from graphtune.bench.headline import Headline, find_headline, list_widest
from graphtune.bench.systems import MARKS


@dataclass(frozen=True)
class View:
    """A report with what the page derives from it.

    `scores` holds NDCG@10 by the benchmark's own judgements, averaged over training seeds, shape
    (rankings, queries). `colours` numbers the systems. `widest` are the places of each system's
    ranking at full width. `base` and `tuned` are places in the rankings: the base, and the system
    of the headline or another that stands for it; `tuned` is None where the base stands alone.
    """

    report: Report
    headline: Headline
    slices: tuple[Slice, ...]
    scores: NDArray[np.float64]
    colours: dict[str, int]
    widest: frozenset[int]
    base: int
    tuned: int | None


def view_report(report: Report) -> View:
    """Gather what the page needs, and choose the two systems that are compared first."""
    rankings, headline = report.rankings, find_headline(report)
    widest = [rankings.index(ranking) for ranking in list_widest(report)]
    base = next(n for n in widest if rankings[n].system == report.base)
    others = [n for n in widest if n != base and rankings[n].kind not in MARKS]
    best = headline.result.system if headline.result else None
    trained = report.training.systems
    # What was trained here is what the reader came for.
    others.sort(
        key=lambda n: (
            rankings[n].system not in trained,
            rankings[n].system != best,
            rankings[n].kind != "dense",
        )
    )
    return View(
        report=report,
        headline=headline,
        slices=tuple(list_slices(report.benchmark)),
        scores=np.array([report.scores["", r.key].mean(axis=0)[:, NDCG] for r in rankings]),
        colours={rankings[n].system: number for number, n in enumerate(widest)},
        widest=frozenset(widest),
        base=base,
        tuned=others[0] if others else None,
    )
