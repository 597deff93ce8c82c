"""Choosing weights of pre-training by what they retrieve: a lower loss may find less."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from graphtune.config import BaseConfig
from graphtune.encoder import load_encoder
from graphtune.errors import DataError
from graphtune.train.data import make_dev_set
from graphtune.train.selection import score_dev, shrink_dev
from graphtune.train.stages.sources import read_workspace
from graphtune.train.trainer import DEV_PASSAGES, DEV_QUERIES

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

#: Looks at the figure in a training.
_LOOKS = 5


class RetrievalChooser(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Scores the encoder on a workspace's development queries, and leaves the best weights in the model.

    A text's vector is the mean of its tokens' last layer. The weights before training do not compete;
    `looks` has their figure (NDCG@10) too, by step.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, workspace: Path
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        dev = make_dev_set(*read_workspace(workspace))
        if not dev.queries:
            raise DataError(
                f"{workspace} has no development queries to choose by: add papers, or raise dev_concepts in "
                "[split]"
            )
        self.dev = shrink_dev(dev, DEV_QUERIES, DEV_PASSAGES, seed=0)
        self.looks: list[tuple[int, float]] = []
        self._best = 0.0
        self._weights: dict[str, Any] = {}

    def look(self) -> float:
        """Return the development figure of the model as it is."""
        with TemporaryDirectory() as folder:
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)
            encoder = load_encoder(BaseConfig(model=folder))
            width = encoder.get_embedding_dimension() or 0
            return score_dev(encoder, self.dev, (width,))[width]

    def on_train_begin(self, *arguments: Any, **kwargs: Any) -> None:
        """Look once before the first step."""
        self.looks.append((0, self.look()))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Look, and hold the weights that find more than those before."""
        every = max(1, state.max_steps // _LOOKS)
        if state.global_step % every and state.global_step != state.max_steps:
            return
        figure = self.look()
        self.looks.append((state.global_step, figure))
        if not self._weights or figure > self._best:
            self._best = figure
            held = self.model.state_dict()
            self._weights = {name: tensor.detach().clone() for name, tensor in held.items()}

    def on_train_end(self, *arguments: Any, **kwargs: Any) -> None:
        """Put the best weights into the model."""
        self.model.load_state_dict(self._weights)
