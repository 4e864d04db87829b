from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Coverage, Fairness, Requirements
from plait.core.errors import InvalidSettings
from plait.engines.base import read_artefact
from plait.train.conclude import conclude
from plait.train.measure import Measured
from plait.train.prepare import prepare
from plait.train.race import race
from plait.train.require import (
    OWN,
    Answers,
    answers_of,
    calibrated,
    check_all,
    coverages,
    interval,
    licence,
    monotone,
    reasons,
    unjudged,
)


def asked(contracts, problem="binary", **requirements):
    return replace(contracts[problem], require=Requirements(**requirements))


@pytest.fixture(scope="module")
def regressed(plan_of, run_kind, tmp_path_factory):
    plan = plan_of("regression", candidates=("dummy", "linear"))
    return race(plan, run_kind(), folder=tmp_path_factory.mktemp("regressed"))


def test_the_answers_are_those_scored(raced, plan):
    result = raced.results[1]
    answers = answers_of(plan, result)
    assert sorted(answers.row) == list(range(len(plan.prepared)))
    assert answers.prediction.shape == (len(plan.prepared), 2)
    first = answers.split == 0
    assert answers.prediction[first, 1].tolist() == result.folds[0].positive
    assert answers.row[first].tolist() == plan.splits.each[0].test.tolist()


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_answers_of_every_problem_are_kept(plan_of, run_kind, tmp_path, problem):
    plan = plan_of(problem, candidates=("linear",))
    (result,) = race(plan, run_kind(), folder=tmp_path).results
    answers = answers_of(plan, result)
    truth = plan.prepared.target[answers.row]
    from plait.evaluate.metric import score

    again = [
        score(plan.metric, truth[answers.split == at], answers.prediction[answers.split == at])
        for at in range(3)
    ]
    assert again == pytest.approx(list(result.scores), rel=1e-5)


def test_nothing_required_nothing_checked(contracts, raced, run_kind):
    run = run_kind()
    assert check_all(contracts["binary"], raced, run) is raced
    assert run.kept == {}


def test_exact_reasons_are_given_by_rows_and_not_by_examples(contracts, raced, text_raced):
    contract = asked(contracts, reasons=True)
    for result in raced.results:
        answers = answers_of(raced.plan, result)
        assert reasons(contract, raced.plan, result, answers) == ()
    neighbours = text_raced.results[-1]
    (broken,) = reasons(contract, text_raced.plan, neighbours, None)
    assert str(broken) == "breaks reasons: it gives examples, no exact shares"
    assert reasons(contracts["binary"], text_raced.plan, neighbours, None) == ()


@pytest.mark.parametrize(
    ("has", "allowed", "broken"),
    [
        (OWN, ("MIT",), False),
        ("Apache-2.0", (), False),
        ("Apache-2.0", ("MIT", "apache-2.0"), False),
        ("Apache-2.0", ("MIT",), True),
        ("MIT OR GPL-3.0", ("MIT",), False),
        ("MIT AND GPL-3.0", ("MIT",), True),
    ],
)
def test_licences(contracts, raced, monkeypatch, has, allowed, broken):
    result = raced.results[0]
    real = read_artefact(result.folder)
    faked = replace(real, manifest=replace(real.manifest, licence=has))
    monkeypatch.setattr("plait.train.require.read_artefact", lambda folder: faked)
    found = licence(asked(contracts, licence=allowed), raced.plan, result, None)
    assert bool(found) is broken
    if broken:
        assert f"its licence is {has}, and " in str(found[0])


def test_what_moves_back_is_told_with_the_share_of_rows(contracts, raced):
    linear = raced.results[1]
    assert (
        monotone(asked(contracts, monotone={"debt": "decreasing"}), raced.plan, linear, None) == []
    )
    (broken,) = monotone(
        asked(contracts, monotone={"debt": "increasing"}), raced.plan, linear, None
    )
    assert broken.measured == 1.0
    assert "it is not increasing in debt: 100 % of 200 rows move back" in str(broken)


def test_an_unknown_monotone_feature_is_refused(loans, contracts):
    with pytest.raises(InvalidSettings, match="dept"):
        prepare(loans, asked(contracts, monotone={"dept": "increasing"}))


