"""A contract without a target, from raw columns to a decision."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Anomaly, Contract, FeatureNote
from plait.core.errors import InvalidData, InvalidSettings, UnknownName
from plait.engines.base import load
from plait.evaluate.split import repeated_stratified
from plait.store.frame import RawColumn, objects
from plait.train.anomaly import COMPARED, plan_anomaly, prepare_anomaly
from plait.train.conclude import conclude
from plait.train.race import measure_all, race

CONTRACT = Contract(task="tabular", data="x.csv", anomaly=Anomaly(share=0.05))
LABELLED = replace(CONTRACT, anomaly=Anomaly(share=0.05, label="odd"))


def table(rows=200):
    """Return two numbers near a line, a level, and which rows are off that line."""
    random = np.random.Generator(np.random.PCG64(8))
    first = random.normal(size=rows)
    odd = np.zeros(rows)
    odd[::20] = 1.0
    second = np.where(odd == 1, -first - 2 * np.sign(first), first) + random.normal(0, 0.1, rows)
    level = objects(["low", "mid", "high", None][at % 4] for at in range(rows))
    return (
        RawColumn("first", "number", first),
        RawColumn("second", "number", second),
        RawColumn("level", "string", level),
        RawColumn("who", "string", objects(f"p{at // 2}" for at in range(rows))),
        RawColumn("when", "number", np.arange(float(rows))),
        RawColumn("odd", "number", odd),
    )


def plan_of(contract, folds=2):
    prepared = prepare_anomaly(table(), contract)
    plan = plan_anomaly(prepared, contract, seed=1)
    labels = prepared.aside.get("odd", np.zeros(len(prepared))).astype(np.int64)
    return replace(plan, splits=repeated_stratified(labels, folds=folds, repeats=1, seed=1))


@pytest.fixture(scope="module")
def contract():
    return replace(CONTRACT, exclude=("odd", "when", "who"))


@pytest.fixture(scope="module")
def raced(contract, run_kind, tmp_path_factory):
    return race(plan_of(contract), run_kind(), folder=tmp_path_factory.mktemp("anomaly"))


def test_the_decision_says_what_was_compared(raced, contract, run_kind):
    measured = measure_all(raced, run_kind())
    evidence, decision = conclude(contract, raced, measured, name="odd", by="me", created=0.0)
    assert COMPARED in decision.rule
    assert (decision.metric, evidence.metric) == ("mass_volume", "mass_volume")
    assert any("An alarm is raised for 5 %" in note for note in decision.notes)
    assert {each.name for each in decision.standings} == {
        "robust_z",
        "isolation_forest",
        "neighbour_distance",
    }
    assert decision.winner


def test_every_artefact_alarms_about_as_often_as_asked(raced):
    for result in raced.results:
        found = load(result.folder).predict(raced.plan.prepared.columns)["prediction"]
        assert 0.01 <= np.mean(found) <= 0.12


def test_the_same_seed_gives_the_same_scores_and_artefacts(raced, contract, run_kind, tmp_path):
    again = race(plan_of(contract), run_kind(), folder=tmp_path)
    assert [each.scores for each in again.results] == [each.scores for each in raced.results]
    assert [each.artefact for each in again.results] == [each.artefact for each in raced.results]


def test_labels_compare_and_are_not_learnt_from(run_kind, tmp_path):
    contract = replace(LABELLED, exclude=("when", "who"))
    plan = plan_of(contract)
    assert "odd" not in plan.prepared.columns
    assert plan.metric.name == "average_precision"
    scores = {
        each.name: np.mean(each.scores) for each in race(plan, run_kind(), folder=tmp_path).results
    }
    assert scores["neighbour_distance"] > scores["robust_z"]


def test_groups_stay_whole_and_times_are_kept_in_order():
    grouped = replace(CONTRACT, group="who", exclude=("odd",))
    plan = plan_anomaly(prepare_anomaly(table(), grouped), grouped)
    for split in plan.splits:
        assert not set(split.train // 2) & set(split.test // 2)
    ordered = replace(CONTRACT, time="when", exclude=("odd",))
    for split in plan_anomaly(prepare_anomaly(table(), ordered), ordered).splits:
        assert split.train.max() < split.test.min()


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"anomaly": Anomaly(share=0.0)}, InvalidSettings, "settings_wrong_value"),
        ({"anomaly": Anomaly(share=0.5)}, InvalidSettings, "settings_wrong_value"),
        ({"anomaly": Anomaly(label="none")}, InvalidData, "data_column_missing"),
        ({"anomaly": Anomaly(label="first")}, InvalidData, "data_too_small"),
        ({"anomaly": Anomaly(label="level")}, InvalidData, "data_target_kind"),
        ({"exclude": ("odd",), "anomaly": Anomaly(label="odd")}, InvalidSettings, None),
        ({"exclude": ("none",)}, InvalidData, "data_column_missing"),
        ({"features": {"who": FeatureNote()}}, InvalidData, "data_no_features"),
        ({"metric": "rmse"}, UnknownName, "unknown_metric"),
        ({"candidates": ("magic",)}, UnknownName, "unknown_component"),
    ],
)
def test_what_cannot_be_is_said(changes, kind, code):
    contract = replace(CONTRACT, **changes)
    with pytest.raises(kind) as caught:
        plan_anomaly(prepare_anomaly(table(), contract), contract)
    assert code in (None, caught.value.code)


def test_few_rows_say_nothing_of_what_is_usual():
    few = [RawColumn(each.name, each.kind, each.values[:9]) for each in table()]
    with pytest.raises(InvalidData, match="too few"):
        prepare_anomaly(few, CONTRACT)
