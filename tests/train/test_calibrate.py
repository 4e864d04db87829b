import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.engines.pipeline import Calibration
from plait.train.calibrate import calibrate, interval, log_loss


def drawn(slope, offset, rows=4000, seed=0):
    """Return raw scores, truth drawn from the calibrated ones, and folds."""
    random = np.random.default_rng(seed)
    raw = random.normal(0, 2, rows)
    truth = (random.random(rows) < 1 / (1 + np.exp(-(slope * raw + offset)))).astype(np.int64)
    return raw, truth, np.arange(rows) % 5


def test_a_sigmoid_undoes_overconfidence():
    found = calibrate(*drawn(0.4, -0.7))
    assert found.slope == pytest.approx(0.4, abs=0.05)
    assert found.offset == pytest.approx(-0.7, abs=0.1)


def test_a_temperature_undoes_overconfidence():
    random = np.random.default_rng(0)
    raw = random.normal(0, 3, (4000, 3))
    chances = np.exp(0.5 * raw) / np.exp(0.5 * raw).sum(axis=1, keepdims=True)
    truth = (random.random((4000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    found = calibrate(raw, truth, np.arange(4000) % 5)
    assert found.slope == pytest.approx(0.5, abs=0.05)
    assert found.offset == 0.0


def test_honest_scores_are_left_as_they_are():
    kept = [calibrate(*drawn(1.0, 0.0, 300, seed)) == Calibration() for seed in range(10)]
    assert sum(kept) >= 5


def test_scores_that_separate_all_rows_do_not_become_certainties():
    raw = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0] * 10)
    truth = (raw > 0).astype(np.int64)
    found = calibrate(raw, truth, np.arange(60) % 5)
    assert log_loss(raw[:1], np.array([1]), found) < 8  # one surprise does not cost everything


def test_log_loss_is_that_of_the_probabilities():
    raw, truth = np.array([0.0, 2.0, -1.0]), np.array([1, 1, 0])
    chances = 1 / (1 + np.exp(-raw))
    by_hand = -np.mean(np.log(np.where(truth == 1, chances, 1 - chances)))
    assert log_loss(raw, truth) == pytest.approx(by_hand)
    twin = np.column_stack([np.zeros(3), raw])
    assert log_loss(twin, truth) == pytest.approx(by_hand)


def test_the_half_width_is_the_stated_order_statistic():
    assert interval(np.arange(1.0, 20)).half_width == 18.0
    assert interval(-np.arange(1.0, 100)).half_width == 90.0
    assert interval(np.array([2.0, -3.0])).half_width == 3.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_nine_of_ten_residuals_are_within(residuals):
    found = interval(np.array(residuals))
    within = np.mean(np.abs(residuals) <= found.half_width)
    assert within >= 0.9
    assert found.level == 0.9