def test_an_interval_that_holds_too_few_is_told_by_how_many(contracts, regressed):
    plan = regressed.plan
    contract = asked(contracts, "regression", interval=0.9)
    for result in regressed.results:
        assert interval(contract, plan, result, answers_of(plan, result)) == ()
    answers = answers_of(plan, regressed.results[1])
    few = Answers(
        row=answers.row,
        split=answers.split,
        prediction=answers.prediction,
        covered=np.arange(len(answers.row)) % 2 == 0,
    )
    (broken,) = interval(contract, plan, regressed.results[1], few)
    assert broken.excess == pytest.approx(0.9 / 0.5)
    assert str(broken) == "breaks interval: it holds 50 % of rows, and 90 % is asked for"


def test_classes_without_a_set_break_an_interval(contracts, raced):
    result = raced.results[1]
    answers = answers_of(raced.plan, result)
    none = replace_covered(answers)
    (broken,) = interval(asked(contracts, interval=0.9), raced.plan, result, none)
    assert str(broken) == "breaks interval: it gives no interval and no set"


def test_what_holds_over_all_and_not_within_a_group_breaks_the_interval(contracts, regressed):
    plan = regressed.plan
    contract = asked(contracts, "regression", interval=Coverage(coverage=0.9, by="area"))
    repeated = replace_covered(answers_of(plan, regressed.results[1]))
    times = 12  # so that the groups have the 200 rows
    row, split = np.tile(repeated.row, times), np.tile(repeated.split, times)
    area = plan.prepared.columns["area"][row]
    few = Answers(
        row=row,
        split=split,
        prediction=np.zeros(len(row)),
        covered=(area != "coast") | (np.cumsum(area == "coast") % 4 != 0),
    )
    (broken,) = interval(contract, plan, regressed.results[1], few)
    assert str(broken) == (
        "breaks interval: it holds 75 % of rows of area coast, and 90 % is asked for"
    )
    every = [each.group for each in coverages(contract, plan, few)]
    assert every == ["", "coast", "town", "village"]
    assert interval(asked(contracts, "regression", interval=0.9), plan, None, few) == ()


def test_coverage_may_be_asked_within_classes(contracts, plan):
    row = np.tile(np.arange(len(plan.prepared)), 5)
    split = np.zeros(len(row), dtype=np.int64)
    sure = np.ones(len(row), dtype=bool)
    answers = Answers(row=row, split=split, prediction=np.zeros((len(row), 2)), covered=sure)
    contract = asked(contracts, interval=Coverage(coverage=0.9, by="class"))
    assert [each.group for each in coverages(contract, plan, answers)] == ["", "no", "yes"]


@pytest.mark.parametrize("by", ["debt", "aera", "person"])
def test_coverage_within_what_is_no_feature_with_levels_is_refused(loans, contracts, by):
    with pytest.raises(InvalidSettings, match="no feature with levels") as caught:
        prepare(loans, asked(contracts, interval=Coverage(coverage=0.9, by=by)))
    assert caught.value.where == "require.interval.by"


def replace_covered(answers):
    return Answers(
        row=answers.row,
        split=answers.split,
        prediction=answers.prediction,
        covered=np.zeros(0, dtype=bool),
    )


def test_probabilities_that_exaggerate_are_not_calibrated(contracts, plan_of, run_kind, tmp_path):
    plan = plan_of("binary", candidates=("linear",))
    (result,) = race(plan, run_kind(), folder=tmp_path).results
    answers = answers_of(plan, result)
    contract = asked(contracts, calibrated=True)
    assert calibrated(contract, plan, result, answers) == ()
    odds = 6 * np.log(answers.prediction[:, 1] / answers.prediction[:, 0])
    sure = 1 / (1 + np.exp(-odds))
    loud = Answers(
        row=answers.row,
        split=answers.split,
        prediction=np.column_stack([1 - sure, sure]),
        covered=answers.covered,
    )
    (broken,) = calibrated(contract, plan, result, loud)
    assert broken.measured > broken.allowed
    assert str(broken).startswith("breaks calibrated: a recalibration lowers its log loss by ")


