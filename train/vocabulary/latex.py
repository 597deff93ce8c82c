r"""LaTeX macros as tokens of their own: chosen from a corpus or a list, added to a tokenizer and its model.

An added macro is matched whole, with its case, and never inside a longer one: `\in` is no part of
`\infty`, and `\Gamma` is not `\gamma`, also where the tokenizer lower-cases.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from graphtune.errors import ConfigError, DataError
from graphtune.train.pretraining.formulas import find_formulas, list_macros

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_MACRO = re.compile(r"\\[A-Za-z]+")
#: Stands behind a macro with capitals while a tokenizer lower-cases; occurs nowhere else.
_MARK = "⟐"
#: Where a macro begins behind something, and where one ends before what counts as part of a word; what
#: looks back has to say how far.
_BEFORE = r"(?<=\S)(?=\\[A-Za-z])"
_MACRO_ENDS = "|".join([_MARK, *(rf"\\[A-Za-z]{{{length}}}" for length in range(1, 25))])
_BEHIND = rf"(?<={_MACRO_ENDS})(?=[\d_])"
#: A macro that is met less often is not worth a token.
_LEAST = 2


def count_macros(texts: Iterable[str]) -> Counter[str]:
    r"""Return how often each macro stands in the formulas of texts.

    >>> count_macros([r"Let $\alpha+\alpha \in \Gamma$ be \emph{so}."]).most_common(1)
    [('\\alpha', 2)]
    """
    return Counter(
        macro.rstrip("*")
        for text in texts
        for _, _, formula in find_formulas(text)
        for macro in list_macros(formula)
    )


def measure_whole(tokenizer: PreTrainedTokenizerFast, texts: Iterable[str]) -> float:
    """Return the share of distinct formulas in which each macro is one token and nothing is unknown.

    Raises:
        DataError: the texts hold no formula.
    """
    formulas = sorted({formula for text in texts for _, _, formula in find_formulas(text)})
    if not formulas:
        raise DataError("the texts hold no formula between $ or \\[ signs: no macros to find")
    encoded = tokenizer(formulas, add_special_tokens=False)["input_ids"]
    whole = 0
    for formula, ids in zip(formulas, encoded, strict=True):
        tokens = tokenizer.convert_ids_to_tokens(ids)
        found = Counter(token.lstrip("▁ ") for token in tokens)
        wanted = Counter(macro.rstrip("*") for macro in list_macros(formula))
        whole += tokenizer.unk_token_id not in ids and wanted <= found
    return whole / len(formulas)


def choose_macros(counts: Counter[str], number: int) -> list[str]:
    r"""Return the most frequent macros, at most so many, of those that occur more than once.

    >>> choose_macros(Counter({r"\a": 3, r"\c": 2, r"\b": 2, r"\d": 1}), 3)
    ['\\a', '\\b', '\\c']
    """
    ranked = sorted(counts, key=lambda macro: (-counts[macro], macro))
    return [macro for macro in ranked if counts[macro] >= _LEAST][:number]


def add_macros(
    tokenizer: PreTrainedTokenizerFast, macros: Sequence[str]
) -> tuple[PreTrainedTokenizerFast, list[list[int]]]:
    """Return a tokenizer with macros added; those that it holds already are left alone.

    It is a plain `PreTrainedTokenizerFast`: classes such as `AlbertTokenizer` make their normaliser anew
    when they are loaded, and would lose what finds the macros.

    Returns:
        The tokenizer; and for each new token, in the order of their ids, the ids by which it was written.

    Raises:
        ConfigError: one of them is no backslash with letters behind it.
    """
    from tokenizers import AddedToken

    if wrong := [macro for macro in macros if not _MACRO.fullmatch(macro)]:
        raise ConfigError(f"{wrong[0]!r} is no LaTeX macro: a backslash, then letters only")
    known = {token.content for token in tokenizer.added_tokens_decoder.values()}
    known |= tokenizer.get_vocab().keys()
    new = [macro for macro in dict.fromkeys(macros) if macro not in known]
    if not new:
        return tokenizer, []
    before = [tokenizer.encode(macro, add_special_tokens=False) for macro in new]
    made = _copy_plain(tokenizer)
    _isolate_macros(made.backend_tokenizer, new)
    made.add_tokens(
        [AddedToken(macro, single_word=True, lstrip=True, normalized=True) for macro in new]
    )
    return made, before


def _copy_plain(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    made: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()),
        **tokenizer.special_tokens_map,
        model_max_length=tokenizer.model_max_length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )
    return made


def _isolate_macros(backend: Any, macros: Sequence[str]) -> None:
    """Let a tokenizer see macros as words, and those with capitals apart where it folds case."""
    from tokenizers import Regex, decoders, normalizers

    fold = backend.normalizer
    folded = [m for m in macros if fold is not None and fold.normalize_str(m).strip() != m]
    steps = [normalizers.Replace(Regex(rf"\{m}(?![A-Za-z])"), m + _MARK) for m in folded]
    # A token stands between blanks, or signs that are no part of a word.
    steps += [normalizers.Replace(Regex(place), " ") for place in (_BEFORE, _BEHIND)]
    backend.normalizer = normalizers.Sequence([*steps, fold] if fold is not None else steps)
    if folded:
        rest = [backend.decoder] if backend.decoder is not None else []
        back = [decoders.Replace(fold.normalize_str(m + _MARK).strip(), m) for m in folded]
        backend.decoder = decoders.Sequence([*back, *rest])


def resize_model(model: PreTrainedModel, size: int, before: Sequence[Sequence[int]]) -> None:
    """Grow a model, heads included, to a vocabulary that has new tokens at its end.

    The row of a new token starts as the mean of the rows by which it was written before: the library's own
    start is one and the same vector for all.
    """
    import torch

    rows = int(model.config.vocab_size)  # which may be more than the tokenizer had
    model.resize_token_embeddings(max(size, rows), mean_resizing=False)
    weights = cast("torch.Tensor", model.get_input_embeddings().weight)
    output: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    bias: torch.Tensor | None = getattr(output, "bias", None)
    with torch.no_grad():
        for row, pieces in enumerate(before, start=size - len(before)):
            weights[row] = weights[list(pieces)].mean(dim=0)
            if bias is not None:
                bias[row] = bias[list(pieces)].mean()
