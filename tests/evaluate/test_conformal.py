import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.conformal import (
    coverage,
    interval_score,
    least_probabilities,
    smallest,
)


def drawn(rows, seed, sharp=1.0):
    """Return probabilities of three classes that mean what they say, and classes drawn so."""
    random = np.random.default_rng(seed)
    raw = random.normal([1.0, 0.0, -1.0], sharp, (rows, 3))
    chances = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    truth = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return chances, truth


def test_the_order_statistic_is_the_stated_one():
    assert smallest(np.arange(1.0, 20), 0.9) == 18.0
    assert smallest(np.arange(1.0, 10), 0.9) == 9.0  # 0.9 x 10 is 9 and not a bit above
    assert smallest(np.arange(1.0, 100), 0.95) == 95.0
    assert smallest(np.array([4.0, 2.0]), 0.9) == 4.0


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_few_rows_cover_as_they_say_and_hardly_more(level):
    random = np.random.default_rng(0)
    covered = [random.random() <= smallest(random.random(39), level) for _ in range(20_000)]
    assert level - 0.01 <= np.mean(covered) <= level + 1 / 40 + 0.01


@pytest.mark.parametrize("by_class", [False, True])
def test_sets_hold_the_stated_share(by_class):
    found = []
    for seed in range(20):
        least = least_probabilities(*drawn(1000, seed), 0.9, by_class=by_class)
        chances, truth = drawn(1000, seed + 100)
        inside = chances >= np.array(least)
        inside |= chances == chances.max(axis=1, keepdims=True)
        right = inside[np.arange(1000), truth]
        found.append([right.mean(), *(right[truth == each].mean() for each in range(3))])
        assert inside.any(axis=1).all()
    every, *classes = np.mean(found, axis=0)
    assert every == pytest.approx(0.9, abs=0.015)
    if by_class:
        assert classes == pytest.approx([0.9] * 3, abs=0.015)
    else:
        assert min(classes) < 0.8  # on average over rows, and so not in the rarest class


def test_a_class_of_too_few_rows_is_always_in_the_set():
    truth = np.array([0] * 20 + [1] * 3)
    least = least_probabilities(np.full((23, 2), 0.5), truth, 0.9, by_class=True)
    assert least == (0.5, 0.0)


def test_the_interval_score_is_width_and_misses():
    truth, lower, upper = np.array([1.0, 5.0, -1.0]), np.zeros(3), np.full(3, 2.0)
    found = interval_score(truth, lower, upper, level=0.9)
    assert found == pytest.approx([2.0, 2.0 + 20 * 3.0, 2.0 + 20 * 1.0])


def test_coverage_of_all_and_of_each_group_that_is_large():
    covered = np.array([True] * 270 + [False] * 30 + [True] * 10)
    groups = ["a"] * 300 + ["b"] * 10
    every, one = coverage(covered, groups)
    assert (every.group, every.rows, one.group, one.rows) == ("", 310, "a", 300)
    assert one.share.estimate == 0.9
    assert one.share.low == pytest.approx(0.8603, abs=1e-3)
    assert one.share.high == pytest.approx(0.9315, abs=1e-3)


@given(st.integers(1, 50), st.booleans())
def test_coverage_of_all_or_nothing_has_an_honest_interval(rows, held):
    (found,) = coverage(np.full(rows, held))
    assert 0 <= found.share.low <= found.share.estimate <= found.share.high <= 1
    assert found.share.low < found.share.high
