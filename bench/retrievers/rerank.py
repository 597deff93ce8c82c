"""Reranking: a cross-encoder reads each query with each of the first answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.systems import Ranking
from graphtune.errors import ModelError
from graphtune.metrics import Run
from graphtune.progress import track
from graphtune.reranker import score_passages

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_Answers = Sequence[tuple[str, float]]
#: What a model raises on texts that it cannot take: torch on shapes, memory and positions beyond
#: the last, tokenizers on broken text.
_FAULTS = (RuntimeError, ValueError, IndexError, TypeError)


def rerank_answers(
    system: str, reranker: CrossEncoder, benchmark: Benchmark, first: Ranking, depth: int
) -> Ranking:
    """Order the first `depth` answers to each query by the cross-encoder; the others stay behind them.

    Equal scores keep the order of the first stage, and so does a query on which the model fails;
    such queries are counted in the warnings. A query costs what the first stage and the model take.

    Args:
        system: name of the row.
        reranker: a model from `graphtune.reranker`.
        benchmark: what is searched.
        first: the first stage; of several runs the first is taken.
        depth: answers that the model reads.

    Raises:
        ModelError: the model fails on every query.
    """
    run: dict[str, _Answers] = {}
    failures: dict[str, str] = {}
    took: list[float] = []
    for query, hits in track(first.runs[0].items(), "reranking", "queries", len(first.runs[0])):
        began = perf_counter()
        passages = [benchmark.documents[document] for document, _ in hits[:depth]]
        try:
            run[query] = _order(hits, score_passages(reranker, benchmark.queries[query], passages))
        except _FAULTS as error:
            failures[query] = (str(error).splitlines() or [type(error).__name__])[0][:120]
            run[query] = hits
        took.append(1000 * (perf_counter() - began))
    return replace(
        first,
        system=system,
        runs=(run,),
        kind="reranked",
        cost=replace(first.cost, query_ms=_add(first.cost.query_ms, took)),
        warnings=(*first.warnings, *_warn(failures, first.runs[0])),
    )


def _order(hits: _Answers, scores: Sequence[float]) -> _Answers:
    """Return the answers by falling score, then those without one, with scores below all of these."""
    best = sorted(
        ((document, score) for (document, _), score in zip(hits, scores, strict=False)),
        key=lambda hit: -hit[1],
    )
    rest = hits[len(best) :]
    low = best[-1][1] if best else 0.0
    return [*best, *((hit[0], low - place) for place, hit in enumerate(rest, start=1))]


def _warn(failures: dict[str, str], run: Run) -> tuple[str, ...]:
    if not failures:
        return ()
    query, reason = next(iter(failures.items()))
    counted = f"the reranker failed on {len(failures)} of {len(run)} queries: {query!r} ({reason})"
    if len(failures) == len(run):
        raise ModelError(counted)
    return (counted + (", …" if len(failures) > 1 else "") + "; they keep the first order",)


def _add(first_ms: float | None, took: Sequence[float]) -> float | None:
    return None if first_ms is None or not took else first_ms + median(took)
