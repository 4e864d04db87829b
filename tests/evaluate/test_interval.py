import numpy as np
import pytest

from plait.evaluate.interval import bootstrap_interval, percentile_interval


def mean_of(values):
    return lambda rows: float(values[rows].mean())


def test_the_interval_holds_the_estimate_and_repeats_by_seed():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap_interval(mean_of(values), 400, seed=7)
    assert found.low < found.estimate < found.high
    assert found.estimate == pytest.approx(values.mean())
    assert found == bootstrap_interval(mean_of(values), 400, seed=7)
    assert found != bootstrap_interval(mean_of(values), 400, seed=8)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.15)


def test_the_interval_covers_as_often_as_it_says():
    random = np.random.default_rng(1)
    samples = random.exponential(1.0, (200, 80))
    found = [bootstrap_interval(mean_of(s), 80, seed=i, draws=200) for i, s in enumerate(samples)]
    covered = np.mean([each.low <= 1.0 <= each.high for each in found])
    assert 0.88 <= covered <= 0.98


def test_undefined_resamples_are_left_out():
    found = percentile_interval(0.5, np.array([0.4, np.nan, 0.6, 0.5]))
    assert 0.4 <= found.low < found.high <= 0.6
