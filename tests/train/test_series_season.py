"""A season is read off the numbers, and a longer cycle beside it."""

import numpy as np
import pytest

from plait.engines.series_batch import batch_of
from plait.train.series_season import read_cycle, read_season

RANDOM = np.random.Generator(np.random.PCG64(6))


def noise(steps):
    return RANDOM.normal(0, 0.3, steps)


@pytest.mark.parametrize("season", [4, 7, 12, 24, 52])
def test_the_season_is_found_not_its_double(season):
    steps = np.arange(season * 8)
    shape = RANDOM.normal(0, 1, season)
    series = [3 * shape[(steps + at) % season] + 0.1 * steps + noise(len(steps)) for at in range(5)]
    assert read_season(batch_of(series)) == season


@pytest.mark.parametrize("seed", range(10))
def test_noise_upon_a_smooth_day_hides_it_not(seed):
    steps = np.arange(24 * 30)
    dice = np.random.Generator(np.random.PCG64(seed))
    series = [10 + 5 * np.sin(steps * np.pi / 12) + dice.normal(0, 0.7, 720) for _ in range(3)]
    assert read_season(batch_of(series)) == 24


def test_walks_and_short_series_have_none():
    walks = [RANDOM.normal(0, 1, 300).cumsum() for _ in range(20)]
    assert read_season(batch_of(walks)) == 1
    assert read_season(batch_of([[1.0], [2.0, 3.0]])) == 1
    assert read_season(batch_of([[5.0] * 50])) == 1
    assert read_cycle(batch_of(walks), 1) == 1


def test_a_week_of_hours_is_found_beside_a_day():
    steps = np.arange(168 * 5)
    day, week = RANDOM.normal(0, 1, 24), RANDOM.normal(0, 1, 7)
    series = [
        20 + (3 + week[steps // 24 % 7]) * day[steps % 24] + noise(len(steps)) for _ in range(3)
    ]
    assert read_season(batch_of(series)) == 24
    assert read_cycle(batch_of(series), 24) == 168
    plain = [3 * day[steps % 24] + noise(len(steps)) for _ in range(3)]
    assert read_cycle(batch_of(plain), 24) == 24
