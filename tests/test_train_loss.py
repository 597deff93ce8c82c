"""The masked contrastive loss against sums by hand, and its cached form against the plain one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from toys import PAIRS, make_base

from graphtune.encoder import load_encoder
from graphtune.pairs.mask import GraphMask
from graphtune.records import Pair
from graphtune.train.loss import (
    CachedMaskedRankingLoss,
    Contrast,
    Density,
    Distinct,
    MaskedRankingLoss,
    Teacher,
)

ROWS = list(range(0, 16, 2))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformer:
    return load_encoder(make_base(tmp_path_factory.mktemp("base"))).eval()


def plant_answer(pairs: list[Pair], neighbour_weight: float = 0.5) -> GraphMask:
    """The positive of row 2 answers the anchor of row 0, and row 4's is near it."""
    related = [frozenset({pair.chunk_id}) for pair in pairs]
    related[0] |= {pairs[2].chunk_id}
    near = [frozenset[str]() for _ in pairs]
    near[0] = frozenset({pairs[4].chunk_id})
    return GraphMask(pairs, [(found,) for found in related], near, neighbour_weight)


def draw_vectors(n: int, seed: int) -> torch.Tensor:
    vectors = torch.randn(n, 16, generator=torch.Generator().manual_seed(seed))
    return vectors.requires_grad_()


def sum_by_hand(
    anchors: torch.Tensor, documents: torch.Tensor, weights: NDArray[np.float32]
) -> float:
    losses = []
    for i, anchor in enumerate(anchors.detach().numpy()):
        terms = [
            weights[i, j]
            * np.exp(20 * anchor @ document / np.linalg.norm(anchor) / np.linalg.norm(document))
            for j, document in enumerate(documents.detach().numpy())
        ]
        losses.append(-np.log(terms[i] / sum(terms)))
    return float(np.mean(losses))


def test_the_loss_is_the_weighted_sum_by_hand() -> None:
    negatives = [replace(pair, negative=f"not {pair.anchor}") for pair in PAIRS[:8]] + PAIRS[8:]
    for pairs in (PAIRS, negatives):
        mask = plant_answer(pairs)
        weights = mask.weigh(ROWS)
        assert weights.shape == (8, 16 if pairs is negatives else 8)
        anchors, documents = draw_vectors(8, 0), draw_vectors(weights.shape[1], 1)
        found = Contrast(mask, 20.0).compute(anchors, documents, torch.tensor(ROWS))
        assert found.item() == pytest.approx(sum_by_hand(anchors, documents, weights), rel=1e-4)


def test_a_planted_false_negative_gets_no_push() -> None:
    labels = torch.tensor([0, 2])  # row 2's positive is the only other document, and an answer

    def push(mask: GraphMask) -> float:
        anchors, documents = draw_vectors(2, 0), draw_vectors(2, 1)
        Contrast(mask, 20.0).compute(anchors, documents, labels).backward()
        assert anchors.grad is not None
        assert anchors.grad[1].abs().max() > 0  # the other way round it is a negative
        return float(anchors.grad[0].abs().max())

    assert push(plant_answer(PAIRS)) == 0
    assert push(GraphMask(PAIRS)) > 0


def read_features(
    encoder: SentenceTransformer, columns: list[list[str]]
) -> list[dict[str, torch.Tensor]]:
    return [dict(encoder.tokenizer(texts, padding=True, return_tensors="pt")) for texts in columns]


def run_loss(
    encoder: SentenceTransformer, loss: torch.nn.Module, columns: list[list[str]]
) -> tuple[float, torch.Tensor]:
    encoder.zero_grad()
    value = loss(read_features(encoder, columns), torch.tensor(ROWS))
    value.backward()
    gradients = [p.grad.flatten() for p in encoder.parameters() if p.grad is not None]
    return value.item(), torch.cat(gradients)


def list_columns(pairs: list[Pair]) -> list[list[str]]:
    columns = [[pairs[row].anchor for row in ROWS], [pairs[row].positive for row in ROWS]]
    negatives = [pairs[row].negative for row in ROWS]
    return [*columns, negatives] if any(negatives) else columns


def find_distinct(pairs: list[Pair]) -> Distinct:
    columns = [[pair.anchor for pair in pairs], [pair.positive for pair in pairs]]
    negatives = [pair.negative for pair in pairs]
    return Distinct([*columns, negatives] if any(negatives) else columns)


def make_teacher(weight: float) -> Teacher:
    places = torch.arange(len(PAIRS))
    return Teacher(
        draw_vectors(len(PAIRS), 2).detach(),
        draw_vectors(len(PAIRS), 3).detach(),
        places,
        places,
        weight,
    )


@pytest.mark.parametrize("weight", [0.0, 0.5])
@pytest.mark.parametrize("dims", [[16], [16, 8, 4]])
@pytest.mark.parametrize("has_negatives", [False, True])
def test_cached_equals_plain(
    encoder: SentenceTransformer, has_negatives: bool, dims: list[int], weight: float
) -> None:
    pairs = PAIRS
    if has_negatives:
        pairs = [replace(p, negative="a lattice") if i % 4 else p for i, p in enumerate(PAIRS)]
    teacher = make_teacher(weight) if weight else None
    columns = [list(dict.fromkeys(column)) for column in list_columns(pairs)]
    contrasts = [Contrast(plant_answer(pairs), 20.0, teacher, follow=weight) for _ in range(2)]
    found = [
        run_loss(encoder, MatryoshkaLoss(encoder, ranking, dims), columns)
        for ranking in (
            MaskedRankingLoss(encoder, contrasts[0], find_distinct(pairs)),
            CachedMaskedRankingLoss(encoder, contrasts[1], find_distinct(pairs), 3),
        )
    ]
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-5)


