import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plait.core.errors import InvalidData
from plait.evaluate.compare import compare, holm, interval_of_scores
from plait.evaluate.split import repeated_folds

A = [0.81, 0.79, 0.84, 0.80, 0.78]
B = [0.80, 0.77, 0.80, 0.81, 0.75]


def test_without_overlap_it_is_the_paired_t_test():
    found, expected = compare(A, B, test_to_train=0.0), stats.ttest_rel(A, B)
    interval = expected.confidence_interval(0.95)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.difference == pytest.approx(np.subtract(A, B).mean())
    assert found.splits == 5


def test_the_correction_widens_by_the_stated_factor():
    plain, corrected = compare(A, B, test_to_train=0.0), compare(A, B, test_to_train=0.25)
    factor = np.sqrt((1 / 5 + 0.25) / (1 / 5))
    assert corrected.high - corrected.low == pytest.approx(factor * (plain.high - plain.low))
    assert corrected.p_value > plain.p_value


@given(scores=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=12))
def test_the_order_of_the_two_changes_the_sign_alone(scores):
    a, b = zip(*scores, strict=True)
    one, other = compare(a, b, test_to_train=0.25), compare(b, a, test_to_train=0.25)
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == pytest.approx(other.p_value)
    assert (one.p_value < 0.05) == (one.low > 0 or one.high < 0)


@pytest.mark.parametrize(("gain", "p_value"), [(0.0, 1.0), (0.1, 0.0), (1e-17, 1.0)])
def test_the_same_difference_in_every_split(gain, p_value):
    found = compare([score + gain for score in A], A, test_to_train=0.25)
    assert found.p_value == p_value
    assert found.low == found.high == found.difference == pytest.approx(gain)


def test_rounding_is_no_difference():
    a = [0.1 + 0.2, 0.7 + 0.1, 0.5]
    b = [0.3, 0.8, 0.5]
    assert compare(a, b, test_to_train=0.25).p_value == 1.0


def test_one_split_says_nothing():
    with pytest.raises(InvalidData) as caught:
        compare([0.8], [0.7], test_to_train=0.25)
    assert caught.value.code == "data_too_small"


def test_the_interval_of_a_candidate():
    found = interval_of_scores(A, test_to_train=0.25)
    assert found.estimate == pytest.approx(np.mean(A))
    half = stats.t.ppf(0.975, 4) * np.std(A, ddof=1) * np.sqrt(1 / 5 + 0.25)
    assert (found.low, found.high) == pytest.approx((np.mean(A) - half, np.mean(A) + half))
    assert interval_of_scores([0.5, 0.5], test_to_train=0.25).low == 0.5


def race(seed, n=60):
    """Scores of two equally good fits, each on its own of two equally good features."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 2))
    y = x.sum(axis=1) + random.normal(size=n)
    splits = repeated_folds(y, folds=5, repeats=2, seed=seed)
    scores = [
        [
            np.mean(
                (y[s.test] - np.polyval(np.polyfit(x[s.train, j], y[s.train], 1), x[s.test, j]))
                ** 2
            )
            for s in splits
        ]
        for j in (0, 1)
    ]
    return *scores, splits.test_to_train


def test_equals_are_seldom_told_apart_and_only_thanks_to_the_correction():
    races = [race(seed) for seed in range(150)]
    corrected = [compare(a, b, test_to_train=ratio).p_value < 0.05 for a, b, ratio in races]
    naive = [compare(a, b, test_to_train=0.0).p_value < 0.05 for a, b, _ in races]
    assert np.mean(corrected) <= 0.10
    assert np.mean(naive) >= 0.15


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(p_values=st.lists(st.floats(0, 1), max_size=12))
def test_holm_lies_between_raw_and_bonferroni_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    for raw, found in zip(p_values, adjusted, strict=True):
        assert raw <= found <= min(1.0, raw * len(p_values)) + 1e-15
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()
