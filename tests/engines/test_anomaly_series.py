"""Points that come one after the other: nothing is looked ahead, and what stands out is told."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.core.protocol import Sample
from plait.engines.anomaly_series import INPUT, Settings, State, Watch, load, trace
from plait.engines.anomaly_tail import Tail
from plait.engines.base import read_artefact
from plait.train.anomaly_series import EwmaChart, RobustLevel, SeasonalResidual

KINDS = (RobustLevel, SeasonalResidual, EwmaChart)


def wave(n=600, noise=0.3):
    random = np.random.Generator(np.random.PCG64(6))
    return 10 + 3 * np.sin(2 * np.pi * np.arange(n) / 12) + random.normal(0, noise, n)


@pytest.fixture(scope="module")
def predictors(tmp_path_factory):
    sample = Sample(
        input=INPUT,
        columns={"history": [wave()], "horizon": [1]},
        target=[],
        classes=(),
        problem="regression",
        seed=0,
    )
    folder = tmp_path_factory.mktemp("series")
    return {
        each.name: each(folder / each.name, share=0.002, season=12).fit(sample) for each in KINDS
    }


@pytest.mark.parametrize("name", [each.name for each in KINDS])
def test_nothing_is_looked_ahead(predictors, name):
    long, short = predictors[name].watch(), predictors[name].watch()
    values = wave().tolist()
    other = [*values[:300], *(1e6 for _ in range(300))]
    assert [long(each) for each in values][:300] == [short(each) for each in other][:300]


@pytest.mark.parametrize("name", [each.name for each in KINDS])
def test_a_kept_state_goes_on_where_it_stopped(predictors, name):
    values = wave().tolist()
    whole = predictors[name].watch()
    first = predictors[name].watch()
    points = [whole(each) for each in values]
    begun = [first(each) for each in values[:250]]
    kept = State(**json.loads(json.dumps(asdict(first.state))))
    second = predictors[name].watch(kept)
    assert begun + [second(each) for each in values[250:]] == points


@pytest.mark.parametrize("name", ["seasonal_residual", "ewma"])
def test_a_value_usual_at_another_time_of_the_season_is_told(predictors, name):
    history = wave()
    history[-1] = 12.5  # others are, but here 8.5 is usual
    found = predictors[name].predict({"history": [wave(), history], "horizon": [1, 1]})
    assert found["prediction"] == [False, True]
    assert found["score"][1] > 0.99
    assert found["alarms"][1][-1] == 599
    inside = found["lower"][0] <= wave()[-1] <= found["upper"][0]
    assert inside
    assert not found["lower"][1] <= history[-1] <= found["upper"][1]


def test_gaps_and_flat_series_are_no_trouble(predictors):
    gaps = wave()
    gaps[100:120] = np.nan
    flat = np.full(100, 7.0)
    found = predictors["seasonal_residual"].predict({"history": [gaps, flat]})
    assert found["prediction"] == [False, False]
    assert found["alarms"][1] == []


def test_an_alarm_silences_those_that_are_no_stranger(predictors):
    history = wave()
    history[400:410] += 6.0
    (alarms,) = predictors["seasonal_residual"].predict({"history": [history]})["alarms"]
    assert 400 in alarms
    assert len([each for each in alarms if 400 <= each < 440]) <= 2


def test_the_limit_follows_where_points_beyond_it_are_usual():
    random = np.random.Generator(np.random.PCG64(8))
    wild = random.standard_t(2, 6_000)  # what was learnt from was tame
    tail = Tail((1.0, 2.0, 3.0), (0.3, 0.05, 0.003), 0.0, 0.3)
    fixed, following = (Watch(Settings(limit_rate=rate), tail, 0.003) for rate in (0.0, 0.05))
    beyond, fewer = (
        [point.score >= 0.997 for point in map(watch, wild.tolist())]
        for watch in (fixed, following)
    )
    assert np.mean(beyond) > 0.02
    assert 0.001 < np.mean(fewer[1_000:]) < 0.006
    for value in np.zeros(15_000):
        last = following(value)
    assert following.state.lift == 0.0
    assert last.upper < 3 * fixed(0.0).upper


def test_an_anomaly_does_not_become_the_rule_at_once():
    values = wave(noise=0.1)
    spiked = values.copy()
    spiked[300] += 1_000
    settings = Settings(season=12)
    plain, after = (trace(settings, each.tolist())[0][301].middle for each in (values, spiked))
    assert abs(plain - after) < 0.5


@pytest.mark.parametrize("columns", [{}, {"history": [[]]}, {"history": [["a"]]}])
def test_what_is_no_history_is_refused(predictors, columns):
    with pytest.raises(EngineError, match="nothing is judged"):
        predictors["robust_z"].predict(columns)


def test_a_damaged_artefact_says_so(predictors, tmp_path):
    artefact = read_artefact(predictors["ewma"].artefact.folder)
    record = json.loads((artefact.folder / "anomaly.json").read_text())
    record["settings"]["memory"] = 2.0
    (tmp_path / "anomaly.json").write_text(json.dumps(record))
    with pytest.raises(EngineError) as caught:
        load(type(artefact)(artefact.manifest, tmp_path))
    assert caught.value.code == "artefact_damaged"


@pytest.mark.parametrize("history", [wave(24), [*wave(60), np.nan]], ids=["short", "missing"])
def test_a_point_that_is_not_judged_has_no_band(predictors, history):
    found = predictors["seasonal_residual"].predict({"history": [history]})
    assert (found["prediction"], found["lower"], found["upper"]) == ([False], [None], [None])
