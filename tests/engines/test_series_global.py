"""A model of lags says what is added to the seasonal naive forecast, in each series' scale."""

import numpy as np

from plait.engines.series import SeriesSettings
from plait.engines.series_batch import batch_of
from plait.engines.series_global import GlobalForecaster, features
from plait.engines.series_lag import lags_of

SETTINGS = SeriesSettings(horizon=3, season=4, cycle=4, level=0.9)


class Steps:
    """Answers how many steps ahead a row is: its first feature."""

    n_features = features(SETTINGS)

    def raw(self, matrix):
        return matrix[:, 0]


def test_moves_are_added_in_the_scale_of_each_series():
    batch = batch_of([np.arange(40.0), 10 * np.arange(40.0)])
    assert features(SETTINGS) == lags_of(batch, 4, 4, 3).matrix.shape[1]
    found = GlobalForecaster(SETTINGS, Steps()).forecast(batch)
    expected = np.array([36.0, 37.0, 38.0]) + 4 * np.array([1, 2, 3])
    np.testing.assert_allclose(found, [expected, 10 * expected])


def test_nothing_is_added_to_a_series_that_never_changes():
    found = GlobalForecaster(SETTINGS, Steps()).forecast(batch_of([np.full(40, 7.0)]))
    np.testing.assert_allclose(found, [[7.0, 7.0, 7.0]])
