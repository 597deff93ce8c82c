"""Vocabularies: lossless, equal to SentencePiece, and LaTeX macros that are matched whole."""

import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    AlbertConfig,
    AlbertForPreTraining,
    AlbertTokenizer,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertTokenizer,
    PreTrainedTokenizerFast,
)

from graphtune.errors import ConfigError, DataError
from graphtune.train.vocabulary.latex import (
    add_macros,
    choose_macros,
    count_macros,
    measure_whole,
    resize_model,
)
from graphtune.train.vocabulary.unigram import train_unigram

MONGOLIAN = [f"Ёлка гоё, {n} хүн Йод уув; Өглөө үүл нүүв." for n in range(60)]
PERSIAN = [f"آب می‌خواهم؛ کتاب {n} را خواندم." for n in range(60)]
MATHS = [rf"Let ${x}_{n} \in \Gamma$ and $\gamma \le \infty$." for n in range(40) for x in "xyz"]
MACROS = [r"\in", r"\infty", r"\Gamma", r"\gamma", r"\le", r"\int", r"\pi"]
PROCESSOR, TOKENIZER = train_unigram([*MONGOLIAN, *PERSIAN, *MATHS], 420)


@settings(max_examples=200)
@given(st.text(max_size=60).map(lambda text: text.strip("\x00")))
def test_any_text_is_encoded_as_sentencepiece_does_and_decoded_without_loss(text: str) -> None:
    # Control characters and the names of special tokens mean something to one of the two.
    text = "".join(char for char in text if char.isprintable() and char not in "▁<[")
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    if not re.fullmatch(r"\\[A-Za-z]+\W?", text):  # a macro alone goes without the blank before it
        assert ids == PROCESSOR.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert TOKENIZER.unk_token_id not in ids


def test_letters_with_marks_stay_and_can_be_folded() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode("Йод آب", add_special_tokens=False)) == "Йод آب"
    _, folded = train_unigram(MONGOLIAN + PERSIAN, 400, lower_case=True, strip_accents=True)
    ids = folded.encode("Йод آب", add_special_tokens=False)
    assert folded.decode(ids) == "иод اب"


def test_segments_are_marked_and_special_tokens_are_alberts(tmp_path: Path) -> None:
    encoded = TOKENIZER("хүн", "морь")
    assert set(encoded) == {"input_ids", "token_type_ids", "attention_mask"}
    assert encoded["token_type_ids"][0] == 0
    assert encoded["token_type_ids"][-1] == 1
    assert (TOKENIZER.pad_token_id, TOKENIZER.unk_token_id) == (0, 1)
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert loaded("хүн", "морь")["input_ids"] == encoded["input_ids"]


def test_training_repeats_byte_for_byte() -> None:
    again, _ = train_unigram([*MONGOLIAN, *PERSIAN, *MATHS], 420)
    assert again.serialized_model_proto() == PROCESSOR.serialized_model_proto()


@pytest.mark.parametrize("texts", [[], ["   \n "]])
def test_too_little_text_is_an_error(texts: list[str]) -> None:
    with pytest.raises(DataError, match="give more text"):
        train_unigram(texts, 5000)


def test_the_most_frequent_macros_are_chosen() -> None:
    counts = count_macros([*MATHS, r"\section{$\once$} \emph{no formula}"])
    assert choose_macros(counts, 3) == [r"\Gamma", r"\gamma", r"\in"]
    assert r"\once" not in choose_macros(counts, 99)
    assert r"\emph" not in counts


def make_extended(lower_case: bool) -> PreTrainedTokenizerFast:
    _, made = train_unigram(MATHS, 330, lower_case=lower_case)
    return add_macros(made, MACROS)[0]


@pytest.mark.parametrize("lower_case", [False, True])
@pytest.mark.parametrize(
    ("text", "macros"),
    [
        (r"x_\in y", [r"\in"]),
        (r"2\pi i\infty", [r"\pi", r"\infty"]),
        (r"\pi_1 \pi2 \le3", [r"\pi", r"\pi", r"\le"]),
        (r"\inj \intop \leq \Gammas \lemma", []),
        (r"\Gamma\gamma\Gamma_2", [r"\Gamma", r"\gamma", r"\Gamma"]),
        (r"{\in}(\int)", [r"\in", r"\int"]),
        (r"misaligned in gamma", []),
    ],
)
def test_macros_are_matched_whole_and_with_their_case(
    lower_case: bool, text: str, macros: list[str]
) -> None:
    made = make_extended(lower_case)
    added = {number: token.content for number, token in made.added_tokens_decoder.items()}
    ids = made.encode(text, add_special_tokens=False)
    assert [added[i] for i in ids if i in added and added[i] in MACROS] == macros


