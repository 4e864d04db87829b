"""The smoothed loss against the linear programme, and against what it is a mean of."""

import numpy as np
import pytest
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss

from plait.train.quantile_linear import LEAST_BANDWIDTH, bandwidth, fit_quantile, smoothed

FREE = (0, 0, 0)


def made(rows, seed, scale=1.0):
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 3))
    noise = random.exponential(1 + 0.5 * np.tanh(matrix[:, 1]))
    return matrix, scale * (2 * matrix[:, 0] + noise)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_it_is_as_good_as_the_linear_programme(quantile):
    matrix, target = made(600, 0)
    programme = QuantileRegressor(quantile=quantile, alpha=0, solver="highs").fit(matrix, target)
    model = fit_quantile(matrix, target, 1e-6, quantile=quantile, signs=FREE)
    best = mean_pinball_loss(target, programme.predict(matrix), alpha=quantile)
    own = mean_pinball_loss(target, model.raw(matrix)[:, 0], alpha=quantile)
    assert best - 1e-9 <= own < 1.005 * best


@pytest.mark.parametrize("quantile", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("penalty", [0.1, 1000.0])
def test_of_the_rows_fitted_on_the_share_below_is_the_quantile(quantile, penalty):
    matrix, target = made(500, 1)
    model = fit_quantile(matrix, target, penalty, quantile=quantile, signs=FREE)
    below = np.mean(target <= model.raw(matrix)[:, 0] + 1e-9)
    assert quantile <= below < quantile + 0.01


def test_the_unit_of_the_target_changes_nothing_but_the_unit():
    (matrix, small), (_, large) = made(300, 2), made(300, 2, scale=1e6)
    models = [fit_quantile(matrix, y, 1.0, quantile=0.9, signs=FREE) for y in (small, large)]
    assert models[1].coefficients[0] == pytest.approx(
        [1e6 * each for each in models[0].coefficients[0]], rel=1e-4, abs=1
    )


def test_signs_are_kept():
    matrix, target = made(300, 3)
    model = fit_quantile(matrix, target, 1.0, quantile=0.9, signs=(-1, 1, 0))
    assert model.coefficients[0][0] == 0.0
    assert model.coefficients[0][1] >= 0.0


@pytest.mark.parametrize("values", [[3.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
def test_a_target_of_little_spread_has_a_quantile(values):
    target = np.resize(values, 64)
    matrix = np.random.default_rng(4).normal(size=(64, 3))
    model = fit_quantile(matrix, target, 1.0, quantile=0.5, signs=FREE)
    assert np.isfinite([*model.coefficients[0], *model.intercept]).all()


def test_the_smoothed_loss_is_the_mean_of_the_loss_under_noise():
    short = np.array([-2.0, -0.1, 0.0, 0.3, 5.0])
    value, slope = smoothed(short, 0.8, 0.5)
    noisy = short[:, None] + 0.5 * np.random.default_rng(5).normal(size=400_000)
    loss = np.maximum(0.8 * noisy, -0.2 * noisy).mean(axis=1)
    assert value == pytest.approx(loss, abs=3e-3)
    step = 1e-6
    higher, lower = (smoothed(short + each, 0.8, 0.5)[0] for each in (step, -step))
    assert slope == pytest.approx((higher - lower) / (2 * step), abs=1e-6)


def test_the_bandwidth_falls_with_rows_to_a_floor():
    widths = [bandwidth(rows, 10, 0.9) for rows in (100, 1_000, 100_000_000)]
    assert widths[0] > widths[1] > widths[2] == LEAST_BANDWIDTH
