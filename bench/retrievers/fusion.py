"""Hybrid search: rankings fused by the places of their answers."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from graphtune.bench.systems import Cost, Ranking

#: Cormack, Clarke & Büttcher (2009) found this near the best, and the choice not critical.
_RRF_K = 60


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
    """Return the `k` best by reciprocal rank fusion: the sum of 1 / (60 + rank), ties by document id.

    Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
    Learning Methods" (SIGIR 2009). A document that a ranking does not hold gets nothing from it.

    >>> fuse_answers([[("a", 0.9), ("b", 0.8)], [("c", 7.0), ("b", 5.0)]], k=3)
    [('b', 0.03225806451612903), ('a', 0.01639344262295082), ('c', 0.01639344262295082)]
    """
    scores: dict[str, float] = {}
    for ranked in answers:
        for rank, (document, _) in enumerate(ranked, start=1):
            scores[document] = scores.get(document, 0.0) + 1 / (_RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]
