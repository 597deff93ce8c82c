import os
import time
from pathlib import Path

import numpy as np
import pytest

from graphtune.config import BaseConfig
from graphtune.encoder import (
    choose_prompts,
    encode_texts,
    hash_model,
    list_dims,
    load_encoder,
    locate_tokenizer,
    truncate_vectors,
)
from graphtune.errors import ModelError


def test_the_packaged_model_encodes(tmp_path: Path) -> None:
    encoder = load_encoder(BaseConfig(model="minilm"))
    texts = ["a partition of n", "", "a rather long text about crystals " * 100]
    vectors = encode_texts(encoder, texts, "document")
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    one = encode_texts(encoder, texts[:1], "query")
    assert np.allclose(one[0], vectors[0], atol=0.02)
    assert encode_texts(encoder, [], "query").shape == (0, 384)
    assert hash_model(encoder) == hash_model(load_encoder(BaseConfig(model="minilm")))


def test_prompts_change_what_is_encoded_and_are_saved(tmp_path: Path) -> None:
    encoder = load_encoder(BaseConfig(model="minilm", query_prompt="query: "))
    query = encode_texts(encoder, ["hook"], "query")
    document = encode_texts(encoder, ["hook"], "document")
    assert not np.allclose(query, document, atol=0.02)
    encoder.save_pretrained(str(tmp_path / "m"))
    again = load_encoder(BaseConfig(model=str(tmp_path / "m")))
    assert again.prompts["query"] == "query: "


@pytest.mark.parametrize(
    ("model", "own", "prompts"),
    [
        ("intfloat/e5-small-v2", {}, ("query: ", "passage: ")),
        ("intfloat/multilingual-e5-large", {}, ("query: ", "passage: ")),
        (
            "BAAI/bge-small-en-v1.5",
            {},
            ("Represent this sentence for searching relevant passages: ", ""),
        ),
        ("BAAI/bge-m3", {}, ("", "")),
        ("any/model", {"query": "Q: ", "passage": "P: "}, ("Q: ", "P: ")),
    ],
)
def test_prompts_of_known_families(
    model: str, own: dict[str, str], prompts: tuple[str, str]
) -> None:
    assert choose_prompts(BaseConfig(model=model), own) == prompts


def test_few_shapes_are_remembered_unless_the_user_says_how_many(
    toy: BaseConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "7")
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    monkeypatch.delenv("LRU_CACHE_CAPACITY")
    load_encoder(toy)
    found = [os.environ[f"{kind}_CACHE_CAPACITY"] for kind in ("ONEDNN_PRIMITIVE", "LRU")]
    assert found == ["7", "64"]


def test_an_unknown_model_is_refused_quickly_and_says_how_to_go_on(tmp_path: Path) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelError, match=r'nobody/nothing.*model = "minilm"'):
        load_encoder(BaseConfig(model="nobody/nothing"))
    with pytest.raises(ModelError, match="nobody/nothing"):
        locate_tokenizer(BaseConfig(model="nobody/nothing"), tmp_path)
    assert time.perf_counter() - start < 30
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="model folder"):
        load_encoder(BaseConfig(model=str(tmp_path / "empty")))


def test_truncated_vectors_have_length_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    short = truncate_vectors(vectors, 4)
    assert short.shape == (5, 4)
    assert np.allclose(np.linalg.norm(short, axis=1), 1)


def test_a_dimension_wider_than_the_model_is_refused() -> None:
    with pytest.raises(ModelError, match="512"):
        list_dims(384, [512])
