"""A season is found where there is one, and taken out and put back without loss."""

import numpy as np
import pytest

from plait.engines.series_batch import batch_of
from plait.engines.series_season import is_seasonal, season_of

STEPS = np.arange(60)
WAVE = 10 * np.sin(2 * np.pi * STEPS / 12)
NOISE = np.random.Generator(np.random.PCG64(1)).normal(0, 1, 60)


def test_a_wave_is_a_season_and_noise_is_none():
    batch = batch_of([WAVE + NOISE, NOISE, (WAVE + NOISE)[:30]])
    assert is_seasonal(batch, 12).tolist() == [1, 0, 0]  # the last has no three seasons
    assert is_seasonal(batch, 1).tolist() == [0, 0, 0]
    assert is_seasonal(batch, 40).tolist() == [0, 0, 0]


def test_noise_is_called_seasonal_at_most_one_time_in_ten():
    noise = np.random.Generator(np.random.PCG64(2)).normal(0, 1, (2000, 96))
    assert 0.03 < is_seasonal(batch_of(list(noise)), 12).mean() < 0.1


@pytest.mark.parametrize("season", [7, 12])
@pytest.mark.parametrize("ratio", [True, False])
def test_the_pattern_is_that_of_the_series(season, ratio):
    steps = np.arange(season * 8 + 3)
    shape = np.cos(2 * np.pi * steps / season)
    values = (100 + steps) * (1 + 0.3 * shape) if ratio else steps + 20 * shape - 50
    batch = batch_of([values, values[season:]])
    pattern = season_of(batch, season)
    assert pattern.multiplied.tolist() == [int(ratio)] * 2
    flat = pattern.removed(batch)
    trend = 100 + steps if ratio else steps - 50
    np.testing.assert_allclose(flat.values[0], trend, rtol=0.02, atol=0.6)
    ahead = np.arange(len(steps), len(steps) + 5)
    shape = np.cos(2 * np.pi * ahead / season)
    trend = (100 + ahead) if ratio else ahead - 50
    came = trend * (1 + 0.3 * shape) if ratio else trend + 20 * shape
    back = pattern.restored(np.array([trend, trend], dtype=float))
    np.testing.assert_allclose(back, [came, came], rtol=0.02, atol=0.6)


def test_without_a_season_nothing_is_changed():
    batch = batch_of([NOISE])
    pattern = season_of(batch, 12)
    np.testing.assert_array_equal(pattern.removed(batch).values, batch.values)
    assert pattern.restored(np.ones((1, 3))).tolist() == [[1.0, 1.0, 1.0]]
