"""Loading and running a cross-encoder, which reads a query and a passage together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphtune.encoder import replace_surrogates
from graphtune.errors import ModelError
from graphtune.models import load_pretrained

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def load_reranker(model: str) -> CrossEncoder:
    """Load a sentence-transformers cross-encoder, a folder or a hub id, from safetensors weights only.

    Raises:
        ModelError: it cannot be found or loaded, is no cross-encoder, or gives more than two scores a pair.
    """
    from sentence_transformers import CrossEncoder
    from transformers import AutoConfig

    def load(target: str, stay_local: bool) -> CrossEncoder:
        settings: Any = AutoConfig.from_pretrained(target, local_files_only=stay_local)
        made_for = settings.architectures or ["nothing"]
        # Any other model would get a head of random weights, without a word.
        if not made_for[0].endswith(("ForSequenceClassification", "ForCausalLM")):
            raise ModelError(
                f"{model!r} is no cross-encoder: its weights are those of {made_for[0]}, without a "
                "head that scores a pair"
            )
        reranker: CrossEncoder = CrossEncoder(
            target, local_files_only=stay_local, model_kwargs={"use_safetensors": True}
        )
        return reranker

    reranker = load_pretrained(model, load)
    if reranker.num_labels not in (1, 2):
        raise ModelError(
            f"{model!r} gives {reranker.num_labels} scores for a query and a passage; a reranker gives one, "
            "or one for wrong and one for right"
        )
    return reranker


def score_passages(reranker: CrossEncoder, query: str, passages: Sequence[str]) -> list[float]:
    """Return the model's raw scores in float32; of two labels, by how much right stands above wrong.

    A sigmoid would make the best ones equal, and so would bfloat16, which has eight bits for a score:
    its ties would keep the order of the first stage.
    """
    from torch.nn import Identity

    if not passages:
        return []
    asked = replace_surrogates(query)
    scores = reranker.predict(
        [(asked, replace_surrogates(passage)) for passage in passages],
        activation_fn=Identity(),
        show_progress_bar=False,
    )
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim == 2:
        values = values[:, 1] - values[:, 0]
    if not np.isfinite(values).all():
        raise ValueError("it gave NaN or infinity")
    return [float(value) for value in values]
