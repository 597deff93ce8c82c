import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphtune.bench.retrievers import index as index_module
from graphtune.bench.retrievers.index import Index
from graphtune.encoder import truncate_vectors
from graphtune.nearest import search_exact

WIDTH, N = 24, 50
IDS = [f"d{number:02}" for number in range(N)]


def make_vectors(n: int, seed: int, width: int = WIDTH):
    values = np.random.default_rng(seed).standard_normal((n, width)).astype(np.float32)
    return truncate_vectors(values, width)


def test_float32_is_exact_search():
    queries, documents = make_vectors(5, 0), make_vectors(N, 1)
    index = Index(documents, IDS, "float32")
    assert index.search(queries, 7) == search_exact(queries, documents, IDS, 7)
    assert index.nbytes == N * WIDTH * 4


def test_int8_is_within_half_a_step_of_the_true_product():
    queries, documents = make_vectors(5, 0), make_vectors(N, 1)
    steps = (documents.max(axis=0) - documents.min(axis=0)) / 255
    found = Index(documents, IDS, "int8").search(queries, N)
    for query, hits in zip(queries, found, strict=True):
        true = dict(zip(IDS, (documents @ query).tolist(), strict=True))
        worst = float(np.abs(query) @ steps) / 2 + 1e-5
        assert all(abs(score - true[document]) <= worst for document, score in hits)
        assert any(score != pytest.approx(true[d], abs=1e-6) for d, score in hits)


def test_binary_is_the_cosine_of_the_query_and_the_signs():
    queries, documents = make_vectors(3, 0, 13), make_vectors(N, 1, 13)  # 13 bits: two bytes
    index = Index(documents, IDS, "binary")
    assert index.nbytes == N * 2
    for query, hits in zip(queries, index.search(queries, N), strict=True):
        signs = np.where(documents > 0, 1.0, -1.0)
        cosines = dict(zip(IDS, signs @ query / np.sqrt(13), strict=True))
        assert dict(hits) == pytest.approx(cosines, abs=1e-5)


@given(st.integers(1, 2**31), st.integers(1, 12), st.sampled_from(["float32", "int8", "binary"]))
def test_one_query_and_small_blocks_give_the_same(seed, k, precision):
    # Few distinct rows, so that there are ties within and across blocks.
    queries, documents = make_vectors(3, seed), make_vectors(4, seed + 1)[np.arange(N) % 4]
    index = Index(documents, IDS, precision)
    whole = index.search(queries, k)
    block = index_module._BLOCK
    try:
        index_module._BLOCK = 5 * WIDTH
        small = Index(documents, IDS, precision).search(queries, k)
    finally:
        index_module._BLOCK = block
    assert [[d for d, _ in hits] for hits in small] == [[d for d, _ in hits] for hits in whole]
    alone = [index.search_one(queries[row : row + 1], k) for row in range(3)]
    for hits, same in zip(alone, whole, strict=True):
        assert [s for _, s in hits] == pytest.approx([s for _, s in same], abs=2e-6)


def test_a_dimension_that_never_changes_is_no_fault():
    documents = make_vectors(N, 1)
    documents[:, 3] = 0.25
    found = Index(documents, IDS, "int8").search(documents[:2], 3)
    assert [hits[0][0] for hits in found] == IDS[:2]
