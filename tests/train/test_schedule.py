import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.train.schedule import EVERYTHING, MEASURE_SECONDS, Schedule, record_of

SPENT = {"quick": [0.1], "slow": [4.0], "middling": [1.0]}


def going(seconds, spent=SPENT, done=1, names=tuple(SPENT)):
    return Schedule(seconds=seconds).going_on(names, spent, folds=5, done=done)


def test_without_limits_everybody_goes_on():
    assert EVERYTHING.going_on(list(SPENT), SPENT, folds=5, done=7) == list(SPENT)
    assert EVERYTHING.starts("quick", SPENT)


def test_the_dearest_are_dropped_until_a_repeat_fits_and_the_last_stays():
    assert going(1000) == list(SPENT)
    needed = 5.1 + 1.1 * 5.5 + 2 * MEASURE_SECONDS
    assert going(needed + 0.1) == ["quick", "middling"]
    assert going(needed - 0.1) == ["quick"]
    assert going(0.001) == ["quick"]


def test_a_further_repeat_is_run_only_if_all_of_it_fits():
    spent = {"quick": [0.1] * 5, "slow": [4.0] * 5}
    whole = 20.5 + 4.1 * 6.5 + 2 * MEASURE_SECONDS
    assert going(whole + 0.1, spent, done=5, names=list(spent)) == ["quick", "slow"]
    assert going(whole - 0.1, spent, done=5, names=list(spent)) == []


def test_what_those_spent_that_dropped_out_is_spent():
    assert going(10.2, {**SPENT, "gone": [20.0]}) == ["quick"]


def test_nobody_begins_when_the_time_is_up_but_the_first():
    schedule = Schedule(seconds=3.0)
    assert schedule.starts("slow", {"slow": []})
    assert schedule.starts("middling", {"quick": [0.1], "middling": []})
    assert not schedule.starts("middling", {"slow": [4.0], "middling": []})


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 9), min_size=1),
    st.floats(0.1, 300),
)
def test_more_time_never_drops_more(costs, seconds):
    spent = {name: [each] for name, each in costs.items()}
    less = Schedule(seconds=seconds).going_on(list(spent), spent, folds=5, done=1)
    more = Schedule(seconds=seconds * 2).going_on(list(spent), spent, folds=5, done=1)
    assert less
    assert set(less) <= set(more)


def test_a_schedule_is_run_again_as_it_is_recorded():
    record = record_of(["a/0", "b/0", "c/0", "a/1", "b/1", "a/2"], {"c": "x", "b": "y"}, splits=2)
    again = Schedule.read(record)
    assert again.splits == {"a": 2}
    assert (again.left_out, again.record) == ({"c": "x", "b": "y"}, record)
    assert again.starts("a", {})
    assert again.going_on(["a"], {}, folds=2, done=1) == ["a"]
    assert again.going_on(["a"], {}, folds=2, done=2) == []


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_a_race_knows_whether_it_has_limits(seconds):
    assert (Schedule(seconds=seconds) == EVERYTHING) is (seconds is None)
