"""A quantile as the answer: who gives it, how honestly, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from plait.core.contract import Objective
from plait.core.errors import InvalidSettings
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.base import load
from plait.evaluate.monotone import sweep
from plait.evaluate.split import repeated_folds
from plait.store.frame import RawColumn
from plait.train.base import candidate_names, recipes
from plait.train.calibrate import loss_of
from plait.train.conclude import conclude, evidence_of
from plait.train.export_model import plain_model
from plait.train.export_python import runner, write
from plait.train.parity import check, make_rows
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.quality import below
from plait.train.quantile import OF_QUANTILE, Quantile
from plait.train.quantile_boosting import raised
from plait.train.race import Raced, measure_all, race

CLOSE = ("linear", "lightgbm", "ensemble")
ABLE = ("dummy", "rule_list", *CLOSE)


def spread(rows, seed, quantile=0.9):
    """Return a sample whose noise grows with x, and the quantile of each row."""
    random = np.random.default_rng(seed)
    x = random.random(rows)
    noise = 0.5 + 3 * x
    sample = Sample(
        input=Schema((Field(name="x", kind="number"), Field(name="idle", kind="number"))),
        columns={"x": x, "idle": random.normal(size=rows)},
        target=(5 * x + random.exponential(noise)).tolist(),
        classes=(),
        problem="regression",
        seed=1,
    )
    return sample, 5 * x - noise * np.log(1 - quantile)


def fitted(name, folder, sample, quantile=0.9):
    return Quantile(folder, make=recipes.load(name), quantile=quantile).fit(sample)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of an artefact per candidate, all fitted to one sample."""
    sample, _ = spread(900, 0)
    found = {}
    for name in ABLE:
        found[name] = tmp_path_factory.mktemp(name)
        fitted(name, found[name], sample)
    return found


def contract_of(contracts, **changes):
    return replace(contracts["regression"], objective=Objective(quantile=0.8), **changes)


@pytest.mark.parametrize("name", ABLE)
def test_new_rows_lie_below_the_answer_as_often_as_asked(trained, name):
    sample, _ = spread(4000, 1)
    answer = load(trained[name]).predict(sample.columns)
    assert 0.87 < np.mean(np.array(sample.target) <= answer["prediction"]) < 0.93
    assert not {"lower", "upper"} & answer.keys()


@pytest.mark.parametrize("name", CLOSE)
def test_the_answer_follows_the_spread_where_the_mean_does_not(trained, name):
    sample, truth = spread(4000, 1)
    answer = load(trained[name]).predict(sample.columns)["prediction"]
    dull = np.full(len(truth), np.quantile(sample.target, 0.9))
    assert np.mean(abs(answer - truth)) < np.mean(abs(dull - truth)) / 3
    loss = mean_pinball_loss(sample.target, answer, alpha=0.9)
    assert loss < 1.05 * mean_pinball_loss(sample.target, truth, alpha=0.9)


def test_rules_tell_rows_apart_by_their_quantiles(trained):
    sample, _ = spread(4000, 1)
    ruled, dull = (
        mean_pinball_loss(
            sample.target, load(trained[name]).predict(sample.columns)["prediction"], alpha=0.9
        )
        for name in ("rule_list", "dummy")
    )
    assert ruled < 0.9 * dull


@pytest.mark.parametrize("name", ABLE[1:])
def test_reasons_add_up_to_the_answer_in_its_unit(trained, name):
    runs = load(trained[name])
    rows = {"x": np.array([0.1, 0.9]), "idle": np.array([0.0, 0.0])}
    answer = runs.predict(rows, reasons=2)
    moved = [sum(each.contribution for each in row) for row in answer["reasons"]]
    assert moved[1] - moved[0] == pytest.approx(np.diff(answer["prediction"])[0])


@pytest.mark.parametrize("name", ["dummy", *CLOSE])
def test_a_file_answers_as_the_artefact_does(trained, name):
    runs = load(trained[name])
    model = plain_model(runs.artefact, "quick")
    found = check(runs, model, runner(model, write(model)), make_rows(model, 200))
    assert found.difference == 0.0


def test_a_linear_quantile_rises_where_it_must_and_boosting_asks_the_sweep(tmp_path):
    sample, _ = spread(400, 2)
    free = replace(sample, columns={**sample.columns, "x": -sample.columns["x"]})
    asked = replace(free, monotone={"x": "increasing"})
    runs = fitted("linear", tmp_path / "linear", asked)
    assert sweep(runs, asked.columns, asked.input["x"], "increasing", answer="prediction").holds
    runs = fitted("lightgbm", tmp_path / "boosted", asked)
    assert not sweep(runs, asked.columns, asked.input["x"], "increasing", answer="prediction").holds


def test_few_rows_are_bound_more_honestly_for_what_rows_held_out_say(tmp_path, monkeypatch):
    held = []
    for change in (raised, lambda booster, _: booster.model_to_string()):
        monkeypatch.setattr("plait.train.boosting.raised", change)
        for seed in range(4):
            runs = fitted("lightgbm", tmp_path / f"{seed}", spread(150, seed)[0])
            new, _ = spread(2000, 100 + seed)
            answer = runs.predict(new.columns)["prediction"]
            held.append(np.mean(np.array(new.target) <= answer))
    raised_off, plain_off = (abs(np.mean(each) - 0.9) for each in (held[:4], held[4:]))
    assert raised_off < 0.02 < plain_off


