"""Reranking: a cross-encoder reads each query with each of the first answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from graphtune.bench.benchmark import Benchmark
from graphtune.bench.systems import Ranking
from graphtune.encoder import replace_surrogates
from graphtune.errors import ModelError
from graphtune.metrics import Run
from graphtune.models import load_pretrained
from graphtune.progress import track

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_Answers = Sequence[tuple[str, float]]
#: What a model raises on texts that it cannot take: torch on shapes, memory and positions beyond
#: the last, tokenizers on broken text.
_FAULTS = (RuntimeError, ValueError, IndexError, TypeError)


def load_reranker(model: str) -> CrossEncoder:
    """Load a sentence-transformers cross-encoder, a folder or a hub id, from safetensors weights only.

    Raises:
        ModelError: it cannot be found or loaded, is no cross-encoder, or gives more than two scores a pair.
    """
    from sentence_transformers import CrossEncoder
    from transformers import AutoConfig

    def load(target: str, stay_local: bool) -> CrossEncoder:
        settings: Any = AutoConfig.from_pretrained(target, local_files_only=stay_local)
        made_for = settings.architectures or ["nothing"]
        # Any other model would get a head of random weights, without a word.
        if not made_for[0].endswith(("ForSequenceClassification", "ForCausalLM")):
            raise ModelError(
                f"{model!r} is no cross-encoder: its weights are those of {made_for[0]}, without a "
                "head that scores a pair"
            )
        reranker: CrossEncoder = CrossEncoder(
            target, local_files_only=stay_local, model_kwargs={"use_safetensors": True}
        )
        return reranker

    reranker = load_pretrained(model, load)
    if reranker.num_labels not in (1, 2):
        raise ModelError(
            f"{model!r} gives {reranker.num_labels} scores for a query and a passage; a reranker gives one, "
            "or one for wrong and one for right"
        )
    return reranker


def rerank_answers(
    system: str, reranker: CrossEncoder, benchmark: Benchmark, first: Ranking, depth: int
) -> Ranking:
    """Order the first `depth` answers to each query by the cross-encoder; the others stay behind them.

    Equal scores keep the order of the first stage, and so does a query on which the model fails;
    such queries are counted in the warnings. A query costs what the first stage and the model take.

    Args:
        system: name of the row.
        reranker: a model from `load_reranker`.
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
            run[query] = _order(hits, _score(reranker, benchmark.queries[query], passages))
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


def _score(reranker: CrossEncoder, query: str, passages: Sequence[str]) -> list[float]:
    """Return the model's raw scores in float32; of two labels, by how much right stands above wrong.

    A sigmoid would make the best ones equal, and so would bfloat16, which has eight bits for a score:
    its ties would keep the order of the first stage.
    """
    from torch.nn import Identity

    if not passages:
        return []
    asked = replace_surrogates(query)
    scores = reranker.predict(
        [(asked, replace_surrogates(passage)) for passage in passages],
        activation_fn=Identity(),
        show_progress_bar=False,
    )
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim == 2:
        values = values[:, 1] - values[:, 0]
    if not np.isfinite(values).all():
        raise ValueError("it gave NaN or infinity")
    return [float(value) for value in values]


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
