import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import fields, replace

import numpy as np
import pytest

from graphtune.bench.vectors import (
    FILE_NAME,
    Space,
    describe_space,
    encode_cached,
    load_or_encode,
)
from graphtune.config import BaseConfig
from graphtune.encoder import encode_texts, load_encoder
from graphtune.errors import DataError, WorkspaceError

SPACE = Space(model="m", role="document", width=3)
TEXTS = [f"text {number}" for number in range(10)]
OTHER = {
    "model": "n",
    "role": "query",
    "width": None,
    "prompt": "query: ",
    "revision": "main",
    "dtype": "bfloat16",
    "max_tokens": 128,
    "architecture": "other pooling",
}


class Model:
    """Gives a vector that only the text decides, in batches of four, and keeps what it was asked."""

    def __init__(self, width=3, fail_after=None):
        self.width, self.fail_after = width, fail_after
        self.asked = []

    def vector(self, text):
        return [float(len(text)), float(sum(map(ord, text))), 0.25, 1.0, 2.0][: self.width]

    def __call__(self, texts):
        for start in range(0, len(texts), 4):
            if self.fail_after is not None and start >= self.fail_after:
                raise KeyboardInterrupt
            places = list(range(start, min(start + 4, len(texts))))[::-1]
            self.asked += [texts[place] for place in places]
            yield places, np.array([self.vector(texts[p]) for p in places], dtype=np.float32)

    def all(self, texts):
        return np.array([self.vector(text) for text in texts], dtype=np.float32)


def change(cache, statement, values=()):
    with closing(sqlite3.connect(cache / FILE_NAME)) as db, db:
        return db.execute(statement, values).fetchall()


def test_only_missing_texts_are_encoded(tmp_path):
    cache = tmp_path / "new" / ".cache"
    first, second = Model(), Model()
    asked = [*TEXTS[:6], TEXTS[0]]
    assert np.array_equal(load_or_encode(cache, SPACE, asked, first), first.all(asked))
    assert sorted(first.asked) == TEXTS[:6]
    found = load_or_encode(cache, SPACE, TEXTS[::-1], second)
    assert found.dtype == np.float32
    assert np.array_equal(found, second.all(TEXTS[::-1]))
    assert sorted(second.asked) == TEXTS[6:]
    third = Model()
    assert load_or_encode(cache, SPACE, [], third).shape == (0, 3)
    assert np.array_equal(load_or_encode(cache, SPACE, TEXTS, third), third.all(TEXTS))
    assert third.asked == []


def test_without_a_cache_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Model()
    assert np.array_equal(load_or_encode(None, SPACE, TEXTS, model), model.all(TEXTS))
    assert load_or_encode(None, SPACE, [], model).shape == (0, 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [field.name for field in fields(Space)])
def test_what_a_vector_depends_on_keeps_it_apart(tmp_path, name):
    load_or_encode(tmp_path, SPACE, TEXTS, Model())
    other = Model()
    load_or_encode(tmp_path, replace(SPACE, **{name: OTHER[name]}), TEXTS, other)
    assert sorted(other.asked) == TEXTS


