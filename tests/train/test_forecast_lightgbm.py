"""One model of all series learns what they share."""

import numpy as np

from plait.engines.series import SeriesSettings
from plait.engines.series_batch import batch_of
from plait.train.forecast_base import Steps
from plait.train.forecast_lightgbm import GlobalBoosting, _rows

SETTINGS = SeriesSettings(horizon=3, season=4, cycle=4, level=0.9)


def test_targets_are_moves_from_the_seasonal_naive_forecast():
    batch = batch_of([np.arange(40.0), 10 * np.arange(40.0)])
    matrix, target, weight = _rows(batch, SETTINGS, 3)
    assert len(matrix) == len(target) == len(weight)
    np.testing.assert_allclose(target, 1.0)  # a line moves by its one change of a season
    np.testing.assert_allclose(weight, 1.0)


def test_no_row_reaches_beyond_its_point_in_time():
    walk = np.random.Generator(np.random.PCG64(9)).normal(0, 1, 60).cumsum()
    spoilt = np.concatenate([walk, [1e6] * 9])
    early = _rows(batch_of([walk]), SETTINGS, 3)
    late = _rows(batch_of([spoilt]), SETTINGS, 12)
    assert np.abs(late[1]).max() < 100
    assert early[0].shape[1] == late[0].shape[1]


def test_a_shape_that_all_series_share_is_learnt(series_raced):
    scores = {each.name: np.mean(each.scores) for each in series_raced.results}
    assert scores["lightgbm"] < 0.95 * scores["seasonal_naive"]


def test_series_too_short_to_learn_from_are_left_to_the_seasonal_naive(tmp_path, series_prepared):
    sample = series_prepared.sample(np.arange(6), seed=1)
    predictor = GlobalBoosting(tmp_path, steps=Steps(5, 3)).fit(sample)
    answer = predictor.predict({"history": [[1.0, 2.0, 3.0, 4.0]], "horizon": [5]})
    np.testing.assert_allclose(answer["prediction"][0], [2.0, 3.0, 4.0, 2.0, 3.0])
