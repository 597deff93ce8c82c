"""Choosing the checkpoint: the development figure, and the base model as candidate number zero."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphtune.encoder import encode_texts, truncate_vectors
from graphtune.files import read_record, write_record
from graphtune.metrics import score_run
from graphtune.nearest import search_exact
from graphtune.train.records import DevScore, DevScores

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class DevSet:
    """Development queries, passages and graded relevance, all by id."""

    queries: dict[str, str]
    passages: dict[str, str]
    qrels: dict[str, dict[str, int]]


def shrink_dev(dev: DevSet, most_queries: int, most_passages: int, seed: int) -> DevSet:
    """Draw a development set that is quick to score, the same for the same seed.

    Of each query drawn the best passage stays, then other passages at random. Judgements of
    passages that left go with them.

    >>> dev = DevSet({"q": "?"}, {"a": "A", "b": "B", "c": "C"}, {"q": {"b": 3, "c": 1}})
    >>> shrink_dev(dev, 1, 1, seed=0).qrels
    {'q': {'b': 3}}
    """
    generator = np.random.default_rng(seed)

    def draw(items: list[str], most: int) -> list[str]:
        if len(items) <= most:
            return items
        return [items[i] for i in sorted(generator.choice(len(items), size=most, replace=False))]

    queries = draw(sorted(dev.queries), most_queries)
    best = {
        min(grades, key=lambda p: (-grades[p], p)) for grades in (dev.qrels[q] for q in queries)
    }
    others = draw(sorted(set(dev.passages) - best), max(0, most_passages - len(best)))
    kept = best | set(others)
    return DevSet(
        {query: dev.queries[query] for query in queries},
        {passage: dev.passages[passage] for passage in sorted(kept)},
        {q: {p: grade for p, grade in dev.qrels[q].items() if p in kept} for q in queries},
    )


def score_dev(encoder: SentenceTransformer, dev: DevSet, dims: tuple[int, ...]) -> dict[int, float]:
    """Return the mean NDCG@10 at each dimension."""
    queries = encode_texts(encoder, list(dev.queries.values()), "query", "dev queries")
    passages = encode_texts(encoder, list(dev.passages.values()), "document", "dev passages")
    ids = list(dev.passages)
    scores = {}
    for dim in dims:
        ranked = search_exact(
            truncate_vectors(queries, dim), truncate_vectors(passages, dim), ids, 10
        )
        values = score_run(dev.qrels, dict(zip(dev.queries, ranked, strict=True)))
        scores[dim] = float(np.mean([row["NDCG@10"] for row in values.values()]))
    return scores


class CheckpointKeeper:
    """Keeps the weights with the best development figure on disk, across interruptions.

    The figure is the mean of NDCG@10 over the Matryoshka dimensions, so that no rung is sacrificed.
    `ship` is the context in which the encoder is what would be shipped: it is scored and saved there.
    Nothing is read before `rewind`.
    """

    def __init__(
        self,
        folder: Path,
        score: Callable[[], dict[int, float]] | None,
        patience: int,
        ship: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.folder, self.score, self.patience, self.ship = folder, score, patience, ship
        self.state = folder / "selection.json"
        self.scores: list[DevScore] = []
        self.held = 0

    def rewind(self, step: int) -> None:
        """Read what an interrupted run found up to the step that it goes on from; forget the rest."""
        if self.state.exists():
            rows = read_record(self.state, DevScores).scores
            self.scores = [row for row in rows if row.step <= step]
        self.hold()

    def record(self, encoder: SentenceTransformer, step: int) -> bool:
        """Score the encoder as it would be shipped; return whether it has stopped getting better."""
        if self.score is None:
            return False
        with self.ship():
            self.scores.append(DevScore(step=step, ndcg=self.score()))
            if self.best_step() == step:
                encoder.save_pretrained(str(self.locate(step)), create_model_card=False)
        self._drop({self.held, self.best_step()})
        write_record(self.state, DevScores(scores=tuple(self.scores)))
        return sum(row.step > self.best_step() for row in self.scores) >= self.patience

    def hold(self) -> None:
        """Keep what is best now until the next call: a run that is interrupted may come back to it."""
        self.held = self.best_step() if self.scores else 0
        self._drop({self.held})

    def locate(self, step: int) -> Path:
        """Return where the weights of a step lie, if they were the best once."""
        return self.folder / f"best-{step}"

    def best_step(self) -> int:
        """Return the step with the best figure; the earliest of equals."""
        return max(self.scores, key=lambda row: (mean_ndcg(row), -row.step)).step

    def _drop(self, kept: set[int]) -> None:
        for path in self.folder.glob("best-*"):
            if path not in map(self.locate, kept):
                shutil.rmtree(path)


def mean_ndcg(score: DevScore) -> float:
    """Return the mean over the dimensions.

    >>> mean_ndcg(DevScore(step=0, ndcg={64: 0.25, 384: 0.75}))
    0.5
    """
    return sum(score.ndcg.values()) / len(score.ndcg)
