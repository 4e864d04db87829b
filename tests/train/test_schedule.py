import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.train.schedule import (
    EVERYTHING,
    MEASURE_SECONDS,
    OTHER_WORK,
    Schedule,
    record_of,
)

SPENT = {"quick": [0.1], "slow": [4.0], "middling": [1.0]}
GAINS = {"quick": 0.5, "slow": 0.8, "middling": 0.7}


def going(seconds, spent=SPENT, done=1, names=tuple(SPENT), gains=GAINS):
    return within(seconds).going_on(names, spent, gains, folds=5, done=done)


def within(seconds):
    """Return a schedule with so many seconds for fitting and measuring."""
    return Schedule(seconds=seconds / (1 - OTHER_WORK))


def cost(seconds, fits=3.5):
    """Return what a candidate of such fits costs to be finished after its first."""
    return seconds * fits + MEASURE_SECONDS


def test_without_limits_everybody_goes_on():
    assert EVERYTHING.going_on(list(SPENT), SPENT, GAINS, folds=5, done=7) == list(SPENT)
    assert EVERYTHING.starts("quick", SPENT, GAINS, folds=5)


def test_the_leader_stays_and_the_others_go_by_what_they_cost():
    needed = 5.1 + sum(map(cost, (0.1, 4.0, 1.0)))
    assert going(needed + 0.1) == list(SPENT)
    assert going(needed - 0.1) == ["quick", "slow"]
    assert going(5.1 + cost(4.0) + 0.1) == ["slow"]


def test_who_cannot_be_finished_does_not_lead():
    all_of_it = (5.1 + cost(4.0)) * (1 - OTHER_WORK)
    assert going(all_of_it + 0.1) == ["slow"]
    assert going(all_of_it - 0.1) == ["quick", "middling"]
    assert going(5.1 + cost(1.0) + 0.1) == ["middling"]
    assert going(0.001) == ["quick"]


def test_of_those_near_the_best_the_cheapest_leads():
    near = {**GAINS, "middling": 0.798}
    assert going(5.1 + cost(4.0) + 0.1, gains=near) == ["quick", "middling"]
    assert going(5.1 + cost(4.0) + 0.1, gains={**GAINS, "middling": 0.796}) == ["slow"]


def test_three_splits_will_do_when_there_is_no_time_for_all():
    spent = {"quick": [0.1] * 3, "slow": [4.0] * 3}
    more = 12.3 + cost(4.1, 2.5) + MEASURE_SECONDS
    assert going(more + 0.1, spent, done=3, names=list(spent)) == ["quick", "slow"]
    assert going(more - 0.1, spent, done=3, names=list(spent)) == []
    two = {name: fits[:2] for name, fits in spent.items()}
    assert going(1.0, two, done=2, names=list(spent)) == ["quick"]


def test_a_further_repeat_is_run_only_if_all_of_it_fits():
    spent = {"quick": [0.1] * 5, "slow": [4.0] * 5}
    whole = 20.5 + cost(4.1, 6.5) + MEASURE_SECONDS
    assert going(whole + 0.1, spent, done=5, names=list(spent)) == ["quick", "slow"]
    assert going(whole - 0.1, spent, done=5, names=list(spent)) == []


def test_what_those_spent_that_dropped_out_is_spent():
    assert going(10.2, {**SPENT, "gone": [20.0]}, gains={**GAINS, "gone": 0.9}) == ["quick"]


def test_a_candidate_begins_while_there_would_be_time_for_the_leader_after_it():
    spent = {"quick": [0.1], "slow": [4.0], "middling": []}
    gains = {"quick": 0.5, "slow": 0.8}
    needed = 4.1 + 4.0 + cost(4.0)
    assert within(needed + 0.1).starts("middling", spent, gains, folds=5)
    assert not within(needed - 0.1).starts("middling", spent, gains, folds=5)
    assert within(needed - 0.1).starts("middling", spent, {"quick": 0.8, "slow": 0.5}, folds=5)
    assert Schedule(seconds=0.1).starts("middling", {"middling": []}, {}, folds=5)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 9), min_size=1),
    st.floats(0.1, 300),
)
def test_more_time_never_drops_more(costs, seconds):
    spent = {name: [each] for name, each in costs.items()}
    gains = dict.fromkeys(costs, 0.5)
    less = Schedule(seconds=seconds).going_on(list(spent), spent, gains, folds=5, done=1)
    more = Schedule(seconds=seconds * 2).going_on(list(spent), spent, gains, folds=5, done=1)
    assert less
    assert set(less) <= set(more)


def test_a_schedule_is_run_again_as_it_is_recorded():
    record = record_of(["a/0", "b/0", "c/0", "a/1", "b/1", "a/2"], {"c": "x", "b": "y"}, splits=2)
    again = Schedule.read(record)
    assert again.splits == {"a": 2}
    assert (again.left_out, again.record) == ({"c": "x", "b": "y"}, record)
    assert again.starts("a", {}, {}, folds=2)
    assert again.going_on(["a"], {}, {}, folds=2, done=1) == ["a"]
    assert again.going_on(["a"], {}, {}, folds=2, done=2) == []


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_race_knows_whether_it_has_limits(seconds):
    assert (Schedule(seconds=seconds) == EVERYTHING) is (seconds is None)
