"""What one model of all series learns from."""

import numpy as np

from plait.engines.series import SeriesSettings
from plait.engines.series_batch import batch_of
from plait.train.forecast_global import rows_before

SETTINGS = SeriesSettings(horizon=3, season=4, cycle=4, level=0.9)


def test_targets_are_moves_from_the_seasonal_naive_forecast():
    batch = batch_of([np.arange(40.0), 10 * np.arange(40.0)])
    rows = rows_before(batch, SETTINGS, 3)
    assert len(rows.matrix) == len(rows.target) == len(rows.weight)
    np.testing.assert_allclose(rows.target, 1.0)  # a line moves by its one change of a season
    np.testing.assert_allclose(rows.weight, 1.0)


def test_no_row_reaches_beyond_its_point_in_time():
    walk = np.random.Generator(np.random.PCG64(9)).normal(0, 1, 60).cumsum()
    spoilt = np.concatenate([walk, [1e6] * 9])
    early = rows_before(batch_of([walk]), SETTINGS, 3)
    late = rows_before(batch_of([spoilt]), SETTINGS, 12)
    assert np.abs(late.target).max() < 100
    assert early.matrix.shape[1] == late.matrix.shape[1]


def test_of_a_series_that_never_changes_one_row_says_that_nothing_is_added():
    rows = rows_before(batch_of([np.full(40, 7.0)]), SETTINGS, 3)
    assert (rows.target.tolist(), rows.weight.tolist()) == ([0.0], [1.0])
