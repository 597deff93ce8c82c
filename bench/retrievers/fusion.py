"""Hybrid search: rankings fused by the scores of their answers."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from graphtune.bench.systems import Cost, Ranking


def fuse_rankings(system: str, dense: Ranking, lexical: Ranking, k: int) -> Ranking:
    """Fuse each run of `dense` with the one of `lexical`.

    The hybrid keeps the width and precision of its vectors, and costs what its two parts cost
    together (what is unknown of one is unknown of both).
    """
    (words,) = lexical.runs
    runs = tuple(
        {query: fuse_answers([hits, words[query]], k) for query, hits in run.items()}
        for run in dense.runs
    )
    parts = {
        field.name: [getattr(one.cost, field.name) for one in (dense, lexical)]
        for field in fields(Cost)
    }
    cost = Cost(**{name: None if None in both else sum(both) for name, both in parts.items()})
    return replace(dense, system=system, runs=runs, kind="hybrid", cost=cost)


def fuse_answers(answers: Iterable[Sequence[tuple[str, float]]], k: int) -> list[tuple[str, float]]:
    """Return the `k` best by the sum of their scores, ties by document id.

    Before, each ranking is brought to 0 (its last answer) to 1 (its best); if all of its scores are the
    same, to 1. A document that a ranking does not hold gets nothing from it. Lee, "Analyses of Multiple
    Evidence Combination" (SIGIR 1997); Bruch, Gai & Ingber, arXiv:2210.11934, found such sums better
    than reciprocal ranks.

    >>> fuse_answers([[("a", 0.9), ("b", 0.8), ("d", 0.5)], [("c", 7.0), ("b", 4.0), ("a", 3.0)]], k=3)
    [('a', 1.0), ('b', 1.0), ('c', 1.0)]
    """
    scores: dict[str, float] = {}
    for ranked in answers:
        best, last = (ranked[0][1], ranked[-1][1]) if ranked else (0.0, 0.0)
        for document, score in ranked:
            share = (score - last) / (best - last) if best > last else 1.0
            scores[document] = scores.get(document, 0.0) + share
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]
