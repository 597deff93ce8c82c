"""Masks for masked language modelling: n-grams of tokens, as ALBERT draws them (arXiv:1909.11942)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

#: Label of a token that is not asked for.
IGNORED = -100
#: Of the tokens that are asked for: shares shown as the mask, and as another token.
_MASKED, _RANDOM = 0.8, 0.1


def draw_masked(
    maskable: NDArray[np.bool_], share: float, longest: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw which tokens of a sequence are asked for: spans of 1 to `longest` tokens, n as often as 1/n.

    Args:
        maskable: which tokens may be asked for, shape (n,).
        share: of these, about how many are drawn; at least one.
        longest: tokens of the longest span; 1 draws single tokens.
        random: the source of all draws.

    >>> drawn = draw_masked(np.ones(40, dtype=bool), 0.15, 3, np.random.default_rng(0))
    >>> int(drawn.sum()), drawn.shape
    (6, (40,))
    """
    places = np.flatnonzero(maskable)
    chosen = np.zeros(len(maskable), dtype=bool)
    budget = max(1, round(share * len(places))) if len(places) else 0
    weights = 1 / np.arange(1, longest + 1)
    for start in random.permutation(places):
        left = budget - int(chosen.sum())
        if left <= 0:
            break
        length = min(left, 1 + int(random.choice(longest, p=weights / weights.sum())))
        span = np.arange(start, min(start + length, len(maskable)))
        chosen[span] |= maskable[span] & ~chosen[span]
    return chosen


class NgramCollator:
    """Pads encoded examples and masks them; drawn anew for each batch, from a seed.

    Examples that have `labels` already (see `mask_once`) are only padded.

    Args:
        tokenizer: with a mask token.
        share: of the tokens that are asked for.
        longest: tokens of the longest span.
        seed: of all draws.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        share: float = 0.15,
        longest: int = 3,
        seed: int = 0,
    ) -> None:
        self._tokenizer, self._share, self._longest = tokenizer, share, longest
        self._random = np.random.default_rng(seed)
        self._special = np.array(sorted(tokenizer.all_special_ids))

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return a batch of tensors with `labels`, and whatever else the examples hold."""
        import torch

        masked = [one if "labels" in one else self.mask(one) for one in examples]
        rest = [{k: v for k, v in one.items() if k != "labels"} for one in masked]
        batch = dict(self._tokenizer.pad(rest, return_tensors="pt"))
        length = batch["input_ids"].shape[1]
        labels = [[*one["labels"], *[IGNORED] * (length - len(one["labels"]))] for one in masked]
        return {**batch, "labels": torch.tensor(labels)}

    def mask_once(self, examples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Mask examples for good, so that figures before and after training are of the same tokens."""
        return [self.mask(one) for one in examples]

    def mask(self, example: Mapping[str, Any]) -> dict[str, Any]:
        """Return an example with some tokens hidden, and `labels` that say which they were."""
        tokens = np.asarray(example["input_ids"])
        maskable = ~np.isin(tokens, self._special)
        drawn = draw_masked(maskable, self._share, self._longest, self._random)
        draws = self._random.random(len(tokens))
        others = self._random.integers(0, len(self._tokenizer), len(tokens))
        shown = np.where(drawn & (draws < _MASKED), self._tokenizer.mask_token_id, tokens)
        is_other = drawn & (draws >= _MASKED) & (draws < _MASKED + _RANDOM)
        shown = np.where(is_other, others, shown)
        labels = np.where(drawn, tokens, IGNORED)
        return {**example, "input_ids": shown.tolist(), "labels": labels.tolist()}
