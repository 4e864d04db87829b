"""Forecasts are raced from points in time that roll on, each on what came before alone."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Contract
from plait.core.errors import InvalidData, UnknownName
from plait.core.extras import installed
from plait.engines.base import read_artefact
from plait.evaluate.forecast import naive_scale
from plait.train.conclude import conclude
from plait.train.forecast_base import series_recipes
from plait.train.measure import Measured, measure
from plait.train.series_plan import judge_series, plan_series

CONTRACT = Contract(
    task="series", data="load.csv", target="load", series="city", horizon=5, season=7
)


def test_the_race_has_every_candidate_and_five_points_in_time(series_plan, series_prepared):
    able = [name for name in series_recipes.names() if name != "network" or installed("torch")]
    assert list(plan_series(series_prepared, CONTRACT).recipes) == able
    assert (len(series_plan.splits), series_plan.splits.kind) == (5, "time_ordered")
    assert (series_plan.metric.name, series_plan.metric.greater_is_better) == ("mase", False)


def test_without_torch_the_network_is_left_out_with_a_note(series_prepared, monkeypatch):
    monkeypatch.setattr("plait.train.plan.installed", lambda library: library != "torch")
    plan = plan_series(series_prepared, CONTRACT)
    assert "network" not in plan.recipes
    assert plan.prepared.notes[0].startswith("network was not raced: it needs torch (pip install")
    named = plan_series(series_prepared, replace(CONTRACT, candidates=("network",)))
    assert list(named.recipes) == ["network"]


def test_what_computes_the_scores_is_named_torch_among_it(series_prepared, monkeypatch):
    monkeypatch.setattr("plait.train.plan.installed", lambda _: True)
    assert "torch" in plan_series(series_prepared, CONTRACT).libraries
    few = replace(CONTRACT, candidates=("naive",))
    assert "torch" not in plan_series(series_prepared, few).libraries


def test_what_came_later_is_not_seen(series_plan, series_prepared):
    split = series_plan.splits.each[0]
    spoilt = series_prepared.target.copy()
    later = np.setdiff1d(np.arange(len(spoilt)), split.train)
    spoilt[np.setdiff1d(later, split.test)] = 1e9
    plan = replace(series_plan, prepared=replace(series_prepared, target=spoilt))
    for name in ("seasonal_naive", "combination"):
        make = series_plan.recipes[name]
        assert judge_series(plan, make, split).score == judge_series(series_plan, make, split).score


def test_a_score_is_the_mean_over_series_of_their_scaled_errors(series_plan, series_prepared):
    split = series_plan.splits.each[2]
    fold = judge_series(series_plan, series_plan.recipes["seasonal_naive"], split)
    found = []
    for at, history in enumerate(series_prepared.histories(split.train)):
        truth = series_prepared.target[split.test][5 * at : 5 * at + 5]
        error = np.abs(truth - history[-7:-2]).mean()
        found.append(error / naive_scale(history, 7))
    assert fold.score == pytest.approx(np.mean(found))
    assert len(fold.covered) == len(split.test)


def test_gaps_are_not_judged(series_plan, series_prepared):
    split = series_plan.splits.each[1]
    holed = series_prepared.target.copy()
    holed[split.test[::2]] = np.nan
    plan = replace(series_plan, prepared=replace(series_prepared, target=holed))
    assert np.isfinite(judge_series(plan, plan.recipes["naive"], split).score)


def test_a_gap_as_long_as_the_horizon_costs_its_point_in_time(series_plan, series_prepared):
    split = series_plan.splits.each[1]
    holed = series_prepared.target.copy()
    holed[split.test] = np.nan
    plan = plan_series(replace(series_prepared, target=holed), CONTRACT)
    assert len(plan.splits) == len(series_plan.splits) - 1
    with pytest.raises(InvalidData, match="nearly all are missing"):
        plan_series(replace(series_prepared, target=np.full(len(holed), np.nan)), CONTRACT)


def test_candidates_that_know_the_week_win_and_a_decision_is_taken(series_raced):
    values = {"latency_ms_p95": 1.0, "size_mb": 1.0}
    measured = {each.name: Measured(values, {}) for each in series_raced.results}
    _, decision = conclude(CONTRACT, series_raced, measured, name="load", by="test", created=0.0)
    scores = {each.name: np.mean(each.scores) for each in series_raced.results}
    assert decision.winner in {"combination", "theta", "damped_ets", "lightgbm"}
    assert scores[decision.winner] < 0.95 * scores["seasonal_naive"] < scores["naive"]
    assert "mase" in decision.summary


def test_intervals_hold_what_they_say(series_raced):
    for result in series_raced.results:
        covered = [flag for fold in result.folds for flag in fold.covered]
        assert 0.8 < np.mean(covered) < 0.98, result.name


def test_the_level_of_the_interval_is_that_of_the_contract(series_plan, series_prepared, tmp_path):
    wanted = replace(CONTRACT.require, interval=0.5)
    prepared = replace(series_prepared, require=wanted)
    sample = prepared.sample(series_plan.splits.each[0].train, seed=1)
    predictor = series_plan.recipes["naive"](tmp_path).fit(sample)
    assert predictor.settings.level == 0.5


def test_measuring_reads_a_request_as_serving_does(series_raced, series_prepared):
    (result,) = [each for each in series_raced.results if each.name == "seasonal_naive"]
    values = measure(result.folder, series_prepared.rows(3)).values
    assert values["latency_ms_p95"] > 0
    assert values["size_mb"] == read_artefact(result.folder).manifest.size / 1e6


def test_a_contract_may_name_candidates_and_metric(series_prepared):
    contract = replace(CONTRACT, candidates=("theta",), metric="smape")
    plan = plan_series(series_prepared, contract)
    assert (list(plan.recipes), plan.metric.name) == (["theta"], "smape")
    with pytest.raises(UnknownName):
        plan_series(series_prepared, replace(CONTRACT, metric="rmsse"))
    with pytest.raises(UnknownName):
        plan_series(series_prepared, replace(CONTRACT, candidates=("prophet",)))


def test_a_season_too_long_for_the_series_is_named(series_prepared):
    with pytest.raises(InvalidData, match="too short for a season of 40") as raised:
        plan_series(replace(series_prepared, season=40), CONTRACT)
    assert raised.value.where == "season"


def test_series_too_short_to_judge_are_refused(series_prepared):
    prepared = replace(series_prepared, horizon=60)
    with pytest.raises(InvalidData) as raised:
        plan_series(prepared, CONTRACT)
    assert raised.value.code == "data_too_small"
