import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import FeatureNote, Requirements
from plait.engines.base import load, read_artefact
from plait.evaluate.split import repeated_folds, repeated_stratified
from plait.store.frame import RawColumn
from plait.train.encoder import Encoder
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.race import measure_all, race
from plait.train.require import monotone
from plait.train.variant import fitted_on, variant_name, with_variants, worth_of_inputs

FEATURES = {
    "ratio": FeatureNote(expr="debt / (income + 1)", label="debt to income"),
    "person": FeatureNote(embed=True, label="who asks"),
}


@pytest.fixture(scope="module")
def contract(contracts):
    return replace(
        contracts["binary"],
        candidates=("dummy", "linear", "neighbours"),
        features=FEATURES,
        require=Requirements(monotone={"ratio": "decreasing"}, reasons=True),
    )


@pytest.fixture(scope="module")
def made(loans, contract, tiny_encoder):
    prepared = prepare(loans, contract)
    plan = with_variants(plan_race(prepared, contract, seed=3), Encoder(tiny_encoder))
    return replace(plan, splits=repeated_stratified(prepared.target, folds=2, repeats=1, seed=3))


@pytest.fixture(scope="module")
def ran(made, run_kind, tmp_path_factory):
    some = {name: make for name, make in made.recipes.items() if "neighbours" not in name}
    plan = replace(made, recipes=some)
    return race(plan, run_kind(), folder=tmp_path_factory.mktemp("variants"))


@pytest.fixture(scope="module")
def folders(ran):
    return {result.name: result.folder for result in ran.results}


def test_each_method_but_the_baseline_races_on_each_input(made, ran, tmp_path):
    every = {name: make(tmp_path) for name, make in made.recipes.items()}
    assert list(every) == [each.name for each in every.values()] == [
        "dummy",
        "linear", "linear+engineered", "linear+learned",
        "neighbours", "neighbours+engineered", "neighbours+learned",
    ]  # fmt: skip
    assert [result.name for result in ran.results] == list(every)[:4]
    ranks = {name: each.complexity for name, each in every.items()}
    assert ranks["linear"] < ranks["linear+engineered"] < ranks["neighbours"]
    assert ranks["neighbours+engineered"] < ranks["linear+learned"] < ranks["neighbours+learned"]


def test_the_evidence_says_what_each_was_given(ran):
    told = {result.name: result.configuration for result in ran.results}
    assert told["linear"]["inputs"] == "raw"
    assert "expressions" not in told["linear"]
    assert told["linear+engineered"]["expressions"] == {"ratio": "debt / (income + 1)"}
    assert told["linear+learned"]["read"] == ["person"]
    assert "encoder" in told["linear+learned"]
    assert "encoder" not in told["linear+engineered"]


def test_the_row_does_not_depend_on_who_wins(made, folders):
    for folder in folders.values():
        assert read_artefact(folder).manifest.input == made.prepared.input


@pytest.mark.parametrize("name", ["linear+engineered", "linear+learned"])
def test_an_artefact_computes_what_it_was_fitted_on(made, folders, name):
    rows = made.prepared.take(np.arange(12))
    runs = load(folders[name])
    together = runs.predict(rows, reasons=3)
    for at in range(12):
        alone = runs.predict({key: [column[at]] for key, column in rows.items()}, reasons=3)
        assert alone["probability_yes"][0] == together["probability_yes"][at]
        assert alone["reasons"][0] == together["reasons"][at]


def test_reasons_name_what_was_computed(made, folders):
    rows = {key: column[:1] for key, column in made.prepared.take(np.arange(1)).items()}
    named = {
        name: [each.feature for each in load(folders[name]).predict(rows, reasons=9)["reasons"][0]]
        for name in ("linear", "linear+engineered", "linear+learned")
    }
    assert "ratio" not in named["linear"]
    assert "ratio" in named["linear+engineered"]
    assert "score of person" in named["linear+learned"]
    codes = load(folders["linear+engineered"])
    many = made.prepared.take(np.arange(200))
    told = [code.words for row in codes.predict(many, reasons=9)["codes"] for code in row]
    assert any(words.startswith("debt to income: ") for words in told)


def test_training_and_serving_compute_alike(made, folders):
    """What the method was fitted on is what its artefact makes of the same rows."""
    columns = made.prepared.columns
    with_it, fields = fitted_on(
        folders["linear+engineered"], columns, folders["dummy"].parent / "x"
    )[1:]
    assert "ratio" in fields
    debt = np.where(columns["debt"] == 999, np.nan, columns["debt"])
    np.testing.assert_array_equal(with_it["ratio"], debt / (columns["income"] + 1))


