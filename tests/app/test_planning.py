"""Every kind of contract finds its rows and its race."""

from dataclasses import replace

import numpy as np
import pytest

import plait
from plait.app.planning import few, planned, prepared
from plait.core.contract import Contract, FeatureNote
from plait.core.errors import InvalidData
from plait.core.privacy import Privacy
from plait.registry.dataset import register_dataset
from plait.store.frame import Frame
from plait.train.version import dataset_id

STEPS = 96
HOURS = [f"2024-01-{1 + at // 24:02}T{at % 24:02}:00:00" for at in range(STEPS)]
DICE = np.random.Generator(np.random.PCG64(0))
LOAD = 10 + 5 * np.sin(np.arange(STEPS) * np.pi / 12) + DICE.normal(0, 0.5, STEPS)
FRAME = Frame.of({"hour": HOURS, "load": LOAD, "high": (LOAD > 10).tolist()})

KINDS = {
    "forecast": Contract(task="series", data="", target="load", time="hour", horizon=6, season=24),
    "watch": Contract(task="series", data="", target="load", time="hour", season=24),
    "anomaly": Contract(task="tabular", data="", exclude=("hour",)),
    "rows": Contract(task="tabular", data="", target="high", exclude=("hour",)),
}


@pytest.mark.parametrize(
    ("kind", "candidate"),
    [("forecast", "theta"), ("watch", "ewma"), ("anomaly", "robust_z"), ("rows", "linear")],
)
def test_a_contract_gets_the_race_of_its_kind(kind, candidate, project):
    contract, dataset = KINDS[kind], dataset_id(FRAME.columns)
    with plait.open(project.folder) as app:
        register_dataset(
            app.store, dataset, FRAME, contract=kind, source="", tenant="default",
            privacy=Privacy.INTERNAL,
        )  # fmt: skip
        plan = planned(app.store, app.project, contract, dataset, name=kind, seed=0)
    assert candidate in plan.recipes
    assert "incumbent" not in plan.recipes
    assert len(plan.splits) > 1
    assert not few(contract, plan.prepared)


def test_a_column_that_is_not_there_is_named():
    contract = Contract(task="series", data="", target="load", time="when", horizon=6)
    with pytest.raises(InvalidData, match="when"):
        prepared(FRAME, contract)


def test_what_is_made_races_and_comes_back_from_the_evidence(project):
    made = {"peak": FeatureNote(expr="load * (hour(hour) >= 12)", label="load after noon")}
    contract = replace(KINDS["rows"], exclude=(), features=made, candidates=("dummy", "linear"))
    dataset = dataset_id(FRAME.columns)
    with plait.open(project.folder) as app:
        register_dataset(
            app.store, dataset, FRAME, contract="rows", source="", tenant="default",
            privacy=Privacy.INTERNAL,
        )  # fmt: skip
        plans = [
            planned(app.store, app.project, each, dataset, name="rows", seed=0)
            for each in (contract, Contract.read(contract.record()))
        ]
    assert list(plans[0].recipes) == list(plans[1].recipes) == [
        "dummy", "linear", "linear+engineered",
    ]  # fmt: skip
    first, again = (
        plan.recipes["linear+engineered"](project.folder).configuration() for plan in plans
    )
    assert first == again
    assert first["expressions"] == {"peak": "load * (hour(hour) >= 12)"}
