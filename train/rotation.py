"""Turning the axes of the vector space, so that the first few hold as much as they can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphtune.encoder import encode_texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Texts whose vectors give the axes, at most.
_DRAWN = 2000


def rotate_axes(encoder: SentenceTransformer, queries: Sequence[str]) -> None:
    """Add a linear layer that turns vectors to the principal axes of the queries, in place.

    Products of vectors at full width stay what they were, but a vector cut to its first dimensions
    keeps the directions in which queries differ most, where a base that was not trained for it keeps
    arbitrary ones. Training goes on from there, on the layer's weights too.

    Args:
        encoder: whose last layers pool and, it may be, normalise.
        queries: of which some 2,000 are encoded, the same ones at each call; one alone has no axes.
    """
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    unique = sorted(set(queries))
    if len(unique) < 2:
        return
    generator = np.random.default_rng(0)
    drawn = generator.choice(len(unique), size=min(_DRAWN, len(unique)), replace=False)
    vectors = encode_texts(encoder, [unique[i] for i in sorted(drawn)], "query", "principal axes")
    axes = torch.from_numpy(find_axes(vectors)).to(encoder.device)
    layer = Dense(
        len(axes), len(axes), bias=False, activation_function=torch.nn.Identity(), init_weight=axes
    )
    at = len(encoder) - isinstance(encoder[-1], Normalize)
    encoder.insert(at, layer.to(encoder.device))


def find_axes(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the principal axes of some vectors as orthonormal rows, that of the largest variance first.

    The largest component of each is positive, so that they are the same wherever they are computed.

    Args:
        vectors: shape (n, dim), with n of 2 or more.

    >>> find_axes(np.array([[0, 0, 1], [0, 2, 1], [1, 0, 1], [1, 2, 1]], dtype=np.float32)).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    _, columns = np.linalg.eigh(np.cov(vectors.astype(np.float64), rowvar=False))
    axes = columns.T[::-1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1, keepdims=True), axis=1)
    turned: NDArray[np.float32] = np.ascontiguousarray(
        axes * np.sign(largest) + 0.0, dtype=np.float32
    )
    return turned
