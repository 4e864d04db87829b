"""A history from outside is read strictly, and every mistake in it is named."""

import math

import pytest

from plait.core.errors import InvalidRequest
from plait.core.history import read_history


def test_numbers_and_gaps_are_read_in_order():
    values, horizon = read_history({"history": [1, None, 2.5], "horizon": 2}, 4)
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert values[2] == 2.5
    assert horizon == 2


def test_without_a_horizon_all_steps_are_meant():
    assert read_history({"history": [1]}, 7)[1] == 7


@pytest.mark.parametrize(
    ("request_", "code", "where"),
    [
        ([1, 2], "request_shape", ""),
        ({}, "request_shape", "history"),
        ({"history": "1, 2"}, "request_shape", "history"),
        ({"history": []}, "history_empty", "history"),
        ({"history": [None, math.nan]}, "history_empty", "history"),
        ({"history": [1, "2"]}, "row_wrong_type", "history[1]"),
        ({"history": [True]}, "row_wrong_type", "history[0]"),
        ({"history": [1, [2]]}, "row_wrong_type", "history[1]"),
        ({"history": [1, math.inf]}, "row_not_finite", "history[1]"),
        ({"history": [10**400]}, "row_not_finite", "history[0]"),
        ({"history": [1, -1e301]}, "row_not_finite", "history[1]"),
        ({"history": [1], "horizon": 0}, "row_wrong_type", "horizon"),
        ({"history": [1], "horizon": 1.5}, "row_wrong_type", "horizon"),
        ({"history": [1], "horizon": True}, "row_wrong_type", "horizon"),
        ({"history": [1], "horizon": None}, "row_wrong_type", "horizon"),
        ({"history": [1], "horizon": 5}, "horizon_too_long", "horizon"),
        ({"history": [1], "horizons": 2}, "row_unknown_field", "horizons"),
    ],
)
def test_a_mistake_is_named_with_its_place(request_, code, where):
    with pytest.raises(InvalidRequest) as raised:
        read_history(request_, 4)
    assert (raised.value.code, raised.value.where) == (code, where)
    assert raised.value.hint
