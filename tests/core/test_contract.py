"""Contracts: what is hashed into evidence, and what is not."""

import json
from dataclasses import replace

import pytest

from plait.core.contract import (
    Contract,
    ContractLimits,
    Cost,
    Coverage,
    Fairness,
    FeatureNote,
    Objective,
    OutOfScope,
    Requirements,
    TableSource,
)
from plait.core.ids import content_id
from plait.core.privacy import Privacy

LOANS = Contract(
    task="tabular",
    data="loans.csv",
    target="approve",
    metric="roc_auc",
    positive="1",
    objective=Objective(cost=Cost(false_positive=5.0)),
    features={"income": FeatureNote(), "debt": FeatureNote()},
    exclude=("action", "reject"),
    limits=ContractLimits(latency_ms=5.0),
    candidates=("dummy", "logistic"),
    privacy=Privacy.PERSONAL,
)


def test_the_record_is_this():
    """It is part of every evidence id: what is written here may grow, never change."""
    assert LOANS.record() == {
        "task": "tabular",
        "target": "approve",
        "metric": "roc_auc",
        "positive": "1",
        "cost": [5.0, 1.0],
        "features": ["debt", "income"],
        "exclude": ["action", "reject"],
        "limits": [5.0, None, None],
        "candidates": ["dummy", "logistic"],
        "privacy": "personal",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "elsewhere/loans.parquet"},
        {"features": {"debt": FeatureNote(label="debts"), "income": FeatureNote(unit="usd")}},
        {"exclude": ("reject", "action")},
    ],
    ids=["place", "labels", "order"],
)
def test_what_does_not_touch_the_race_leaves_the_evidence(changes):
    assert replace(LOANS, **changes).record() == LOANS.record()


@pytest.mark.parametrize(
    "changes",
    [
        {"target": "reject"},
        {"metric": "accuracy"},
        {"positive": "0"},
        {"objective": Objective()},
        {"objective": Objective(cost=Cost(false_negative=5.0))},
        {"features": {}},
        {"exclude": ()},
        {"limits": ContractLimits(size_mb=5.0)},
        {"limits": ContractLimits(cost_usd=0.2, core_hour_usd=0.04)},
        {"candidates": ("logistic", "dummy")},
        {"privacy": Privacy.SECRET},
    ],
    ids=str,
)
def test_what_touches_the_race_changes_the_evidence(changes):
    changed = replace(LOANS, **changes).record()
    assert content_id("x", changed) != content_id("x", LOANS.record())


@pytest.mark.parametrize(
    "contract",
    [
        LOANS,
        replace(LOANS, objective=Objective()),
        replace(LOANS, limits=ContractLimits(cost_usd=0.2, core_hour_usd=0.04)),
    ],
)
def test_a_contract_comes_back_from_its_record(contract):
    again = Contract.read(json.loads(json.dumps(contract.record())))
    assert again == replace(contract, data="")
    assert again.record() == contract.record()


@pytest.mark.parametrize(
    ("interval", "coverage", "by"),
    [(None, None, ""), (0.9, 0.9, ""), (Coverage(coverage=0.8, by="area"), 0.8, "area")],
)
def test_a_coverage_is_a_share_or_a_share_within_groups(interval, coverage, by):
    require = Requirements(interval=interval, reasons=True)
    assert (require.coverage, require.interval_by) == (coverage, by)
    contract = replace(LOANS, require=require)
    again = Contract.read(json.loads(json.dumps(contract.record())))
    assert again.require == require


@pytest.mark.parametrize(
    ("group", "named"), [("race", "race"), (("race", "sex"), "race x sex")], ids=str
)
def test_fairness_is_between_the_groups_of_a_column_or_of_several(group, named):
    contract = replace(LOANS, fairness=Fairness(group=group))
    assert contract.fairness.named == named
    again = Contract.read(json.loads(json.dumps(contract.record())))
    assert again.fairness == contract.fairness


TEXTS = Contract(task="text", data="talk.csv", target="intent", text="said")


@pytest.mark.parametrize(
    "scope", [OutOfScope(), OutOfScope(level="oos", max_loss=0.1), None], ids=str
)
def test_a_contract_of_texts_comes_back_from_its_record(scope):
    contract = replace(TEXTS, out_of_scope=scope)
    again = Contract.read(json.loads(json.dumps(contract.record())))
    assert again == replace(contract, data="")


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"out_of_scope": None},
        {"out_of_scope": OutOfScope(level="oos")},
        {"out_of_scope": OutOfScope(max_loss=0.1)},
    ],
    ids=str,
)
def test_what_touches_the_race_of_texts_changes_the_evidence(changes):
    changed = replace(TEXTS, **changes).record()
    assert content_id("x", changed) != content_id("x", TEXTS.record())


def test_only_contracts_of_texts_speak_of_texts():
    assert not {"text", "out_of_scope"} & set(LOANS.record())


def test_a_contract_needs_a_task_data_and_a_target():
    record = Contract(task="tabular", data="loans.csv", target="approve").record()
    assert record["cost"] is None
    assert record["limits"] == [None, None, None]


MADE = {"ratio": FeatureNote(expr="debt / income", label="burden"), "note": FeatureNote(embed=True)}


def test_features_that_are_made_come_back_from_the_record_without_their_labels():
    contract = replace(LOANS, features={**LOANS.features, **MADE})
    record = json.loads(json.dumps(contract.record()))
    assert record["expr"] == {"ratio": "debt / income"}
    assert record["embed"] == ["note"]
    again = Contract.read(record)
    assert again.record() == contract.record()
    assert again.features["ratio"] == FeatureNote(expr="debt / income")
    assert again.chosen == {"income", "debt"}
    assert again.named == {"income", "debt", "note"}


TABLES = {"payments": TableSource(data="p.csv", time="paid_at"), "rates": TableSource(data="r")}
LATE = FeatureNote(sql="SELECT count(*) FROM payments", label="late payments")


def test_what_is_looked_up_is_part_of_the_evidence_and_where_it_lies_is_not():
    contract = replace(LOANS, time="applied", tables=TABLES, features={"late": LATE})
    record = json.loads(json.dumps(contract.record()))
    assert record["sql"] == {"late": LATE.sql}
    assert record["tables"] == {"payments": "paid_at", "rates": ""}
    again = Contract.read(record)
    assert again.record() == record
    assert again.queries == contract.queries
    assert again.tables["payments"] == TableSource(data="", time="paid_at")
    moved = replace(contract, tables={**TABLES, "rates": TableSource(data="elsewhere.csv")})
    assert moved.record() == record
    later = {**TABLES, "rates": TableSource(data="r", time="since")}
    assert replace(contract, tables=later).record() != record


def test_tables_that_nothing_reads_are_no_evidence():
    assert replace(LOANS, tables=TABLES).record() == LOANS.record()


def test_another_expression_is_other_evidence():
    one, other = (
        replace(LOANS, features={"ratio": FeatureNote(expr=expr)})
        for expr in ("debt / income", "debt / (income + 1)")
    )
    assert content_id("x", one.record()) != content_id("x", other.record())


def test_a_quantile_is_part_of_the_record_where_there_is_one():
    asked = replace(LOANS, objective=Objective(quantile=0.9))
    assert asked.record()["quantile"] == 0.9
    again = Contract.read(json.loads(json.dumps(asked.record())))
    assert again.objective == Objective(quantile=0.9)
    assert "quantile" not in LOANS.record()
