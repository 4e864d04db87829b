"""What each method says of series whose future is known, alone and beside others."""

import numpy as np
import pytest

from plait.engines import series_method
from plait.engines.series_batch import batch_of
from plait.engines.series_method import METHODS, damped, naive, seasonal_naive, theta

RANDOM = np.random.Generator(np.random.PCG64(3))
WALKS = [50 + RANDOM.normal(0.2, 1, steps).cumsum() for steps in (80, 37, 5, 1, 2, 61)]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("season", [1, 4])
def test_a_series_is_forecast_the_same_alone_and_beside_others(name, season):
    together = METHODS[name](batch_of(WALKS), season, 6)
    assert together.shape == (6, 6)
    assert np.isfinite(together).all()
    for each, row in zip(WALKS, together, strict=True):
        alone = METHODS[name](batch_of([each]), season, 6)[0]
        np.testing.assert_allclose(row, alone, rtol=1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_a_constant_goes_on_and_a_move_of_level_moves_the_forecast(name):
    np.testing.assert_allclose(METHODS[name](batch_of([[7.0] * 30]), 4, 5), 7.0)
    low = METHODS[name](batch_of([WALKS[0]]), 1, 5)
    high = METHODS[name](batch_of([WALKS[0] * 3 + 1000]), 1, 5)
    np.testing.assert_allclose(high, low * 3 + 1000, rtol=1e-6)


def test_the_naive_ones_repeat_what_was():
    batch = batch_of([[1.0, 2.0, 3.0, 4.0, 5.0], [9.0]])
    assert naive(batch, 3, 2).tolist() == [[5.0, 5.0], [9.0, 9.0]]
    assert seasonal_naive(batch, 3, 4).tolist() == [[3.0, 4.0, 5.0, 3.0], [9.0] * 4]


def test_theta_takes_half_of_the_trend_and_damped_lets_it_fade():
    steps = np.arange(100.0)
    line = batch_of([2 * steps])
    np.testing.assert_allclose(np.diff(theta(line, 1, 10)[0]), 1.0)
    moves = np.diff(damped(line, 1, 10)[0])
    assert (moves > 0).all()
    assert (np.diff(moves) < 0).all()


def test_damped_smoothing_is_that_of_its_equations(monkeypatch):
    for name, value in (("ALPHAS", [0.5]), ("BETAS", [0.2]), ("PHIS", [0.9])):
        monkeypatch.setattr(series_method, name, np.array(value))
    monkeypatch.setattr(series_method, "ZOOMS", 0)
    values = WALKS[1]
    trend = (values[9] - values[0]) / 9
    level = values[0] - trend
    for value in values:
        error = value - level - 0.9 * trend
        level, trend = level + 0.9 * trend + 0.5 * error, 0.9 * trend + 0.1 * error
    expected = [level + 0.9 * trend, level + (0.9 + 0.81) * trend]
    np.testing.assert_allclose(damped(batch_of([values]), 1, 2)[0], expected)


@pytest.mark.parametrize("name", ["theta", "optimised_theta", "damped"])
def test_a_season_is_continued(name):
    steps = np.arange(96)
    season = 100 + 20 * np.sin(2 * np.pi * steps / 12)
    said = METHODS[name](batch_of([season[:84]]), 12, 12)[0]
    np.testing.assert_allclose(said, season[84:], rtol=0.02)


@pytest.mark.parametrize("name", ["theta", "optimised_theta", "damped"])
def test_smoothing_is_nearer_than_the_last_number_where_noise_hides_the_level(name):
    noisy = [100 + RANDOM.normal(0, 5, 60) for _ in range(40)]
    said = METHODS[name](batch_of(noisy), 1, 4)
    last = naive(batch_of(noisy), 1, 4)
    assert np.abs(said - 100).mean() < 0.5 * np.abs(last - 100).mean()
