"""Weights between the base and the tuned model, and the layers as they were."""

import hashlib
from pathlib import Path

import torch
from torch import nn
from toys import PAIRS, make_base

from graphtune.encoder import encode_texts, hash_model, load_encoder
from graphtune.train.fitting import count_tokens
from graphtune.train.layers import list_dropouts, prepare_layers
from graphtune.train.merging import copy_weights, merged_weights


def test_weights_are_merged_and_come_back(tmp_path: Path) -> None:
    encoder = load_encoder(make_base(tmp_path))
    base = copy_weights(encoder)
    held = dict(encoder.named_parameters())
    with torch.no_grad():
        for parameter in held.values():
            parameter += 1.0
    tuned = hash_model(encoder)
    with merged_weights(encoder, base, 0.25):
        for name, parameter in encoder.named_parameters():
            torch.testing.assert_close(parameter, base[name] + 0.75)
    assert hash_model(encoder) == tuned
    try:
        with merged_weights(encoder, base, 1.0):
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert hash_model(encoder) == tuned
    with merged_weights(encoder, {}, 0.0):
        assert hash_model(encoder) == tuned
    # An optimizer still holds the parameters themselves.
    assert all(held[name] is p for name, p in encoder.named_parameters())


def hash_settings(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.json"))
    }


def test_layers_are_set_for_training_only(tmp_path: Path) -> None:
    encoder = load_encoder(make_base(tmp_path))
    vectors = encode_texts(encoder, ["a crystal poset"], "document")
    encoder.save_pretrained(str(tmp_path / "before"), create_model_card=False)

    def read() -> tuple[set[float], str]:
        shares = {v for m in encoder.modules() for v in list_dropouts(m).values()}
        return shares, encoder[0].auto_model.config._attn_implementation

    was = read()
    assert was == ({0.1}, "sdpa")
    with prepare_layers(encoder, 0.0):
        assert read() == ({0.0}, "eager")
        encoder.save_pretrained(str(tmp_path / "within"), create_model_card=False)
        encoder.train()
        features = encoder.tokenizer(["a crystal poset"], return_tensors="pt")
        found = [encoder(dict(features))["sentence_embedding"] for _ in range(2)]
        assert torch.equal(found[0], found[1])
        encoder.eval()
    assert read() == was
    assert hash_settings(tmp_path / "before") == hash_settings(tmp_path / "within")
    assert (encode_texts(encoder, ["a crystal poset"], "document") == vectors).all()


def test_dropout_kept_as_a_number_is_found() -> None:
    layer = nn.Linear(2, 2)
    layer.attention_dropout = 0.2  # as in ModernBERT's attention
    layer.dropout = nn.Dropout(0.3)
    assert list_dropouts(layer) == {"attention_dropout": 0.2}


def test_tokens_are_counted_as_read(tmp_path: Path) -> None:
    encoder = load_encoder(make_base(tmp_path))
    encoder.max_seq_length = 8
    texts = ["crystal", PAIRS[0].positive, "crystal"]
    assert count_tokens(encoder, texts) == [3, 8, 3]
