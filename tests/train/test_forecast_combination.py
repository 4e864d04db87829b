"""Weights favour what was nearer in the past, and stay equal where nothing was."""

import numpy as np

from plait.engines.series_batch import batch_of
from plait.train.forecast_base import Steps, past_of
from plait.train.forecast_combination import Combination

RANDOM = np.random.Generator(np.random.PCG64(8))


def weights(batch, tmp_path, season):
    steps = Steps(horizon=3, season=season)
    parts = Combination(tmp_path, steps=steps).parts(past_of(batch, steps))
    assert sum(part.weight for part in parts) == 1
    assert all(part.weight > 0 for part in parts)
    return {part.method: part.weight for part in parts}


def test_exact_seasons_are_left_to_the_seasonal_naive(tmp_path):
    shapes = RANDOM.normal(0, 1, (20, 4))
    found = weights(batch_of([np.tile(each, 20) for each in shapes]), tmp_path, 4)
    assert found == {"seasonal_naive": 1.0}


def test_a_level_in_noise_is_left_to_the_smoothers(tmp_path):
    batch = batch_of([100 + RANDOM.normal(0, 5, 80) for _ in range(30)])
    found = weights(batch, tmp_path, 1)
    assert found.get("naive", 0) + found.get("seasonal_naive", 0) <= 0.25
