"""Averaging the tuned weights with the base model's (WiSE-FT, arXiv:2109.01903), against forgetting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


def copy_weights(encoder: SentenceTransformer) -> dict[str, Tensor]:
    """Return a copy of all weights, by name, as `merged_weights` takes them."""
    return {name: tensor.detach().clone() for name, tensor in encoder.state_dict().items()}


@contextmanager
def merged_weights(
    encoder: SentenceTransformer, base: Mapping[str, Tensor], share: float
) -> Iterator[None]:
    """Put `share * base + (1 - share) * tuned` into the encoder; at the end its own weights come back.

    Args:
        encoder: the tuned model.
        base: the weights before tuning, from `copy_weights`.
        share: from 0, the tuned weights alone, to 1.
    """
    if not share:
        yield
        return
    tuned = copy_weights(encoder)
    try:
        _write_weights(
            encoder,
            {
                name: torch.lerp(tensor, base[name].to(tensor.device), share)
                for name, tensor in tuned.items()
                if tensor.is_floating_point()
            },
        )
        yield
    finally:
        _write_weights(encoder, tuned)


def _write_weights(encoder: SentenceTransformer, weights: Mapping[str, Tensor]) -> None:
    """Write in place, so that an optimizer still holds the same parameters."""
    held = encoder.state_dict()
    with torch.no_grad():
        for name, tensor in weights.items():
            held[name].copy_(tensor)