def test_who_does_not_read_an_expression_cannot_be_held_to_it(contract, made, ran):
    broken = {result.name: monotone(contract, made, result, None) for result in ran.results}
    assert broken["dummy"] == []
    assert "does not read ratio" in str(broken["linear"][0])
    assert broken["linear+engineered"] == []


def test_a_column_is_held_to_its_promise_with_what_is_computed_of_it(
    loans, contracts, run_kind, tmp_path
):
    """The weight of `debt` falls; a row with more of it is answered with more all the same."""
    debt = next(each for each in loans if each.name == "debt").values
    square = RawColumn("score", "number", np.where(debt == 999, 0, debt) ** 2)
    contract = replace(
        contracts["regression"],
        candidates=("linear",),
        features={"debt": FeatureNote(), "square": FeatureNote(expr="debt ** 2")},
        require=Requirements(monotone={"debt": "decreasing", "square": "increasing"}),
    )
    prepared = prepare([square if each.name == "score" else each for each in loans], contract)
    plan = with_variants(plan_race(prepared, contract, seed=3))
    plan = replace(plan, splits=repeated_folds(prepared.target, folds=2, repeats=1, seed=3))
    raced = race(plan, run_kind(), folder=tmp_path)
    told = {result.name: monotone(contract, plan, result, None) for result in raced.results}
    (broken,) = told["linear+engineered"]
    assert "it is not decreasing in debt: 100 %" in str(broken)


def test_what_inputs_were_worth_is_the_paired_difference(ran):
    worths = worth_of_inputs(ran)
    assert [(each.method, each.over, each.inputs) for each in worths] == [
        ("linear", "raw", "engineered"),
        ("linear", "engineered", "learned"),
    ]
    scores = {result.name: np.array(result.scores) for result in ran.results}
    gain = (scores["linear+engineered"] - scores["linear"]).mean()
    assert worths[0].gain == pytest.approx(gain)
    assert worths[0].low <= gain <= worths[0].high


def test_less_is_better_where_the_metric_says_so(ran):
    less = replace(ran.plan.metric, greater_is_better=False)
    turned = worth_of_inputs(replace(ran, plan=replace(ran.plan, metric=less)))[0]
    usual = worth_of_inputs(ran)[0]
    assert (turned.gain, turned.low, turned.high) == (-usual.gain, -usual.high, -usual.low)


def test_an_artefact_is_measured_on_the_contracts_rows(ran, run_kind):
    one = tuple(each for each in ran.results if each.name == "linear+learned")
    found = measure_all(replace(ran, results=one), run_kind())["linear+learned"]
    assert not found.failed
    assert found.values["latency_ms_p95"] > 0


def test_without_an_encoder_no_text_is_read(loans, contract):
    plan = with_variants(plan_race(prepare(loans, contract), contract))
    assert list(plan.recipes) == [
        "dummy", "linear", "linear+engineered", "neighbours", "neighbours+engineered",
    ]  # fmt: skip


def test_a_contract_without_made_features_races_as_ever(plan):
    assert with_variants(plan) is plan


def test_another_race_of_it_comes_out_the_same(made, ran, run_kind, tmp_path):
    some = {name: made.recipes[name] for name in ("linear+engineered", "linear+learned")}
    again = race(replace(made, recipes=some), run_kind(), folder=tmp_path)
    first = {result.name: result for result in ran.results}
    for result in again.results:
        assert result.scores == first[result.name].scores
        assert result.artefact == first[result.name].artefact
        assert json.dumps(result.configuration) == json.dumps(first[result.name].configuration)


def test_names():
    assert variant_name("linear", "raw") == "linear"
    assert variant_name("linear", "learned") == "linear+learned"


@pytest.mark.long
def test_an_ensemble_of_what_is_computed_answers_by_it(made, contract, run_kind, tmp_path):
    plan = plan_race(made.prepared, replace(contract, candidates=("ensemble",)), seed=3)
    some = with_variants(replace(plan, splits=made.splits)).recipes["ensemble+engineered"]
    ran = race(replace(made, recipes={"ensemble+engineered": some}), run_kind(), folder=tmp_path)
    runs = load(ran.results[0].folder)
    rows = made.prepared.take(np.arange(5))
    together = runs.predict(rows)["probability_yes"]
    alone = [runs.predict({k: v[at : at + 1] for k, v in rows.items()}) for at in range(5)]
    assert [each["probability_yes"][0] for each in alone] == list(together)