def test_without_a_mask_it_is_the_plain_loss(encoder: SentenceTransformer) -> None:
    columns = list_columns(PAIRS)
    plain = MatryoshkaLoss(encoder, MultipleNegativesRankingLoss(encoder, 20.0), [16, 8])
    ranking = MaskedRankingLoss(encoder, Contrast(GraphMask(PAIRS), 20.0), find_distinct(PAIRS))
    ours = MatryoshkaLoss(encoder, ranking, [16, 8])
    wanted, found = run_loss(encoder, plain, columns), run_loss(encoder, ours, columns)
    assert found[0] == pytest.approx(wanted[0], rel=1e-5)
    torch.testing.assert_close(found[1], wanted[1], rtol=1e-3, atol=1e-5)


def test_a_text_that_stands_twice_is_encoded_once_to_the_same_effect(
    encoder: SentenceTransformer,
) -> None:
    pairs = [replace(pair, positive=PAIRS[i // 6 * 6].positive) for i, pair in enumerate(PAIRS)]
    columns = list_columns(pairs)
    distinct = [list(dict.fromkeys(column)) for column in columns]
    assert len(distinct[1]) < len(columns[1])
    apart = Distinct([[f"{place}" for place in range(len(pairs))]] * 2)
    losses = [
        MaskedRankingLoss(encoder, Contrast(GraphMask(pairs), 20.0), one)
        for one in (find_distinct(pairs), apart)
    ]
    found, wanted = run_loss(encoder, losses[0], distinct), run_loss(encoder, losses[1], columns)
    assert found[0] == pytest.approx(wanted[0], rel=1e-5)
    torch.testing.assert_close(found[1], wanted[1], rtol=1e-3, atol=1e-5)


def test_short_vectors_are_drawn_towards_the_order_of_the_whole_ones() -> None:
    labels, mask = torch.tensor(ROWS), GraphMask(PAIRS)
    anchors, documents = draw_vectors(8, 0), draw_vectors(8, 1)

    def measure(follow: float, n_dims: int) -> float:
        contrast = Contrast(mask, 20.0, follow=follow)
        contrast.compute(anchors, documents, labels)
        return contrast.compute(anchors[:, :n_dims], documents[:, :n_dims], labels).item()

    plain = measure(0.0, 8)
    assert measure(1.0, 8) > plain + 0.1
    assert measure(2.0, 8) - plain == pytest.approx(2 * (measure(1.0, 8) - plain), rel=1e-4)
    assert measure(1.0, 16) == measure(0.0, 16)


def test_density_is_the_mean_since_last_asked() -> None:
    contrast = Contrast(plant_answer(PAIRS), 20.0)
    anchors, documents, labels = draw_vectors(8, 0), draw_vectors(8, 1), torch.tensor(ROWS)
    for dim in (16, 8):  # one batch, two dimensions: counted once
        contrast.compute(anchors[:, :dim], documents[:, :dim], labels)
    assert contrast.take_density() == Density(1 / 56, 1 / 56)
    assert contrast.take_density() == Density(0.0, 0.0)
    contrast.compute(anchors, documents, labels + 16)
    contrast.compute(anchors, documents, labels)
    assert contrast.take_density() == Density(1 / 112, 1 / 112)


def test_columns_of_absent_negatives_are_no_part_of_the_density() -> None:
    pairs = [replace(PAIRS[0], negative="a lattice"), *PAIRS[1:]]
    contrast = Contrast(plant_answer(pairs), 20.0)
    contrast.compute(draw_vectors(8, 0), draw_vectors(16, 1), torch.tensor(ROWS))
    assert contrast.take_density().masked == 1 / 64


def test_the_teacher_draws_towards_its_similarities() -> None:
    teacher = make_teacher(1.0)
    labels = torch.tensor(ROWS)
    mask = GraphMask(PAIRS)
    same = [teacher.queries[labels], teacher.documents[labels]]
    plain = Contrast(mask, 20.0).compute(*same, labels)
    assert Contrast(mask, 20.0, teacher).compute(*same, labels).item() == pytest.approx(
        plain.item(), abs=1e-4
    )
    other = draw_vectors(8, 5)
    drift = Contrast(mask, 20.0, teacher).compute(other, same[1], labels)
    assert drift > Contrast(mask, 20.0).compute(other, same[1], labels) + 0.1


def test_labels_are_asked_for(encoder: SentenceTransformer, tmp_path: Path) -> None:
    contrast = Contrast(GraphMask(PAIRS), 20.0)
    loss = CachedMaskedRankingLoss(encoder, contrast, find_distinct(PAIRS), 4)
    with pytest.raises(ValueError, match="labels"):
        loss.calculate_loss([[draw_vectors(2, 0)], [draw_vectors(2, 1)]])