def test_a_macro_is_one_token_after_loading_too(tmp_path: Path) -> None:
    made = make_extended(lower_case=True)
    made.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for text in (r"a\in\Gamma_1", r"\gamma \le \Gamma"):
        assert loaded.encode(text) == made.encode(text)
    ids = loaded.encode(r"\Gamma \gamma", add_special_tokens=False)
    assert len(ids) == 2
    assert loaded.decode(ids).replace(" ", "") == r"\Gamma\gamma"


@pytest.mark.parametrize("lower_case", [False, True])
def test_what_is_no_macro_is_refused_and_a_known_one_left_alone(lower_case: bool) -> None:
    made = make_extended(lower_case)
    with pytest.raises(ConfigError, match="'align' is no LaTeX macro"):
        add_macros(made, [r"\sum", "align"])
    size = len(made)
    assert add_macros(made, MACROS) == (made, [])
    assert len(made) == size


@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_published_kinds_of_tokenizers_keep_their_macros_when_loaded(
    kind: str, tmp_path: Path
) -> None:
    pieces = [
        (PROCESSOR.id_to_piece(n), PROCESSOR.get_score(n))
        for n in range(PROCESSOR.get_piece_size())
    ]
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789_", "\\"]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{x}" for x in letters)]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    plain = (
        AlbertTokenizer(vocab=pieces)
        if kind == "albert"
        else BertTokenizer(vocab=str(tmp_path / "vocab.txt"), do_lower_case=True)
    )
    made, before = add_macros(plain, MACROS)
    assert len(before) == len(MACROS)
    made.save_pretrained(tmp_path / "made")
    loaded = AutoTokenizer.from_pretrained(tmp_path / "made")
    text = r"a\in\Gamma_1 \gamma"
    assert loaded.encode(text) == made.encode(text)
    added = {number: token.content for number, token in made.added_tokens_decoder.items()}
    found = [added[n] for n in loaded.encode(text) if added.get(n) in MACROS]
    assert found == [r"\in", r"\Gamma", r"\gamma"]
    assert loaded("a", "b")["token_type_ids"][-1] == 1
    assert loaded.mask_token_id == plain.mask_token_id


@pytest.mark.parametrize("kind", ["albert", "bert"])
def test_new_rows_are_the_mean_of_their_pieces_and_heads_grow(kind: str) -> None:
    _, made = train_unigram(MATHS, 330)
    old = len(made)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": old}
    model = (
        AlbertForPreTraining(AlbertConfig(**shape, embedding_size=4, intermediate_size=8))
        if kind == "albert"
        else BertForPreTraining(BertConfig(**shape, intermediate_size=8))
    )
    weights = model.get_input_embeddings().weight.detach().clone()
    made, before = add_macros(made, MACROS)
    resize_model(model, len(made), before)
    grown = model.get_input_embeddings().weight
    assert grown.shape[0] == len(made) == old + len(MACROS)
    assert torch.equal(grown[:old], weights)
    for row, pieces in enumerate(before, start=old):
        assert torch.allclose(grown[row], weights[pieces].mean(dim=0))
    logits = model(torch.tensor([[2, old, 3]])).prediction_logits
    assert logits.shape[-1] == len(made)


def test_the_share_of_formulas_in_whole_macros_is_told() -> None:
    texts = [r"Let $x \in \Gamma$, $y \not\in \Gamma$ and $x$.", "no formula", r"$\inx$"]
    made, _ = add_macros(TOKENIZER, [r"\in", r"\Gamma"])
    assert measure_whole(TOKENIZER, texts[:1]) < 1
    # Of four, `\not` is in pieces and `\inx` no macro of the list.
    assert measure_whole(made, texts) == 0.5
    assert measure_whole(made, [r"$\in$"] * 3) == 1.0
    with pytest.raises(DataError, match="no formula"):
        measure_whole(made, ["none", "$"])
