"""The contrastive loss with the graph mask, plain and cached.

Multiple negatives ranking (arXiv:1705.00652) where a weight stands before each negative; cached after
arXiv:2101.06983; and a term that keeps similarities as a frozen model has them (arXiv:2203.02167,
arXiv:1503.02531); and one that learns margins from a cross-encoder (arXiv:2010.02666).
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
from torch.nn.functional import cross_entropy, kl_div, log_softmax, mse_loss, normalize

from graphtune.pairs.mask import GraphMask
from graphtune.train.records import Margins

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
    """The loss of a batch from its vectors: shared by the plain and the cached form.

    `follow` is what it counts beside the contrast that vectors cut short order a batch as the whole ones
    do (Matryoshka-Adaptor, arXiv:2407.20243); the widest ones of a batch come first. `margins` are in
    units of the scaled similarities.
    """

    def __init__(
        self,
        mask: GraphMask,
        scale: float,
        teacher: Teacher | None = None,
        follow: float = 0.0,
        margins: Margins | None = None,
    ) -> None:
        self.mask, self.scale, self.teacher, self.follow = mask, scale, teacher, follow
        self.margins = margins
        self._rows: list[int] = []
        self._bias = torch.zeros(0)
        self._whole, self._width = torch.zeros(0), 0
        self._densities: list[Density] = []

    def compute(self, anchors: Tensor, documents: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of the anchors, a scalar.

        Args:
            anchors: float of shape (n, dim).
            documents: float of shape (n, dim), the positives, or (2n, dim), then hard negatives too.
            labels: int of shape (n,), the rows of the pairs.
        """
        is_whole = labels.tolist() != self._rows or anchors.shape[1] == self._width
        bias = self._find_bias(labels).to(anchors.device)
        similarities = normalize(anchors, dim=1) @ normalize(documents, dim=1).T
        target = torch.arange(len(anchors), device=anchors.device)
        loss = cross_entropy(similarities * self.scale + bias, target)
        among = similarities[:, : len(anchors)] * self.scale
        if is_whole:
            self._whole, self._width = among.detach(), anchors.shape[1]
        elif self.follow:
            loss = loss + self.follow * _diverge(among, self._whole)
        teacher = self.teacher
        if teacher and teacher.queries.shape[1] == anchors.shape[1]:
            wanted = teacher.compare(labels.cpu()).to(anchors.device)
            loss = loss + teacher.weight * _diverge(among, wanted * self.scale)
        if self.margins and similarities.shape[1] > len(anchors):
            wanted = torch.tensor([self.margins.values[row] for row in labels.tolist()])
            apart = among.diagonal() - similarities[:, len(anchors) :].diagonal() * self.scale
            loss = loss + self.margins.weight * _miss_margins(apart, wanted.to(apart))
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


def _miss_margins(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean squared error of the margins that are known, 0 where none is."""
    known = ~wanted.isnan()
    return mse_loss(found[known], wanted[known]) if known.any() else found.sum() * 0.0


def _measure_density(weights: Tensor) -> Density:
    n = len(weights)
    present = weights.amax(dim=0) > 0  # a row without a hard negative has an empty column
    beside = present.expand_as(weights).clone()
    beside[:, :n] &= ~torch.eye(n, dtype=torch.bool)
    cells = max(1, int(beside.sum()))
    masked = int(((weights == 0) & beside).sum())
    softened = int(((weights > 0) & (weights < 1) & beside).sum())
    return Density(masked / cells, softened / cells)


class Distinct:
    """Texts that stand twice in a column of a batch are encoded once; here their vectors are repeated.

    `columns` are the texts of all pairs: anchors, positives and, if any, hard negatives.
    """

    def __init__(self, columns: Sequence[Sequence[str]]) -> None:
        self._numbers: list[list[int]] = []
        for column in columns:
            known: dict[str, int] = {}
            self._numbers.append([known.setdefault(text, len(known)) for text in column])

    def spread(self, vectors: Sequence[Tensor], labels: Tensor) -> list[Tensor]:
        """Return a vector for each row and column.

        Args:
            vectors: for each column those of its distinct texts, in the order in which they first stand.
            labels: int of shape (n,), the rows of the pairs.
        """
        rows: list[int] = labels.tolist()
        spread = []
        for column, numbers in zip(vectors, self._numbers, strict=True):
            drawn = [numbers[row] for row in rows]
            places = {number: place for place, number in enumerate(dict.fromkeys(drawn))}
            index = torch.tensor([places[number] for number in drawn], device=column.device)
            spread.append(column[index])
        return spread


class MaskedRankingLoss(MultipleNegativesRankingLoss):
    """Multiple negatives ranking with weights from the graph; `label` is the row of the pair."""

    def __init__(self, model: SentenceTransformer, contrast: Contrast, distinct: Distinct) -> None:
        super().__init__(model, contrast.scale)
        self.contrast, self.distinct = contrast, distinct

    def compute_loss_from_embeddings(self, embeddings: list[Tensor], labels: Tensor) -> Tensor:
        """Return the loss of a batch; columns are anchors, positives and, if any, hard negatives."""
        columns = self.distinct.spread(embeddings, labels)
        return self.contrast.compute(columns[0], torch.cat(columns[1:]), labels)


class CachedMaskedRankingLoss(CachedMultipleNegativesRankingLoss):
    """The same loss with gradients cached at the vectors: memory for `mini_batch` texts at a time."""

    def __init__(
        self, model: SentenceTransformer, contrast: Contrast, distinct: Distinct, mini_batch: int
    ) -> None:
        super().__init__(model, contrast.scale, mini_batch_size=mini_batch)
        self.contrast, self.distinct = contrast, distinct

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
        columns = self.distinct.spread([torch.cat(list(column)) for column in reps], labels)
        loss = self.contrast.compute(columns[0], torch.cat(columns[1:]), labels)
        if with_backward:
            loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach() if with_backward else loss
