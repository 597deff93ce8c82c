"""Layers as training wants them, and as they were afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import nn


@contextmanager
def prepare_layers(encoder: SentenceTransformer, dropout: float) -> Iterator[None]:
    """Set the share of activations dropped everywhere and, on a processor, the plain form of attention.

    There the fused form has a slow backward pass. The model's settings, as they are saved, stay what they
    were, and so does everything else at the end.
    """
    held = [
        (module, name, value)
        for module in encoder.modules()
        for name, value in list_dropouts(module).items()
    ]
    attention = _use_plain_attention(encoder) if encoder.device.type == "cpu" else []
    try:
        for module, name, _ in held:
            setattr(module, name, dropout)
        yield
    finally:
        for module, name, value in held:
            setattr(module, name, value)
        for model, implementation in attention:
            model.set_attn_implementation(implementation)


@contextmanager
def read_tokens(encoder: SentenceTransformer, most: int | None) -> Iterator[None]:
    """Cut texts at a number of tokens; at the end they are cut where they were before."""
    held, encoder.max_seq_length = encoder.max_seq_length, most
    try:
        yield
    finally:
        encoder.max_seq_length = held


def list_dropouts(module: nn.Module) -> dict[str, float]:
    """Return the shares that a layer drops, by attribute: `p` of dropout layers, and its own numbers.

    >>> from torch import nn
    >>> list_dropouts(nn.Dropout(0.1)), list_dropouts(nn.Linear(2, 2))
    ({'p': 0.1}, {})
    """
    from torch.nn.modules.dropout import _DropoutNd

    if isinstance(module, _DropoutNd):
        return {"p": module.p}
    return {
        name: value
        for name, value in vars(module).items()
        if "dropout" in name and isinstance(value, float)
    }


def _use_plain_attention(encoder: SentenceTransformer) -> list[tuple[Any, str]]:
    """Set it where a model can be set; return those changed, with what they had."""
    from transformers import PreTrainedModel

    changed = []
    for model in encoder.modules():
        if isinstance(model, PreTrainedModel) and model._can_set_attn_implementation():
            implementation = model.config._attn_implementation
            if implementation == "sdpa":
                model.set_attn_implementation("eager")
                changed.append((model, implementation))
    return changed
