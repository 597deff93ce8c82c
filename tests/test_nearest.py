import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune import nearest
from graphtune.errors import DataError
from graphtune.nearest import search_exact, take_best

DOCUMENTS = [f"d{number:02}" for number in range(30)]


def unit_vectors(shape: tuple[int, int], seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def sort_all(queries, documents, ids, k):
    """Search as it is defined: all scores in float64, rounded, sorted with the ids."""
    answers = []
    for query in queries.astype(np.float64):
        scores = (documents.astype(np.float64) * query).sum(axis=1).round(6) + 0.0
        hits = zip(ids, scores.tolist(), strict=True)
        answers.append(sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k])
    return answers


@st.composite
def searches(draw):
    """Vectors of which many are equal, or so close that rounding makes them equal."""
    width, rows, seed = draw(st.integers(1, 5)), draw(st.integers(0, 80)), draw(st.integers(0, 99))
    generator = np.random.default_rng(seed)
    pool = generator.normal(size=(draw(st.integers(1, 40)), width))
    if draw(st.booleans()):
        pool = pool.round(0)
    documents = pool[generator.integers(len(pool), size=rows)]
    documents += generator.choice([0.0, 3e-7, 2e-6], size=(rows, 1), p=[0.6, 0.2, 0.2])
    ids = [f"d{number:02}" for number in generator.permutation(rows)]
    queries = pool[: draw(st.integers(0, 7))]
    return queries.astype(np.float32), documents.astype(np.float32), ids, draw(st.integers(1, 90))


@settings(deadline=None, max_examples=300)
@given(searches(), st.integers(1, 9), st.integers(1, 20), st.sampled_from([1, 40, 1 << 21]))
def test_search_agrees_with_a_full_sort(search, queries, documents, tile):
    """In blocks of any size; ties beyond what is kept are decided on the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "_QUERIES", queries)
        patch.setattr(nearest, "_DOCUMENTS", documents)
        patch.setattr(nearest, "_TILE", tile)
        assert search_exact(*search) == sort_all(*search)


@pytest.mark.parametrize("order", ["falling", "rising", "random"])
def test_search_agrees_with_a_full_sort_at_its_own_block_size(order):
    queries, documents = unit_vectors((9, 64), 0), unit_vectors((9000, 64), 1)
    documents[::3] = documents[1::3]
    if order != "random":
        documents = documents[np.argsort(documents @ queries[0])]
    if order == "falling":
        documents = documents[::-1]
    ids = [f"{number:05}" for number in np.random.default_rng(2).permutation(len(documents))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "_TILE", 1)
        found = search_exact(queries, documents, ids, 20)
    assert found == sort_all(queries, documents, ids, 20)
    assert found == search_exact(queries, documents, ids, 20)


def test_vectors_may_stay_in_their_file_and_need_not_be_contiguous(tmp_path):
    queries, documents = unit_vectors((5, 8), 0), unit_vectors((30, 8), 1)
    np.save(tmp_path / "vectors.npy", documents)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    expected = search_exact(queries, documents, DOCUMENTS, 4)
    assert search_exact(queries, mapped, DOCUMENTS, 4) == expected
    assert search_exact(queries[:, :3], mapped[:, :3], DOCUMENTS, 4) == sort_all(
        queries[:, :3], documents[:, :3], DOCUMENTS, 4
    )


def test_memory_does_not_grow_with_the_documents():
    queries, documents = unit_vectors((50, 4), 0), unit_vectors((100_000, 4), 1)
    ids = [str(number) for number in range(len(documents))]
    sizes = []
    for number in (50_000, 100_000):
        tracemalloc.start()
        search_exact(queries, documents[:number], ids[:number], 10)
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < 1.2 * sizes[0]


def test_a_constant_scorer_earns_nothing_by_its_order():
    """All documents tie: the ranking is that of the ids, wherever the relevant one stands."""
    same = np.tile(unit_vectors((1, 8), 0), (30, 1))
    for order in (DOCUMENTS, DOCUMENTS[::-1]):
        (found,) = search_exact(same[:1], same, order, 20)
        assert [document for document, _ in found] == DOCUMENTS[:20]


@given(st.lists(st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0]), min_size=1), st.integers(1, 40))
def test_take_best_is_the_head_of_a_sort(scores, k):
    ids = [f"{number:03}" for number in range(len(scores))]
    expected = sorted(zip(ids, scores, strict=True), key=lambda hit: (-hit[1], hit[0]))[:k]
    assert take_best(np.array(scores, dtype=np.float32), ids, k) == expected


def test_search_refuses_damaged_vectors_and_other_shapes():
    good, bad = unit_vectors((3, 4), 0), unit_vectors((3, 4), 1)
    bad[1, 2] = np.nan
    with pytest.raises(DataError, match=r"1 of 3 document vectors hold NaN .*row 1"):
        search_exact(good, bad, ["a", "b", "c"], 2)
    with pytest.raises(DataError, match="1 of 3 query vectors"):
        search_exact(bad, good, ["a", "b", "c"], 2)
    with pytest.raises(DataError, match="2 ids"):
        search_exact(good, good, ["a", "b"], 2)
    with pytest.raises(DataError, match="width 3"):
        search_exact(good[:, :3], good, ["a", "b", "c"], 2)