def test_a_gap_between_groups_is_told_with_its_interval(loans, contracts, raced, run_kind):
    rule = Fairness(group="area", metric="demographic_parity", max_gap=0.05, min_rows=30)
    contract = replace(contracts["binary"], fairness=rule)
    areas = prepare(loans, contract).aside
    aware = replace(
        raced, plan=replace(raced.plan, prepared=replace(raced.plan.prepared, aside=areas))
    )
    found = {each.name: each.broken for each in check_all(contract, aware, run_kind()).results}
    assert found["dummy"] == ()
    (broken,) = found["linear"]  # it learns from the area, and coast and village differ
    assert broken.limit == "fairness"
    assert broken.measured > broken.allowed == 0.05
    assert "demographic_parity differs by " in str(broken)
    assert "thresholds per group, which plait never applies, would leave 0.0" in str(broken)
    assert "coast 0." in str(broken)
    assert " per 100 rows instead of " in str(broken)
    assert str(broken).endswith("by the very rows that chose them")
    wide = replace(contract, fairness=replace(rule, max_gap=0.9))
    assert all(each.broken == () for each in check_all(wide, aware, run_kind()).results)


def test_groups_of_two_columns_are_crossed(loans, contracts, raced, run_kind):
    rule = Fairness(group=("area", "married"), metric="demographic_parity", max_gap=0.05)
    contract = replace(contracts["binary"], fairness=replace(rule, min_rows=20))
    prepared = prepare(loans, contract)
    assert not {"area", "married"} & set(prepared.columns)
    plan = replace(raced.plan, prepared=replace(raced.plan.prepared, aside=prepared.aside))
    checked = check_all(contract, replace(raced, plan=plan), run_kind())
    (broken,) = checked.results[1].broken
    assert "between area x married " in str(broken)
    (said,) = unjudged(contract, plan)
    assert "of area x married " in said
    assert " x missing (" in said


def test_groups_are_unjudged_by_the_rows_tested_and_their_outcomes(loans, contracts, raced):
    areas = prepare(loans, replace(contracts["binary"], fairness=Fairness(group="area"))).aside
    counts = dict(zip(*np.unique(areas["area"].astype(str), return_counts=True), strict=True))
    smallest = min(counts, key=lambda name: counts[name])
    rule = Fairness(group="area", metric="demographic_parity", min_rows=int(counts[smallest]))
    contract = replace(contracts["binary"], fairness=rule)
    plan = replace(raced.plan, prepared=replace(raced.plan.prepared, aside=areas))
    assert unjudged(contract, plan) == []
    part = replace(plan, splits=plan.splits.first(2))
    (said,) = unjudged(contract, part)
    assert f"fewer than {rule.min_rows} rows that were tested: of area " in said
    few = replace(plan, prepared=replace(plan.prepared, target=np.zeros(len(plan.prepared))))
    opportunity = replace(contract, fairness=replace(rule, metric="equal_opportunity"))
    (said,) = unjudged(opportunity, few)
    assert f", or than {-(-rule.min_rows // 5)} positive ones: of area " in said
    assert said.count(" rows)") == len(counts)


def test_who_breaks_a_requirement_loses_and_the_decision_says_by_how_much(
    contracts, raced, run_kind
):
    contract = asked(contracts, monotone={"debt": "increasing"})
    checked = check_all(contract, raced, run_kind())
    values = {"latency_ms_p95": 0.1, "size_mb": 0.1}
    measured = {each.name: Measured(values, {"cores": 2}) for each in raced.results}
    told = {"name": "loans", "by": "tester", "created": 0.0}
    evidence, decision = conclude(contract, checked, measured, **told)
    assert decision.winner == "dummy"
    why = {each.name: each.why for each in decision.standings}
    assert why["linear"].startswith("breaks monotone: it is not increasing in debt: 100 %")
    assert evidence.id == conclude(contract, raced, measured, **told)[0].id


def test_when_nobody_meets_a_requirement_nobody_answers(contracts, raced, run_kind):
    contract = asked(contracts, interval=0.9)
    bare = replace(
        raced,
        results=tuple(
            replace(each, folds=tuple(replace(fold, covered=[]) for fold in each.folds))
            for each in raced.results
        ),
    )
    checked = check_all(contract, bare, run_kind())
    measured = {
        each.name: Measured({"latency_ms_p95": 0.1, "size_mb": 0.1}, {}) for each in raced.results
    }
    _, decision = conclude(contract, checked, measured, name="loans", by="t", created=0.0)
    assert (decision.winner, decision.artefact) == ("", "")
    assert "the nearest is dummy, without interval" in decision.summary
