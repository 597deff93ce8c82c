import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphtune.bench import significance
from graphtune.bench.significance import ALPHA, correct_holm, find_detectable, randomise_signs


@given(st.lists(st.integers(-3, 3), max_size=9))
def test_few_clusters_are_enumerated(steps):
    sums = np.array(steps) / 10  # sums with many ties, which rounding must not tear apart
    totals = [
        abs(sum(sign * step for sign, step in zip(signs, steps, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(steps))
    ]
    expected = np.mean([total >= abs(sum(steps)) for total in totals])
    assert randomise_signs(sums, 1_000, 0) == pytest.approx(expected)


def test_randomisation_agrees_with_scipy_and_with_the_t_test():
    sums = np.random.default_rng(3).normal(0.2, 1, size=80)
    ours = randomise_signs(sums, 9_999, 0)
    theirs = stats.permutation_test(
        (sums,), np.sum, permutation_type="samples", n_resamples=9_999, batch=1_000, rng=0
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.02)
    assert ours == pytest.approx(stats.ttest_1samp(sums, 0).pvalue, abs=0.02)
    assert randomise_signs(-sums, 9_999, 0) == ours == randomise_signs(sums, 9_999, 0)


def test_no_p_is_zero_and_equal_systems_have_one():
    assert randomise_signs(np.full(40, 0.1), 999, 0) == 1 / 1_000
    assert randomise_signs(np.full(5, 0.1), 999, 0) == 2 / 32
    assert randomise_signs(np.zeros(40), 999, 0) == 1
    assert randomise_signs(np.array([0.1, 0.2, -0.3] * 30), 999, 0) == 1


def test_randomisation_stays_in_bounded_memory(monkeypatch):
    sums = np.random.default_rng(0).normal(0.02, 1, size=5_000)
    tracemalloc.start()
    expected = randomise_signs(sums, 2_000, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 * 2**20
    monkeypatch.setattr(significance, "_BLOCK", 5_000 * 10)
    assert randomise_signs(sums, 2_000, 0) == expected  # the same signs, whatever the step


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_rejects_as_its_definition_says(values):
    corrected = correct_holm(values)
    ordered = sorted(values)
    for level in (0.01, 0.05, 0.3):
        passed = 0
        while passed < len(ordered) and ordered[passed] * (len(ordered) - passed) <= level:
            passed += 1
        assert sum(p <= level for p in corrected) == passed
    assert all(one >= p for one, p in zip(corrected, values, strict=True))


def test_detectable_is_that_of_a_paired_t_test():
    sums = np.random.default_rng(0).normal(size=50)
    error = sums.std(ddof=1) / math.sqrt(50)
    expected = (stats.t.ppf(1 - ALPHA / 8, 49) + stats.t.ppf(0.8, 49)) * error
    assert find_detectable(sums, np.ones(50), family=4) == pytest.approx(expected)
    # Asking every question twice adds nothing.
    assert find_detectable(2 * sums, np.full(50, 2.0), 4) == pytest.approx(expected)


def test_nothing_is_detectable_where_too_few_clusters_could_not_be_significant():
    sums, counts = np.linspace(0.1, 0.7, 7), np.full(7, 5.0)
    assert 2 / 2**7 < ALPHA <= 2 * 2 / 2**7  # the least p of seven clusters, alone and in a family
    assert find_detectable(sums, counts, family=1) is not None
    assert find_detectable(sums, counts, family=2) is None
