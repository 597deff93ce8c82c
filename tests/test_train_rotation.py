"""Turning the axes changes no similarity, and lets short vectors tell queries apart."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from toys import DEV, DIMS, PAIRS, SETTINGS

from graphtune.config import BaseConfig
from graphtune.encoder import encode_texts, load_encoder
from graphtune.train import TrainingData, train_encoder
from graphtune.train.rotation import find_axes, rotate_axes

#: Where bfloat16 is fast, vectors are rounded to 8 bits.
_ROUNDING = 2**-6
ANCHORS = [pair.anchor for pair in PAIRS]


def encode(encoder: SentenceTransformer) -> np.ndarray:
    return encode_texts(encoder, sorted(set(ANCHORS)), "query")


def test_similarities_stay_and_the_first_dimensions_hold_most_of_the_variance(
    toy: BaseConfig,
) -> None:
    encoder = load_encoder(toy)
    before = encode(encoder)
    rotate_axes(encoder, ANCHORS)
    after = encode(encoder)
    assert after @ after.T == pytest.approx(before @ before.T, rel=_ROUNDING)
    variances = after.var(axis=0)
    assert variances[:4].sum() > 1.2 * before.var(axis=0)[:4].sum()
    assert (np.diff(variances) < 1e-5).all()


def test_axes_are_orthonormal_and_the_same_for_mirrored_vectors() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    axes = find_axes(vectors)
    assert axes @ axes.T == pytest.approx(np.eye(8), abs=1e-6)
    assert find_axes(-vectors) == pytest.approx(axes, abs=1e-6)


def test_queries_that_are_all_the_same_leave_the_encoder_alone(toy: BaseConfig) -> None:
    encoder = load_encoder(toy)
    layers = len(encoder)
    rotate_axes(encoder, ["a poset", "a poset"])
    assert len(encoder) == layers


def test_a_saved_model_reads_back_and_a_base_that_wins_is_only_turned(
    toy: BaseConfig, tmp_path: Path
) -> None:
    still = SETTINGS.model_copy(update={"matryoshka_dims": DIMS, "learning_rate": 1e-12})
    report = train_encoder(toy, TrainingData(PAIRS, DEV, "evidence", {}), still, 0, tmp_path / "m")
    base, saved = (
        encode(load_encoder(toy)),
        encode(load_encoder(BaseConfig(model=str(tmp_path / "m")))),
    )
    assert report.hashes["model"] != report.hashes["base"]
    assert saved @ saved.T == pytest.approx(base @ base.T, rel=_ROUNDING)
