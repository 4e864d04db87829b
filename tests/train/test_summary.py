from dataclasses import replace

import pytest

from plait.evaluate.compare import Comparison
from plait.evaluate.decide import Choice
from plait.evaluate.threshold import Costs
from plait.train.race import Raced
from plait.train.summary import summary_of

MEASUREMENTS = {
    name: {"latency_ms_p95": 0.0312, "size_mb": 0.0123} for name in ("dummy", "linear", "lightgbm")
}
GAP = Comparison(difference=0.0189, low=-0.0074, high=0.0451, p_value=0.14, splits=10)
WON = Choice(
    winner="linear",
    best="lightgbm",
    why="the simplest of those not distinguishable from lightgbm, the best score",
    reasons={"dummy": "a baseline", "lightgbm": "less simple than linear"},
    comparisons={"linear": GAP, "dummy": GAP},
)


@pytest.fixture(scope="module")
def known(raced):
    """Return the race with results known by heart."""
    point = replace(
        raced.results[1].point,
        threshold=0.754281,
        false_positive_rate=0.4611,
        false_negative_rate=0.00412,
        cost=0.3582,
        cost_low=0.3077,
        cost_high=0.41,
    )
    dummy, linear, lightgbm = raced.results
    results = (
        replace(dummy, scores=(0.5, 0.5, 0.5), point=replace(point, cost=0.613)),
        replace(linear, scores=(0.81, 0.82, 0.83), point=point),
        replace(lightgbm, scores=(0.83, 0.84, 0.85)),
    )
    return Raced(plan=raced.plan, results=results)


def told(contracts, raced, choice=WON, problem="binary"):
    return summary_of(contracts[problem], raced, MEASUREMENTS, choice, name="loans")


def test_the_paragraph_tells_all_a_manager_asks(contracts, known):
    assert told(contracts, known) == (
        "linear answers for loans: its roc_auc is 0.8200 (95 % interval 0.7807 to 0.8593; higher "
        "is better), judged 3 times on rows held out of 240. The reason: the simplest of those "
        "not distinguishable from lightgbm, the best score. 95 of 100 single answers take at most "
        "0.0312 ms, and the model's files take 12 kB. It answers approved yes from a "
        "probability of 0.754 on: of 100 cases of approved no, about 46 are taken for approved "
        "yes, and of 100 cases of approved yes, about 0.4 are taken for approved no. With a false "
        "positive at 5 and a false negative at 1, that costs 35.8 per 100 cases (95 % interval "
        "30.8 to 41), against 61.3 for dummy."
    )


def test_equal_costs_are_told_as_such(contracts, known):
    equal = Raced(plan=replace(known.plan, costs=Costs()), results=known.results)
    assert "At equal costs that is 35.8 errors per 100 cases" in told(contracts, equal)


def test_a_winning_guess_is_not_held_against_itself(contracts, known):
    choice = replace(WON, winner="dummy", reasons={"linear": "worse", "lightgbm": "worse"})
    said = told(contracts, known, choice)
    assert said.startswith("dummy answers for loans")
    assert "against" not in said


def test_when_nobody_answers_the_paragraph_says_so(contracts, known):
    nobody = replace(WON, winner=None, why="no candidate is within every limit")
    assert told(contracts, known, nobody) == (
        "Nothing answers for loans: no candidate is within every limit."
    )


def test_a_regression_has_no_threshold(contracts, known):
    results = tuple(
        replace(result, point=None, scores=(1234.5, 1235.5, 1236.5)) for result in known.results
    )
    said = told(contracts, Raced(plan=known.plan, results=results), problem="regression")
    assert "its roc_auc is 1,236" in said
    assert "probability" not in said


def test_a_race_without_time_for_all_folds_says_by_how_many(contracts, known):
    plan = replace(known.plan, splits=known.plan.splits.first(2))
    said = told(contracts, replace(known, plan=plan))
    assert "judged 2 times (by 2 of 3 folds; for all there was no time) on rows held out" in said
