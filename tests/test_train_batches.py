"""Plans of batches: full, without conflicts, in proportion to the weights, of like length."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphtune.records import Pair
from graphtune.train.batches import draw_rows, plan_batches
from graphtune.tuning_config import TrainConfig


def make_pair(n: int, anchor: str = "", concept: str = "", weight: float = 1.0) -> Pair:
    name = f"name {n}"
    return Pair(anchor or name, f"text {n}", "name", concept, f"c{n}", f"d{n % 7}", weight)


def plan(
    pairs: list[Pair], seed: int = 0, processes: int = 1, **changes: object
) -> list[list[int]]:
    config = TrainConfig().model_copy(update={"batch_size": 8, "epochs": 1, **changes})
    lengths = [(row * 37) % 128 + 1 for row in range(len(pairs))]
    return plan_batches(pairs, lengths, config, seed, processes)


many = st.lists(
    st.builds(
        make_pair,
        st.integers(0, 60),
        st.sampled_from(["", "", "", "a", "b"]),
        st.sampled_from(["", "x", "y"]),
        st.sampled_from([0.25, 1.0, 3.0]),
    ),
    min_size=8,
    max_size=80,
)


@settings(max_examples=60)
@given(many, st.integers(0, 3), st.integers(1, 3), st.booleans(), st.booleans())
def test_every_batch_is_full_and_the_plan_repeats(
    pairs: list[Pair], seed: int, processes: int, buckets: bool, neighbours: bool
) -> None:
    changes = {"length_buckets": buckets, "neighbourhoods": neighbours, "epochs": 2}
    found = plan(pairs, seed, processes, **changes)
    assert found == plan(pairs, seed, processes, **changes)
    assert {len(batch) for batch in found} == {8}
    assert len(found) == -(-2 * len(pairs) // (8 * processes)) * processes
    assert len(plan(pairs, seed, processes, max_steps=5, **changes)) == 5 * processes


@settings(max_examples=60)
@given(st.integers(0, 100), st.integers(16, 400), st.integers(1, 4))
def test_a_pass_takes_every_pair_once(seed: int, n: int, epochs: int) -> None:
    counts = Counter(
        row
        for batch in plan([make_pair(i) for i in range(n)], seed, epochs=epochs)
        for row in batch
    )
    assert len(counts) == n
    assert set(counts.values()) <= {epochs, epochs + 1}


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 4.0]), min_size=2, max_size=50).filter(any),
    st.integers(1, 2000),
    st.integers(0, 9),
)
def test_pairs_are_drawn_in_proportion_to_their_weights(
    weights: list[float], n_draws: int, seed: int
) -> None:
    shares = np.array(weights)
    drawn = draw_rows(shares, n_draws, np.random.default_rng(seed))
    counts = np.bincount(drawn, minlength=len(weights))
    assert len(drawn) == n_draws
    assert (counts[shares == 0] == 0).all()
    # The k-th draw of a pair falls into its k-th stretch of time, so counts are sure but for the ends.
    assert np.abs(counts - shares / shares.sum() * n_draws).max() <= 2 + n_draws**0.5


def test_weights_hold_within_a_part_of_a_pass() -> None:
    pairs = [make_pair(n, weight=3.0 if n % 2 else 1.0) for n in range(2000)]
    rows = [row for batch in plan(pairs, max_steps=50) for row in batch]
    assert max(Counter(rows).values()) == 1
    assert np.mean([row % 2 for row in rows]) == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("neighbours", [False, True])
def test_no_batch_has_an_anchor_or_a_text_twice_and_few_have_a_concept_twice(
    neighbours: bool,
) -> None:
    pairs = [make_pair(n, f"anchor {n // 4}", f"concept {n // 8}") for n in range(800)]
    pairs += [make_pair(n, f"other {n}") for n in range(0, 800, 10)]  # texts of others
    found = plan(pairs, epochs=3, neighbourhoods=neighbours, graph_mask=False)
    assert len(found) == 330

    def count_repeats(field: str) -> int:
        values = [[v for row in batch if (v := getattr(pairs[row], field))] for batch in found]
        return sum(len(batch) - len(set(batch)) for batch in values)

    assert count_repeats("anchor") == count_repeats("positive") == 0
    # Neighbours are about the same concepts.
    assert neighbours or count_repeats("concept_id") < 10


def test_among_neighbours_the_mask_lets_texts_stand_twice_but_no_pair() -> None:
    pairs = [
        replace(make_pair(n, weight=2.0), positive=f"text {n // 4}", document_id=f"d{n // 8}")
        for n in range(800)
    ]
    found = plan(pairs, epochs=3, neighbourhoods=True, length_buckets=False)
    assert all(len(set(batch)) == 8 for batch in found)
    texts = [len({pairs[row].positive for row in batch}) for batch in found]
    assert np.mean(texts) < 5


def test_what_must_conflict_still_fills_batches() -> None:
    pairs = [make_pair(n, "one anchor") for n in range(40)] + [make_pair(n) for n in range(40)]
    found = plan(pairs)
    assert sorted(row for batch in found for row in batch) == list(range(80))


def test_batches_are_of_like_length_in_no_order_of_length() -> None:
    pairs = [make_pair(n) for n in range(1024)]
    lengths = [(row * 37) % 128 + 1 for row in range(1024)]
    found = {on: plan(pairs, length_buckets=on, neighbourhoods=False) for on in (True, False)}
    alike, mixed = (
        [[lengths[row] for row in batch] for batch in found[on]] for on in (True, False)
    )
    assert np.mean([max(part) - min(part) for part in alike]) < 12
    assert np.mean([max(part) - min(part) for part in mixed]) > 60
    middle = [np.mean(part) for part in alike]
    assert abs(np.corrcoef(middle, np.arange(len(middle)))[0, 1]) < 0.3


@pytest.mark.parametrize("buckets", [False, True])
def test_neighbours_stand_in_the_same_batch(buckets: bool) -> None:
    pairs = [make_pair(n) for n in range(1024)]

    def count_papers(neighbours: bool) -> float:
        found = plan(pairs, neighbourhoods=neighbours, length_buckets=buckets)
        return float(np.mean([len({pairs[row].document_id for row in b}) for b in found]))

    assert count_papers(True) < 2.5 < 4 < count_papers(False)
