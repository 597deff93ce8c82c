"""What the script knows: each query's NDCG@10 by every ranking, in thousandths."""

from collections.abc import Set
from typing import Any

import numpy as np

from graphtune.bench.benchmark import UNLABELLED
from graphtune.bench.page.view import View


def collect_points(view: View, cases: Set[int]) -> dict[str, Any]:
    """Return queries, values and slices for JSON; `cases` are queries whose passages the page holds.

    Queries, groups and strata are numbered; a slice is a pair of numbers, where None takes all.
    Tiers are left out: they judge the same queries by another rule.
    """
    benchmark = view.report.benchmark
    groups = list(dict.fromkeys(part.group for part in view.slices if part.group != UNLABELLED))
    strata = sorted(set(benchmark.strata.values()))
    parts = [part for part in view.slices if not part.tier]
    return {
        "queries": list(benchmark.queries.values()),
        "groups": groups,
        "group": [_find(groups, benchmark.groups.get(query)) for query in benchmark.queries],
        "strata": strata,
        "stratum": [_find(strata, benchmark.strata.get(query)) for query in benchmark.queries],
        "slices": [
            {
                "label": part.label,
                "group": None if part.group == UNLABELLED else groups.index(part.group),
                "stratum": strata.index(part.stratum) if part.stratum else None,
            }
            for part in parts
        ],
        "rankings": [ranking.label for ranking in view.report.rankings],
        "values": np.rint(view.scores * 1000).astype(int).tolist(),
        "base": view.base,
        "tuned": view.base if view.tuned is None else view.tuned,
        "cases": sorted(cases),
    }


def _find(names: list[str], name: str | None) -> int | None:
    return names.index(name) if name in names else None
