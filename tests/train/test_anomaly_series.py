"""A series contract of horizon 0, from raw columns to a race."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Anomaly, Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.engines.base import load
from plait.store.frame import RawColumn, objects
from plait.train.anomaly_series import COMPARED, plan_anomaly_series, prepare_watch
from plait.train.race import race

CONTRACT = Contract(
    task="series", data="x.csv", target="value", season=12, anomaly=Anomaly(share=0.005)
)


def column(n=360, name="value"):
    random = np.random.Generator(np.random.PCG64(1))
    wave = 10 + 3 * np.sin(2 * np.pi * np.arange(n) / 12)
    return RawColumn(name, "number", wave + random.normal(0, 0.2, n))


def test_a_season_is_worth_following_and_the_rest_is_said(run_kind, tmp_path):
    prepared = prepare_watch((column(),), CONTRACT)
    plan = plan_anomaly_series(prepared, CONTRACT, seed=1)
    assert plan.compared == COMPARED
    assert "every 200 points" in prepared.notes[0]
    results = {each.name: each for each in race(plan, run_kind(), folder=tmp_path).results}
    scores = {name: np.mean(each.scores) for name, each in results.items()}
    assert scores["seasonal_residual"] < scores["robust_z"]
    found = load(results["seasonal_residual"].folder).predict({"history": [column().values]})
    assert len(found["alarms"][0]) <= 8


def test_what_is_tested_comes_later():
    both = RawColumn("which", "string", objects(["a"] * 200 + ["b"] * 160))
    contract = replace(CONTRACT, series="which")
    plan = plan_anomaly_series(prepare_watch((column(), both), contract), contract)
    for split in plan.splits:
        for inside in (slice(0, 200), slice(200, 360)):
            train, test = (
                each[(each >= inside.start) & (each < inside.stop)]
                for each in (split.train, split.test)
            )
            assert train.max() < test.min()


def test_few_points_and_no_share_are_refused():
    with pytest.raises(InvalidData, match="too few"):
        prepare_watch((column(40),), CONTRACT)
    with pytest.raises(InvalidSettings, match="share"):
        prepare_watch((column(),), replace(CONTRACT, anomaly=Anomaly(share=2.0)))
