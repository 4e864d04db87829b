"""One model of all series learns what they share."""

import numpy as np

from plait.train.forecast_base import Steps
from plait.train.forecast_lightgbm import GlobalBoosting


def test_a_shape_that_all_series_share_is_learnt(series_raced):
    scores = {each.name: np.mean(each.scores) for each in series_raced.results}
    assert scores["lightgbm"] < 0.95 * scores["seasonal_naive"]


def test_series_too_short_to_learn_from_are_left_to_the_seasonal_naive(tmp_path, series_prepared):
    sample = series_prepared.sample(np.arange(6), seed=1)
    predictor = GlobalBoosting(tmp_path, steps=Steps(5, 3)).fit(sample)
    answer = predictor.predict({"history": [[1.0, 2.0, 3.0, 4.0]], "horizon": [5]})
    np.testing.assert_allclose(answer["prediction"][0], [2.0, 3.0, 4.0, 2.0, 3.0])
