"""What is no candidate is told before anything is fitted."""

from dataclasses import replace
from functools import partial

import pytest

from plait.core.errors import EngineError
from plait.core.table import API
from plait.train.dummy import Dummy
from plait.train.entrant import check_entrants, fault_of, fit
from plait.train.quantile import Quantile
from plait.train.race import race


class Plugged(Dummy):
    api = API


class Told(Plugged):
    def __init__(self, folder, *, threshold=None, share):
        super().__init__(folder, threshold=threshold)


class Unsure(Plugged):
    def __init__(self, folder, *, threshold=None):
        if threshold is not None:
            raise ValueError("no threshold but one half")
        super().__init__(folder)


class Unnamed(Plugged):
    name = "another"


class Forgetful(Plugged):
    @property
    def complexity(self):
        raise LookupError("who knows")


def test_those_of_plait_and_a_plug_in_that_is_right_are_raced(plan):
    check_entrants(replace(plan, recipes={**plan.recipes, "dummy": Plugged}))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (Told, "TypeError: .* missing 1 required keyword-only argument: 'share'"),
        (Unsure, "ValueError: no threshold"),
        (Unnamed, "its `name` is 'another', not 'dummy'"),
        (Forgetful, "LookupError: who knows"),
        (partial(Quantile, make=Told, quantile=0.9), "argument: 'share'"),
    ],
)
def test_what_is_no_candidate_ends_the_race_before_a_fit(plan, run_kind, tmp_path, make, why):
    run = run_kind()
    with pytest.raises(EngineError, match=f"candidate dummy, of the plug-in .*: .*{why}") as caught:
        race(replace(plan, recipes={**plan.recipes, "dummy": make}), run, folder=tmp_path)
    assert caught.value.code == "component_broken"
    assert run.kept == {}


def test_what_is_told_beforehand_is_handed_over(plan):
    check_entrants(replace(plan, recipes={"dummy": partial(Told, share=0.1)}))


def test_a_text_candidate_must_take_from_when_on_it_answers(plan):
    with pytest.raises(EngineError, match="unexpected keyword argument 'abstain'"):
        check_entrants(replace(plan, recipes={"dummy": Plugged}, max_loss=0.1))


def test_any_name_will_do_where_none_is_asked_for():
    assert fault_of(Unnamed) == ""
    assert fault_of(Unnamed, "dummy") == "its `name` is 'another', not 'dummy'"


def test_a_fit_is_that_of_the_candidate(plan, tmp_path):
    sample = plan.prepared.sample(plan.splits.each[0].train, seed=0)
    answer = fit(Plugged(tmp_path), sample).predict(sample.columns)
    assert len(answer["prediction"]) == len(sample.target)
