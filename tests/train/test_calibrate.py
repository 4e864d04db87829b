from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidSettings
from plait.engines.answer import calibrated_odds
from plait.engines.pipeline import Calibration, LevelSet
from plait.train.calibrate import (
    BY_CLASS,
    calibrate,
    calibrate_apart,
    groups_of,
    interval,
    level_set,
    log_loss,
    quantile_interval,
)


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


def bent(rows, seed=0):
    """Return scores whose true log-odds bend where no sigmoid can follow."""
    random = np.random.default_rng(seed)
    raw = random.normal(0, 2, rows)
    odds = np.where(raw < 0, 0.2 * raw, 3 * raw) - 0.5
    truth = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return raw, truth, np.arange(rows) % 5


def test_a_curve_is_taken_where_no_sigmoid_fits():
    found = calibrate(*bent(4000))
    assert 4 <= len(found.knots) <= 16
    raw, truth, _ = bent(4000, seed=1)
    sigmoid = replace(found, knots=())
    assert log_loss(raw, truth, found) < log_loss(raw, truth, sigmoid) - 0.01
    ascending = calibrated_odds(np.linspace(-50, 50, 999), found)
    assert (np.diff(ascending) > 0).all()  # so the order of the rows, and the AUC, stay


def test_a_curve_is_not_taken_where_a_sigmoid_does():
    kept = [calibrate(*drawn(0.4, -0.7, seed=seed)).knots == () for seed in range(5)]
    assert sum(kept) >= 4
    assert calibrate(*bent(300)).knots == ()  # too few rows to bend anything


def test_a_curve_of_scores_that_separate_all_rows_is_finite():
    raw = np.linspace(-300, 300, 1000)
    found = calibrate(raw, (raw > 0).astype(np.int64), np.arange(1000) % 5)
    assert np.isfinite(calibrated_odds(raw, found)).all()


def test_offsets_undo_a_shift_of_the_classes():
    random = np.random.default_rng(0)
    raw = random.normal(0, 2, (4000, 3))
    chances = np.exp(raw + np.array([1.0, 0.0, -1.0]))
    chances /= chances.sum(axis=1, keepdims=True)
    truth = (random.random((4000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    found = calibrate(raw, truth, np.arange(4000) % 5)
    first, second, third = found.offsets
    assert (first - second, second - third) == pytest.approx((1.0, 1.0), abs=0.2)
    assert found.slope == pytest.approx(1.0, abs=0.1)


def test_rows_are_calibrated_by_the_other_folds():
    raw, truth, fold = drawn(0.4, -0.7)
    _, apart = calibrate_apart(raw, truth, fold)
    assert apart.shape == (4000, 2)
    np.testing.assert_allclose(apart.sum(axis=1), 1.0)
    flipped = truth.copy()
    flipped[fold == 0] = 1 - truth[fold == 0]
    _, other = calibrate_apart(raw, flipped, fold)
    np.testing.assert_array_equal(apart[fold == 0], other[fold == 0])


def wide(rows, seed):
    """Return the features, target and groups of a regression whose spread grows."""
    random = np.random.default_rng(seed)
    x = random.random(rows)
    group = np.where(random.random(rows) < 0.3, "coast", "town")
    spread = (0.2 + 3 * x) * np.where(group == "coast", 3.0, 1.0)
    return x, 2 * x + random.normal(0, spread), group.astype(object)


def test_each_group_is_covered_as_stated():
    shares = []
    for seed in range(10):
        x, target, group = wide(1500, seed)
        found = interval(target - 2 * x, level=0.9, by="area", groups=group)
        x, target, group = wide(1500, seed + 50)
        width = np.array([found.groups[each] for each in group])
        within = np.abs(target - 2 * x) <= width
        shares.append([within[group == each].mean() for each in ("coast", "town")])
    assert np.mean(shares, axis=0) == pytest.approx([0.9, 0.9], abs=0.015)


def test_a_group_of_few_rows_has_no_interval_of_its_own():
    groups = np.array(["few"] * 29 + ["many"] * 30, dtype=object)
    assert list(interval(np.arange(59.0), by="area", groups=groups).groups) == ["many"]


def test_quantiles_win_where_the_spread_differs_and_cover():
    x, target, group = wide(2000, 0)
    fold = np.arange(2000) % 5
    spread = (0.2 + 3 * x) * np.where(group == "coast", 3.0, 1.0)
    band = np.column_stack([2 * x - spread, 2 * x + spread])  # too narrow: they are widened
    plain = interval(target - 2 * x)
    found = quantile_interval(target, band, fold, plain, value=2 * x)
    assert found.quantiles
    assert found.half_width > 0
    excess = np.maximum(band[:, 0] - target, target - band[:, 1])
    assert np.mean(excess <= found.half_width) == pytest.approx(0.9, abs=0.005)


def test_quantiles_lose_where_they_know_nothing():
    random = np.random.default_rng(0)
    target = random.normal(0, 1, 1000)
    band = random.normal(0, 3, (1000, 2))
    plain = interval(target)
    fold = np.arange(1000) % 5
    assert quantile_interval(target, band, fold, plain, value=np.zeros(1000)) is None


def test_sets_by_class_and_by_group():
    random = np.random.default_rng(0)
    positive = random.random(2000)
    truth = (random.random(2000) < positive).astype(np.int64)
    chances = np.column_stack([1 - positive, positive])
    group = np.array(["a", "b"] * 1000, dtype=object)
    plain = level_set(chances, truth, level=0.9)
    assert plain == LevelSet(level=0.9, least=plain.least)
    by_class = level_set(chances, truth, level=0.9, by=BY_CLASS)
    assert by_class.by == ""
    for each, least in enumerate(by_class.least):
        assert np.mean(chances[truth == each, each] >= least) == pytest.approx(0.9, abs=0.01)
    grouped = level_set(chances, truth, level=0.9, by="area", groups=group)
    assert sorted(grouped.groups) == ["a", "b"]


@pytest.mark.parametrize(("problem", "by"), [("binary", "debt"), ("regression", "class")])
def test_coverage_within_what_has_no_levels_is_refused(samples, problem, by):
    with pytest.raises(InvalidSettings, match="no feature with levels") as caught:
        groups_of(replace(samples[problem], interval_by=by))
    assert (caught.value.code, caught.value.where) == (
        "settings_wrong_value",
        "require.interval.by",
    )
    assert groups_of(replace(samples["binary"], interval_by="class")) is None
    assert groups_of(replace(samples["binary"], interval_by="area")) is not None
