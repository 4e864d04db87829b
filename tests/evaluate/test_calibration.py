import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from plait.evaluate.calibration import (
    adaptive_bins,
    calibration_error,
    calibration_interval,
    reliability,
)


def sample(bias=0.0, n=5_000):
    random = np.random.default_rng(0)
    probability = random.random(n)
    event = (random.random(n) < np.clip(probability + bias, 0, 1)).astype(np.int64)
    return event, probability


def test_the_table_agrees_with_scikit_learn():
    event, probability = sample()
    table = reliability(event, probability)
    observed, promised = calibration_curve(event, probability, n_bins=10, strategy="quantile")
    assert [each.rows for each in table] == [500] * 10
    assert [each.probability for each in table] == pytest.approx(promised, abs=1e-3)
    assert [each.observed for each in table] == pytest.approx(observed, abs=3e-3)


def test_the_error_is_the_gap_between_promise_and_outcome():
    assert calibration_error(*sample()) < 0.02
    assert calibration_error(*sample(bias=0.2)) == pytest.approx(0.18, abs=0.02)


def test_equal_probabilities_are_judged_together_in_any_order():
    event = np.repeat([0, 1], [50, 50])
    assert calibration_error(event, np.full(100, 0.5)) == 0.0
    assert len(reliability(event, np.full(100, 0.5))) == 1


def drawn(slope, rows, seed):
    """Return events that come by `slope` times the log-odds promised, and what was promised."""
    random = np.random.default_rng(seed)
    odds = random.normal(0, 2, rows)
    event = (random.random(rows) < 1 / (1 + np.exp(-slope * odds))).astype(np.int64)
    return event, 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize(("slope", "true"), [(1.0, 0.0), (0.6, 0.0772)])
def test_the_interval_holds_the_true_error(slope, true):
    found = [calibration_interval(*drawn(slope, 800, each), seed=each) for each in range(20)]
    assert sum(each.low <= true <= each.high for each in found) >= 17
    assert np.mean([each.estimate for each in found]) == pytest.approx(true, abs=0.02)
    if slope == 1.0:  # there the plain error is bias alone
        plain = np.mean([calibration_error(*drawn(slope, 800, each)) for each in range(20)])
        assert np.mean([each.estimate for each in found]) < plain / 1.5


def test_more_rows_carry_more_bins():
    few, many = (adaptive_bins(*drawn(1.0, rows, 0)) for rows in (100, 20_000))
    assert 5 <= few < many <= 100
    event = np.array([0, 1, 1])
    assert adaptive_bins(event, np.array([0.1, 0.5, 0.9])) == 3
