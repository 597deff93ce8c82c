"""A SentencePiece unigram vocabulary (arXiv:1808.06226) from raw text, as a tokenizer of transformers."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphtune.errors import DataError

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor
    from transformers import PreTrainedTokenizerFast

#: As ALBERT has them: padding 0, unknown 1, then the others.
PAD, UNKNOWN = "<pad>", "<unk>"
CONTROLS = ("[CLS]", "[SEP]", "[MASK]")
_OPTIONS: dict[str, Any] = {
    "model_type": "unigram",
    "normalization_rule_name": "identity",
    "remove_extra_whitespaces": False,
    "hard_vocab_limit": False,  # small texts give fewer pieces
    "byte_fallback": True,
    "pad_id": 0,
    "unk_id": 1,
    "bos_id": -1,
    "eos_id": -1,
    "pad_piece": PAD,
    "unk_piece": UNKNOWN,
    "control_symbols": list(CONTROLS),
    "max_sentence_length": 1_000_000,  # bytes; longer lines would be left out in silence
    "shuffle_input_sentence": False,
    "num_threads": 1,  # several add up scores in another order each time
    "minloglevel": 2,
}


def train_unigram(
    texts: Iterable[str],
    size: int,
    symbols: Sequence[str] = (),
    coverage: float = 0.9995,
    lower_case: bool = False,
    strip_accents: bool = False,
) -> tuple[SentencePieceProcessor, PreTrainedTokenizerFast]:
    """Train a vocabulary; what no piece covers is written in bytes, so nothing is unknown.

    Args:
        texts: raw text, in any number of pieces.
        size: pieces at most, the 256 bytes and the special ones among them.
        symbols: pieces that are never split or joined.
        coverage: share of the characters that get a piece of their own; the others are bytes.
        lower_case: fold case, as the first ALBERT models did.
        strip_accents: drop marks; in many scripts that makes other letters of them (й to и, آ to ا).

    Raises:
        DataError: the texts are empty, or too small for so many pieces.
    """
    import sentencepiece

    lines = (
        fold_text(line, lower_case, strip_accents)
        for text in texts
        for line in text.splitlines()
        if line.strip()
    )
    model = io.BytesIO()
    options = {**_OPTIONS, "vocab_size": size, "character_coverage": coverage}
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            user_defined_symbols=list(symbols),
            **options,
        )
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"no vocabulary of {size:,} pieces can be trained on these texts: {error}. "
            "Ask for fewer pieces or give more text; where there are more characters than pieces, for more."
        ) from error
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return processor, make_tokenizer(processor, lower_case, strip_accents)


def fold_text(text: str, lower_case: bool, strip_accents: bool) -> str:
    """Return a text as the tokenizer will see it.

    >>> fold_text("Йод آب", lower_case=True, strip_accents=False)
    'йод آب'
    >>> fold_text("Йод آب", lower_case=False, strip_accents=True)
    'Иод اب'
    """
    if strip_accents:
        marked = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in marked if not unicodedata.combining(char))
    return text.lower() if lower_case else text


def make_tokenizer(
    processor: SentencePieceProcessor, lower_case: bool = False, strip_accents: bool = False
) -> PreTrainedTokenizerFast:
    """Return a tokenizer with the pieces of a SentencePiece model, and ALBERT's template of segments.

    It is a `PreTrainedTokenizerFast`, not an `AlbertTokenizer`: that one drops accents and case unless it
    is told not to, has no bytes to fall back on, and squeezes blanks.
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import Unigram
    from transformers import PreTrainedTokenizerFast

    pieces = [
        (processor.id_to_piece(number), processor.get_score(number))
        for number in range(processor.get_piece_size())
    ]
    made = Tokenizer(Unigram(pieces, unk_id=processor.unk_id(), byte_fallback=True))
    folds = [normalizers.NFKD(), normalizers.StripAccents()] if strip_accents else []
    if lower_case:
        folds.append(normalizers.Lowercase())
    # SentencePiece puts a blank before every text, also before one that begins with a blank. A text that is
    # one LaTeX macro goes without: it may be the content of an added token (see `latex`).
    start = Regex(r"\A(?!\\[A-Za-z]+\W?\Z)")
    made.normalizer = normalizers.Sequence([*folds, normalizers.Replace(start, " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never")
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    made_for_models: PreTrainedTokenizerFast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made,
        pad_token=PAD,
        unk_token=UNKNOWN,
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )
    return made_for_models