def test_an_interrupted_run_keeps_what_it_has(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        load_or_encode(tmp_path, SPACE, TEXTS, Model(fail_after=8))
    model = Model()
    assert np.array_equal(load_or_encode(tmp_path, SPACE, TEXTS, model), model.all(TEXTS))
    assert sorted(model.asked) == TEXTS[8:]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_are_never_stored(tmp_path, value):
    def encode(texts):
        vectors = Model().all(texts)
        vectors[1, 2] = value
        yield range(len(texts)), vectors

    for cache in (tmp_path, None):
        with pytest.raises(DataError, match=r"1 of 10 document vectors hold NaN .*'text 1'"):
            load_or_encode(cache, SPACE, TEXTS, encode)
    assert change(tmp_path, "SELECT count(*) FROM vectors") == [(0,)]


def test_a_damaged_vector_is_made_again(tmp_path):
    load_or_encode(tmp_path, SPACE, TEXTS, Model())
    change(tmp_path, "UPDATE vectors SET vector = ? WHERE rowid = 2", [np.ones(3, "f4").tobytes()])
    change(tmp_path, "UPDATE vectors SET vector = substr(vector, 1, 8) WHERE rowid = 5")
    for asked in (2, 0):
        model = Model()
        assert np.array_equal(load_or_encode(tmp_path, SPACE, TEXTS, model), model.all(TEXTS))
        assert len(model.asked) == asked


@pytest.mark.parametrize("place", [0, 4096 + 8])
def test_a_damaged_file_is_named(tmp_path, place):
    many = [f"{text} {number}" for text in TEXTS for number in range(100)]
    load_or_encode(tmp_path, SPACE, many, Model())
    damaged = bytearray((tmp_path / FILE_NAME).read_bytes())
    damaged[place : place + 4096] = b"x" * 4096
    (tmp_path / FILE_NAME).write_bytes(damaged)
    with pytest.raises(WorkspaceError, match=rf"{FILE_NAME} cannot be used .*remove it"):
        load_or_encode(tmp_path, SPACE, many, Model())


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot make the cache folder"):
        load_or_encode(tmp_path / "file" / "cache", SPACE, TEXTS, Model())


def test_a_model_of_another_width_is_refused(tmp_path):
    with pytest.raises(DataError, match="gives or gave 3 numbers"):
        load_or_encode(None, SPACE, TEXTS, Model(width=5))
    unknown = replace(SPACE, width=None)
    assert load_or_encode(tmp_path, unknown, TEXTS[:4], Model(width=5)).shape == (4, 5)
    assert load_or_encode(tmp_path, unknown, TEXTS[:4], Model(width=5)).shape == (4, 5)
    with pytest.raises(DataError, match=rf"'m' gives or gave 5 numbers .*{FILE_NAME}"):
        load_or_encode(tmp_path, unknown, TEXTS, Model(width=2))


def test_a_text_left_out_is_no_zero_vector(tmp_path):
    with pytest.raises(DataError, match=r"no vector for 6 of 10 texts .*'text 4'"):
        load_or_encode(tmp_path, SPACE, TEXTS, lambda texts: [next(iter(Model()(texts)))])


def test_spaces_that_nobody_uses_leave(tmp_path):
    old = replace(SPACE, model="old")
    for space in (old, SPACE):
        load_or_encode(tmp_path, space, TEXTS, Model())
    change(tmp_path, "UPDATE spaces SET used = '2020-01-01' WHERE fields LIKE '%old%'")
    load_or_encode(tmp_path, SPACE, TEXTS, Model())
    assert change(tmp_path, "SELECT count(*), count(DISTINCT space) FROM vectors") == [(10, 1)]


def test_processes_share_a_cache(tmp_path):
    script = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from graphtune.bench.vectors import Space, load_or_encode\n"
        "texts = [f'text {n}' for n in range(int(sys.argv[2]), int(sys.argv[2]) + 300)]\n"
        "def encode(missing):\n"
        "    for place, text in enumerate(missing):\n"
        "        yield [place], np.array([[int(text[5:])]], dtype=np.float32)\n"
        "found = load_or_encode(Path(sys.argv[1]), Space('m', 'document', 1), texts, encode)\n"
        "assert found.ravel().tolist() == [int(text[5:]) for text in texts]\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(start)])
        for start in (0, 100)
    ]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    assert change(tmp_path, "SELECT count(*) FROM vectors") == [(400,)]


def test_an_encoder_finds_its_own_vectors_again(tmp_path, monkeypatch):
    encoder = load_encoder(BaseConfig(model="minilm"))
    texts = ["a partition of n", "a crystal", "a partition of n"]
    first = encode_cached(encoder, texts, "document", tmp_path)
    assert np.allclose(first, encode_texts(encoder, texts, "document"), atol=0.02)
    space = describe_space(encoder, "document")
    assert (space.width, space.max_tokens) == (384, encoder.max_seq_length)
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "forward", None)
        assert np.array_equal(encode_cached(encoder, texts, "document", tmp_path), first)
        with pytest.raises(TypeError):
            encode_cached(encoder, texts, "query", tmp_path)
    encoder.max_seq_length = 128
    assert describe_space(encoder, "document") != space
    encoder.prompts["document"] = "passage: "
    assert describe_space(encoder, "document").prompt == "passage: "


def test_another_tokenizer_or_layer_setting_is_another_space(tmp_path):
    """The weights are the same, and the vectors are not."""
    encoder = load_encoder(BaseConfig(model="minilm"))
    space = describe_space(encoder, "document")
    encoder.save(str(tmp_path))
    tokenizer, config = tmp_path / "tokenizer_config.json", tmp_path / "config.json"
    moved = describe_space(load_encoder(BaseConfig(model=str(tmp_path))), "document")
    assert replace(moved, revision="") == replace(space, revision="")
    for path, old, new in (
        (config, '"num_attention_heads": 12', '"num_attention_heads": 6'),
        (tokenizer, '"do_lower_case": true', '"do_lower_case": false'),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        other = describe_space(load_encoder(BaseConfig(model=str(tmp_path))), "document")
        assert (other.model, other.width) == (space.model, space.width)
        assert other.architecture != space.architecture
        path.write_text(text, encoding="utf-8")


def test_broken_characters_are_encoded_and_found_again(tmp_path):
    encoder = load_encoder(BaseConfig(model="minilm"))
    texts = ["a \ud800 map", "a \ufffd map", "a map \udcff"]
    for _ in range(2):
        found = encode_cached(encoder, texts, "document", tmp_path)
        assert np.array_equal(found[0], found[1])
    assert np.allclose(encode_texts(encoder, texts, "document"), found, atol=0.02)
