"""Past forecasts end before what they are compared with, and widths cover their share."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from plait.core.protocol import Sample
from plait.core.schema import Schema
from plait.engines.series import Part
from plait.engines.series_batch import batch_of
from plait.train.forecast_base import (
    Steps,
    best_part,
    past_at,
    past_of,
    scaled_error,
    series_recipes,
    usual_change,
    usual_spread,
    widths,
)

STEPS = Steps(horizon=3, season=4)
RANDOM = np.random.Generator(np.random.PCG64(7))
NAMES = [
    pytest.param(
        name, marks=[pytest.mark.long] if hasattr(series_recipes.load(name), "needs") else []
    )
    for name in series_recipes.names()
]  # `make test-all` has what they need
WALKS = batch_of([RANDOM.normal(0, 1, 120).cumsum() for _ in range(30)])


def test_a_past_forecast_knows_nothing_of_what_came():
    past = past_at(batch_of([np.arange(10.0), np.arange(6.0, 10.0)]), 2, [3, 5])
    ends = past.batch.values[:, -1].tolist()
    assert ends == [6.0, 6.0, 4.0]  # the shorter one had not begun five steps ago
    assert past.truth.tolist() == [[7.0, 8.0], [7.0, 8.0], [5.0, 6.0]]
    assert past.back == 5


@pytest.mark.parametrize(("count", "steps"), [(1, 200), (1, 12), (30, 120), (500, 40), (1, 1)])
def test_there_are_past_forecasts_of_few_series_and_of_many(count, steps):
    batch = batch_of([RANDOM.normal(0, 1, steps) for _ in range(count)])
    past = past_of(batch, STEPS)
    assert past.truth.shape == (len(past.batch), 3)
    assert np.isfinite(past.truth).all()
    assert len(past.batch) >= min(2 * count, 60 if steps > 100 else 1)


def test_widths_cover_their_share_and_grow_with_the_steps():
    past = past_of(WALKS, STEPS)
    said = np.repeat(past.batch.values[:, -1:], 3, axis=1)
    found = widths(past, said, STEPS, 0.9)
    assert found[0] < found[1] < found[2]
    assert widths(past, said, STEPS, 0.5)[0] < found[0]
    assert widths(past, past.truth, STEPS, 0.9) == (0.0, 0.0, 0.0)


def test_the_error_is_in_changes_of_each_series():
    past = past_at(batch_of([np.arange(20.0), 100 * np.arange(20.0)]), 3, [3])
    assert scaled_error(past, past.truth + np.array([[4.0], [400.0]]), 4) == pytest.approx(1.0)


def test_the_usual_spread_is_a_share_of_the_size_of_each_series():
    waves = [10 + np.tile([-1.0, 1.0], 20), 300 + np.tile([-30.0, 30.0], 20), np.full(40, 7.0)]
    assert usual_spread(batch_of(waves), 4) == pytest.approx(0.1)
    assert usual_spread(batch_of(waves[2:]), 4) == 0.0


def test_the_usual_change_is_that_of_series_that_change():
    waves = [np.tile([-1.0, 1.0], 20), 300 + np.tile([-30.0, 30.0], 20), np.zeros(40)]
    assert usual_change(batch_of(waves), 4) == pytest.approx(31.0)
    assert usual_change(batch_of(waves[2:]), 4) == 0.0
    long_ago = np.concatenate([[0.0, 100.0], np.full(98, 100.0)])
    assert usual_change(batch_of([long_ago]), 4) == pytest.approx(100 / 99)


def test_where_nothing_changed_of_late_the_widths_are_those_of_a_random_walk():
    still = np.concatenate([[0.0, 100.0], np.full(298, 100.0)])
    past = past_of(batch_of([still]), STEPS)
    found = widths(past, past.truth, STEPS, 0.9)
    walks = RANDOM.normal(0, 2, (20_000, 3)).cumsum(axis=1)
    change = np.abs(walks[:, 0]).mean()
    share = (np.abs(walks) <= np.array(found) * change).mean(axis=0)
    np.testing.assert_allclose(share, 0.9, atol=0.01)


@pytest.mark.parametrize("name", ["naive", "theta", "damped_ets", "lightgbm"])
def test_a_history_of_zeros_has_an_interval(name, tmp_path):
    histories = [RANDOM.poisson(0.3, 80) + 0.0 for _ in range(12)]
    columns = {"history": histories, "horizon": [3] * len(histories)}
    sample = Sample(
        input=Schema(()), columns=columns, target=[], classes=(), problem="regression", seed=0
    )
    predictor = series_recipes.load(name)(tmp_path, steps=STEPS).fit(sample)
    answer = predictor.predict({"history": [[0.0] * 30, [0.0]], "horizon": [3, 3]})
    assert (np.subtract(answer["upper"], answer["lower"]) > 0).all()


def test_the_best_of_several_is_the_nearest():
    past = past_of(WALKS, STEPS)
    parts = [Part(method="seasonal_naive", season=4), Part(method="naive", season=1)]
    assert best_part(past, parts, STEPS) == parts[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_is_repeatable_and_forecasts_anything(name, series_prepared, series_plan, tmp_path):
    make = partial(series_recipes.load(name), steps=Steps(5, 7))
    sample = series_prepared.sample(series_plan.splits.each[0].train, seed=1)
    first, again = (make(tmp_path / each).fit(sample) for each in ("a", "b"))
    assert first.artefact.id == again.artefact.id
    assert first.artefact.manifest.task == "series"
    assert make(tmp_path / "c").configuration()
    histories = [[3.0], [1.0, 2.0], [5.0] * 40, sample.columns["history"][0]]
    answer = first.predict({"history": histories, "horizon": [5, 1, 5, 5]})
    for row, steps in zip(answer["prediction"], (5, 1, 5, 5), strict=True):
        assert len(row) == steps
        assert np.isfinite(row).all()
    for low, row, high in zip(answer["lower"], answer["prediction"], answer["upper"], strict=True):
        assert (np.array(low) <= row).all()
        assert (np.array(row) <= high).all()
    np.testing.assert_allclose(answer["prediction"][2], 5.0)
    assert answer["lower"][0] < answer["prediction"][0] < answer["upper"][0]  # of one number
    assert answer["upper"][2][4] > 5.0  # no change so far does not mean none to come


@pytest.mark.parametrize("name", NAMES)
def test_one_short_series_is_enough_to_fit(name, tmp_path, series_prepared):
    recipe = series_recipes.load(name)
    sample = series_prepared.sample(np.arange(9), seed=1)
    predictor = recipe(Path(tmp_path), steps=Steps(5, 7)).fit(sample)
    answer = predictor.predict({"history": sample.columns["history"], "horizon": [5]})
    assert np.isfinite(answer["upper"]).all()
