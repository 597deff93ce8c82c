"""The contrastive loss with the graph mask, plain and cached.

Multiple negatives ranking (arXiv:1705.00652) where a weight stands before each negative; cached after
arXiv:2101.06983; and a term that keeps similarities as a frozen model has them (arXiv:2203.02167,
arXiv:1503.02531).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MultipleNegativesRankingLoss,
)
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, normalize

from graphtune.pairs.mask import GraphMask

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Density(NamedTuple):
    """Shares of the cells beside the diagonal: taken out by the mask, and made softer."""

    masked: float
    softened: float


@dataclass(frozen=True, slots=True)
class Teacher:
    """What a frozen model says of the texts: the rows' similarities are to stay near those.

    `queries` and `documents` are its vectors, float32 of shape (texts, dim); `query_places` and
    `document_places`, int64 of shape (rows,), say where the anchor and the positive of a row stand.
    `weight` is what staying near counts beside the contrast.
    """

    queries: Tensor
    documents: Tensor
    query_places: Tensor
    document_places: Tensor
    weight: float

    def compare(self, rows: Tensor) -> Tensor:
        """Return the cosine of each row's anchor with each row's positive, shape (n, n)."""
        queries = self.queries[self.query_places[rows]]
        documents = self.documents[self.document_places[rows]]
        return normalize(queries, dim=1) @ normalize(documents, dim=1).T


class Contrast:
    """The loss of a batch from its vectors: shared by the plain and the cached form."""

    def __init__(self, mask: GraphMask, scale: float, teacher: Teacher | None = None) -> None:
        self.mask, self.scale, self.teacher = mask, scale, teacher
        self._rows: list[int] = []
        self._bias = torch.zeros(0)
        self._densities: list[Density] = []

    def compute(self, anchors: Tensor, documents: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the anchors, a scalar.

        Args:
            anchors: float of shape (n, dim).
            documents: float of shape (n, dim), the positives, or (2n, dim), then hard negatives too.
            labels: int of shape (n,), the rows of the pairs.
        """
        bias = self._find_bias(labels).to(anchors.device)
        similarities = normalize(anchors, dim=1) @ normalize(documents, dim=1).T
        target = torch.arange(len(anchors), device=anchors.device)
        loss = cross_entropy(similarities * self.scale + bias, target)
        teacher = self.teacher
        if teacher and teacher.queries.shape[1] == anchors.shape[1]:
            wanted = teacher.compare(labels.cpu()).to(anchors.device)
            drift = _diverge(similarities[:, : len(anchors)] * self.scale, wanted * self.scale)
            loss = loss + teacher.weight * drift
        return loss

    def take_density(self) -> Density:
        """Return the mean density of the mask over the batches since this was last asked."""
        taken, self._densities = self._densities, []
        if not taken:
            return Density(0.0, 0.0)
        return Density(
            sum(density.masked for density in taken) / len(taken),
            sum(density.softened for density in taken) / len(taken),
        )

    def _find_bias(self, labels: Tensor) -> Tensor:
        """Return the logarithms of the weights; each Matryoshka dimension asks for the same ones."""
        rows: list[int] = labels.tolist()
        if rows != self._rows:
            weights = torch.from_numpy(self.mask.weigh(rows))
            self._densities.append(_measure_density(weights))
            self._rows, self._bias = rows, weights.log()
        return self._bias


def _diverge(found: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the rows' softmax is from the wanted one: the mean Kullback-Leibler divergence."""
    return kl_div(
        log_softmax(found, dim=1),
        log_softmax(wanted, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def _measure_density(weights: Tensor) -> Density:
    n = len(weights)
    present = weights.amax(dim=0) > 0  # a row without a hard negative has an empty column
    beside = present.expand_as(weights).clone()
    beside[:, :n] &= ~torch.eye(n, dtype=torch.bool)
    cells = max(1, int(beside.sum()))
    masked = int(((weights == 0) & beside).sum())
    softened = int(((weights > 0) & (weights < 1) & beside).sum())
    return Density(masked / cells, softened / cells)


class MaskedRankingLoss(MultipleNegativesRankingLoss):
    """Multiple negatives ranking with weights from the graph; `label` is the row of the pair."""

    def __init__(self, model: SentenceTransformer, contrast: Contrast) -> None:
        super().__init__(model, contrast.scale)
        self.contrast = contrast

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the loss of a batch; columns are anchors, positives and, if any, hard negatives."""
        return self.contrast.compute(embeddings[0], torch.cat(embeddings[1:]), labels)


class CachedMaskedRankingLoss(CachedMultipleNegativesRankingLoss):
    """The same loss with gradients cached at the vectors: memory for `mini_batch` texts at a time."""

    def __init__(self, model: SentenceTransformer, contrast: Contrast, mini_batch: int) -> None:
        super().__init__(model, contrast.scale, mini_batch_size=mini_batch)
        self.contrast = contrast

    def calculate_loss(
        self,
        reps: Sequence[Sequence[Tensor]],
        labels: Tensor | None = None,
        *,
        with_backward: bool = False,
    ) -> Tensor:
        """Return the loss of a batch from the vectors of its mini-batches, column by column."""
        if labels is None:
            raise ValueError("the graph mask needs the rows of the pairs as labels")
        columns = [torch.cat(list(column)) for column in reps]
        loss = self.contrast.compute(columns[0], torch.cat(columns[1:]), labels)
        if with_backward:
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach() if with_backward else loss
