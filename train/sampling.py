"""sentence-transformers' trainer on batches that were planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer

from graphtune.train.loss import Contrast


class PlannedBatchSampler(DefaultBatchSampler):
    """Hands out the batches of a plan, in its order; with several processes, one to each in turn."""

    def __init__(self, dataset: Any, plan: Sequence[list[int]], batch_size: int) -> None:
        super().__init__(dataset, batch_size=batch_size, drop_last=True)
        self.plan = plan

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the rows of each batch."""
        yield from self.plan

    def __len__(self) -> int:
        """Return the number of batches of all processes."""
        return len(self.plan)


class PlannedTrainer(SentenceTransformerTrainer):
    """A trainer whose one epoch is the whole plan, so that a resumed run skips what it has seen."""

    plan: Sequence[list[int]] = ()
    contrast: Contrast

    def get_batch_sampler(self, dataset: Any, batch_size: int, *_: Any, **__: Any) -> Any:
        """Return the plan's sampler for the training data."""
        return PlannedBatchSampler(dataset, self.plan, batch_size)
