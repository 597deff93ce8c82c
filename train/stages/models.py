"""Tokenizers and encoders of stages: made new, or taken from an earlier stage, a folder or the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from graphtune.errors import ConfigError, DataError, ModelError
from graphtune.models import load_pretrained
from graphtune.train.stages.settings import ModelConfig, VocabularyConfig
from graphtune.train.stages.sources import read_texts
from graphtune.train.vocabulary.latex import (
    add_macros,
    choose_macros,
    count_macros,
    measure_whole,
    resize_model,
)
from graphtune.train.vocabulary.unigram import train_unigram

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Head = Literal["pretrain", "classify", "tag"]
#: Classes of transformers, by what an encoder is for.
_AUTO = {
    "pretrain": "AutoModelForPreTraining",
    "classify": "AutoModelForSequenceClassification",
    "tag": "AutoModelForTokenClassification",
}


def make_vocabulary(
    config: VocabularyConfig, root: Path
) -> tuple[PreTrainedTokenizerFast, list[list[int]], dict[str, float]]:
    """Return a tokenizer, for each macro that was added the ids by which it was written before, and figures.

    Raises:
        DataError: there is no text to train on, or too little, or no formula where macros are asked for.
        ConfigError: a macro of the list is none.
        ModelError: the tokenizer to start from cannot be loaded.
    """
    sources = [root / name for name in config.texts]
    if not config.base:
        if not sources:
            raise ConfigError("[vocabulary] wants `texts` to train on, or the `base` to start from")
        texts = read_texts(sources, config.text_fields)
        _, tokenizer = train_unigram(
            (part for text in texts for part in text.paragraphs),
            config.size,
            config.symbols,
            config.coverage,
            config.lower_case,
            config.strip_accents,
        )
    else:
        inside = root / config.base
        tokenizer = load_tokenizer(str(inside) if inside.is_dir() else config.base)
    macros = _list_macros(config, root, sources)
    made, added = add_macros(tokenizer, macros)
    figures = {"pieces": float(len(made)), "macros": float(len(added))}
    if added and sources:
        parts = [
            part for text in read_texts(sources, config.text_fields) for part in text.paragraphs
        ]
        figures["formulas_whole_before"] = measure_whole(tokenizer, parts)
        figures["formulas_whole"] = measure_whole(made, parts)
    return made, added, figures


def _list_macros(config: VocabularyConfig, root: Path, sources: Sequence[Path]) -> list[str]:
    found: list[str] = []
    if config.macros:
        texts = read_texts(sources, config.text_fields)
        counts = count_macros(part for text in texts for part in text.paragraphs)
        found = choose_macros(counts, config.macros)
    if config.macro_list:
        path = root / config.macro_list
        try:
            lines = path.read_text(encoding="utf-8").split()
        except OSError as error:
            raise DataError(f"the macros {path} cannot be read: {error.strerror}") from error
        found = list(dict.fromkeys([*found, *lines]))[: config.macros or None]
    return found


def load_tokenizer(name: str) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a folder or a hub id.

    Raises:
        ModelError: there is none.
    """
    from transformers import AutoTokenizer

    def load(target: str, stay_local: bool) -> Any:
        return AutoTokenizer.from_pretrained(target, local_files_only=stay_local)

    tokenizer: PreTrainedTokenizerFast = load_pretrained(name, load)
    return tokenizer


def make_encoder(
    config: ModelConfig,
    tokenizer: PreTrainedTokenizerFast,
    head: Head,
    seed: int,
    **head_settings: Any,
) -> PreTrainedModel:
    """Return a new encoder with random weights, drawn from the seed."""
    import transformers

    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_length,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "initializer_range": config.init_std,
        "pad_token_id": tokenizer.pad_token_id,
        **head_settings,
    }
    if config.architecture == "albert":
        made: Any = transformers.AlbertConfig(**shape, embedding_size=config.embedding_size)
    else:
        made = transformers.BertConfig(**shape)
    transformers.set_seed(seed)
    auto = getattr(transformers, _AUTO[head])
    model: PreTrainedModel = auto.from_config(made, attn_implementation=_choose_attention())
    return model


def _choose_attention() -> str | None:
    """Return plain attention for processors, where the fused one is slow backwards; else the library's."""
    import torch

    return None if torch.cuda.is_available() else "eager"


def load_model(
    name: str,
    head: Head,
    tokenizer: PreTrainedTokenizerFast,
    added: Sequence[Sequence[int]],
    seed: int,
    **head_settings: Any,
) -> PreTrainedModel:
    """Load an encoder with a head for a task; a head that its checkpoint lacks starts from the seed.

    Where macros were added to the tokenizer, the model grows by their rows.

    Raises:
        ModelError: it cannot be loaded, or its vocabulary is not the tokenizer's.
    """
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # That a head is new, or left behind, is what was asked for.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]

    def load(target: str, stay_local: bool) -> Any:
        transformers.set_seed(seed)
        return getattr(transformers, _AUTO[head]).from_pretrained(
            target,
            local_files_only=stay_local,
            use_safetensors=True,
            attn_implementation=_choose_attention(),
            **head_settings,
        )

    model: PreTrainedModel = load_pretrained(name, load)
    if _count_new(name, tokenizer, len(added)):
        resize_model(model, len(tokenizer), added)
    return model


def _count_new(name: str, tokenizer: PreTrainedTokenizerFast, added: int) -> int:
    """Return how many tokens a checkpoint does not know: none, or the macros that were added.

    Raises:
        ModelError: its own tokenizer numbers tokens in another way.
    """
    own, ours = load_tokenizer(name).get_vocab(), tokenizer.get_vocab()
    new = len(ours) - len(own)
    if new not in (0, added) or any(ours.get(token) != number for token, number in own.items()):
        raise ModelError(
            f"{name} knows {len(own):,} tokens, and the tokenizer has {len(ours):,} or others: they do not "
            "belong together. Start from a model of this vocabulary, or leave [vocabulary] out."
        )
    return new
