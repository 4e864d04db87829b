import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from plait.evaluate.calibration import calibration_error, reliability


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