def test_what_a_method_says_of_itself_is_what_it_does_for_a_quantile(tmp_path):
    for name in ABLE:
        recipe = recipes.load(name)
        plain = recipe(tmp_path).configuration()
        said = Quantile(tmp_path, make=recipe, quantile=0.9).configuration()
        assert said["quantile"] == 0.9
        assert said != plain
        assert "quantile" not in plain
        assert "mean" not in str(said)
        assert "squared error" not in str(said)


@pytest.mark.parametrize("name", ["linear", "rule_list", "ensemble"])
def test_what_is_chosen_is_chosen_by_the_pinball_loss(tmp_path, monkeypatch, name):
    asked = []

    def noted(raw, target, problem, quantile=None):
        asked.append(quantile)
        return loss_of(raw, target, problem, quantile)

    monkeypatch.setattr(f"plait.train.{name}.loss_of", noted)
    fitted(name, tmp_path, spread(120, 3)[0], quantile=0.7)
    assert set(asked) == {0.7}


def test_who_estimates_none_is_left_out_with_one_note(loans, contracts):
    contract = contract_of(contracts)
    plan = plan_race(prepare(loans, contract), contract)
    assert sorted(plan.recipes) == sorted(ABLE)
    assert plan.metric.name == "pinball"
    usual = candidate_names("tabular")
    out = [name for name in usual if not hasattr(recipes.load(name), OF_QUANTILE)]
    (note,) = [note for note in plan.prepared.notes if "quantile" in note]
    assert note == f"Not raced, for they estimate no quantile: {', '.join(out)}."
    assert not any("needs torch" in note for note in plan.prepared.notes)


def test_who_estimates_none_cannot_be_named(loans, contracts):
    contract = contract_of(contracts, candidates=("linear", "extra_trees"))
    with pytest.raises(InvalidSettings, match="extra_trees estimates no quantile") as caught:
        plan_race(prepare(loans, contract), contract)
    assert caught.value.where == "candidates"


@pytest.mark.parametrize("target", ["approved", "area"])
def test_classes_have_no_quantile(loans, contracts, target):
    contract = contract_of(contracts, target=target, exclude=("score", "grade"))
    with pytest.raises(InvalidSettings, match="has no quantile") as caught:
        prepare(loans, contract)
    assert caught.value.where == "objective.quantile"


def test_a_number_of_few_values_is_a_number_when_its_quantile_is_asked_for(loans, contracts):
    contract = contract_of(contracts, target="grade", exclude=("score", "approved"))
    assert prepare(loans, contract).problem == "regression"
    assert prepare(loans, replace(contract, objective=Objective())).problem == "multiclass"


@pytest.fixture(scope="module")
def raced(loans, contracts, run_kind, tmp_path_factory):
    """Return a race for a quantile of the dummy and the linear model, and its contract."""
    contract = contract_of(contracts, candidates=("dummy", "linear"))
    prepared = prepare(loans, contract)
    plan = plan_race(prepared, contract, seed=3)
    plan = replace(plan, splits=repeated_folds(prepared.target, folds=3, repeats=2, seed=3))
    run = run_kind()
    return contract, race(plan, run, folder=tmp_path_factory.mktemp("quantile")), run


def test_the_race_is_judged_by_scikit_learns_loss(raced):
    _, found, _ = raced
    plan, result = found.plan, found.results[0]
    for split, fold in zip(plan.splits, result.folds, strict=True):
        truth = plan.prepared.target[split.test]
        wanted = mean_pinball_loss(truth, fold.answers(0), alpha=0.8)
        assert fold.score == pytest.approx(wanted, rel=1e-6)


def test_the_decision_says_how_many_rows_lie_below(raced):
    contract, found, run = raced
    _, decision = conclude(contract, found, measure_all(found, run), name="c", by="me", created=0.0)
    winner = next(each for each in found.results if each.name == decision.winner)
    (note,) = [note for note in decision.notes if note.startswith("Quantile: ")]
    assert [note] == below(contract, found.plan, winner)
    plan = found.plan
    under = [
        np.mean(plan.prepared.target[split.test] <= fold.answers(0))
        for split, fold in list(zip(plan.splits, winner.folds, strict=True))[: plan.splits.folds]
    ]
    assert f"{100 * np.mean(under):.1f} % (" in note
    assert note.endswith("and 80 % is asked for.")


def test_equal_values_lie_at_the_answer_whatever_is_kept_of_it(run_kind, contracts, tmp_path):
    values = np.round(np.repeat(np.arange(0.2, 5.2, 0.1), 6), 1)  # 4.1 is less as float32
    columns = [
        RawColumn("x", "number", np.random.default_rng(0).normal(size=len(values))),
        RawColumn("y", "number", values),
    ]
    contract = replace(
        contract_of(contracts, candidates=("dummy",)), target="y", features={}, exclude=()
    )
    prepared = prepare(columns, contract)
    found = race(plan_race(prepared, contract), run_kind(), folder=tmp_path)
    (note,) = below(contract, found.plan, found.results[0])
    assert 80 <= float(note.split()[1]) < 84


def test_nothing_is_said_where_no_quantile_is_asked_for(raced, contracts):
    _, found, _ = raced
    assert below(contracts["regression"], found.plan, found.results[0]) == []


def test_the_evidence_is_of_its_quantile(raced):
    contract, found, _ = raced
    other = replace(contract, objective=Objective(quantile=0.7))
    nothing = Raced(plan=found.plan, results=())
    assert evidence_of(contract, nothing).id != evidence_of(other, nothing).id
