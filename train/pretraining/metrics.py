"""Figures of pre-training: masked tokens and the order of segments, the names as on ALBERT's cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphtune.train.pretraining.masking import IGNORED

if TYPE_CHECKING:
    import torch


def reduce_logits(logits: Sequence[torch.Tensor], labels: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return, for each example, all that the figures need, so that logits do not pile up.

    Args:
        logits: of the tokens, shape (n, length, vocabulary), and of the order, shape (n, 2).
        labels: of the tokens, shape (n, length), and of the order, shape (n,).

    Returns:
        float32, shape (n, 5): masked tokens, those right, their summed loss; order right, its loss.
    """
    import torch
    from torch.nn.functional import cross_entropy

    tokens, order = logits[0].float(), logits[1].float()
    asked, swapped = labels[0], labels[1].view(-1)
    is_asked = asked != IGNORED
    losses = cross_entropy(tokens.transpose(1, 2), asked, reduction="none", ignore_index=IGNORED)
    right = (tokens.argmax(dim=-1) == asked) & is_asked
    columns = (
        is_asked.sum(dim=1),
        right.sum(dim=1),
        losses.sum(dim=1),
        order.argmax(dim=-1) == swapped,
        cross_entropy(order, swapped, reduction="none"),
    )
    return torch.stack([column.float() for column in columns], dim=1)


def sum_up(reduced: NDArray[np.float32]) -> dict[str, float]:
    """Return the figures of `reduce_logits`' rows: means over tokens, and over examples.

    `loss` is the sum of both losses; a card whose `loss` is a mean over batches may differ a little.

    >>> figures = sum_up(np.array([[2, 1, 3.0, 1, 0.5], [2, 2, 1.0, 0, 1.5]], dtype=np.float32))
    >>> figures["masked_lm_accuracy"], figures["sentence_order_accuracy"], figures["loss"]
    (0.75, 0.5, 2.0)
    """
    sums = reduced.astype(np.float64).sum(axis=0).tolist()
    asked, right, loss, order, order_loss = sums
    count, tokens = max(1, len(reduced)), max(1.0, asked)
    return {
        "loss": loss / tokens + order_loss / count,
        "masked_lm_accuracy": right / tokens,
        "masked_lm_loss": loss / tokens,
        "sentence_order_accuracy": order / count,
        "sentence_order_loss": order_loss / count,
    }


def score_by_words(
    train: Sequence[tuple[str, str, bool]], test: Sequence[tuple[str, str, bool]]
) -> float:
    """Return the order accuracy of a logistic regression on the words of each segment, without their order.

    What a bag of words can tell needs no encoder: the figure that an order accuracy has to beat.

    Args:
        train: first segment, second segment, whether they are swapped.
        test: what the accuracy is of, likewise.
    """
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = HashingVectorizer(
        n_features=2**18, token_pattern=r"\\[A-Za-z]+|\w+|[^\w\s]", lowercase=False, norm=None
    )

    def embed(rows: Sequence[tuple[str, str, bool]]) -> Any:
        from scipy.sparse import hstack

        sides = ([row[side] for row in rows] for side in (0, 1))
        return hstack([vectorizer.transform(texts) for texts in sides]).tocsr()

    model = LogisticRegression(max_iter=200, solver="liblinear", random_state=0)
    model.fit(embed(train), [row[2] for row in train])
    return float(model.score(embed(test), [row[2] for row in test]))
