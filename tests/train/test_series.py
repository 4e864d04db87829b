"""Rows become whole series; what is wrong with their times is named with its rows."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.store.frame import Frame
from plait.train.series import prepare_series

CONTRACT = Contract(
    task="series", data="load.csv", target="load", time="day", series="city", horizon=2, season=1
)


def days(*numbers):
    return [f"2026-03-{number:02}" for number in numbers]


def frame(day, city, load):
    return Frame.of({"day": day, "city": city, "load": load}).columns


def parts(prepared):
    return [each.tolist() for each in prepared.histories(np.arange(len(prepared)))]


def test_rows_in_any_order_become_series_in_time():
    prepared = prepare_series(
        frame(days(3, 1, 2, 2, 1), ["b", "b", "a", "b", "a"], [3.0, 1.0, 20.0, 2.0, 10.0]), CONTRACT
    )
    assert prepared.names == ("a", "b")
    assert parts(prepared) == [[10.0, 20.0], [1.0, 2.0, 3.0]]
    assert prepared.notes == ()
    assert prepared.rows(9) == [
        {"history": [10.0, 20.0], "horizon": 2},
        {"history": [1.0, 2.0, 3.0], "horizon": 2},
    ]


def test_gaps_are_kept_open_and_named():
    day = [*days(1, 2, 5), *days(1, 2, 3, 4)]
    columns = frame(day, list("aaabbbb"), [1.0, 2.0, 5.0, 1.0, None, 3.0, None])
    prepared = prepare_series(columns, CONTRACT)
    np.testing.assert_equal(parts(prepared), [[1, 2, np.nan, np.nan, 5], [1, np.nan, 3]])
    assert "a, 2 after 2026-03-02 (row 2)" in prepared.notes[0]
    assert "3 steps have no load" in prepared.notes[1]
    assert prepared.rows(1)[0]["history"] == [1.0, 2.0, None, None, 5.0]


def test_a_time_that_stands_twice_is_refused_with_its_rows():
    columns = frame(days(1, 2, 2, 1), ["a", "a", "a", "b"], [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(InvalidData) as raised:
        prepare_series(columns, CONTRACT)
    assert raised.value.code == "data_time_duplicate"
    assert "2026-03-02 of a in rows 2 and 3" in raised.value.message


def test_many_duplicates_hint_at_the_column_of_the_series():
    columns = frame(days(*range(1, 9)) * 2, ["a"] * 16, np.arange(16.0).tolist())
    with pytest.raises(InvalidData, match="and 5 more") as raised:
        prepare_series(columns, replace(CONTRACT, series=""))
    assert "series: COLUMN" in raised.value.hint


def test_a_time_between_two_steps_is_refused():
    day = [*days(1, 2, 3), "2026-03-04T07:00", "2026-03-05"]
    with pytest.raises(InvalidData, match="row 4") as raised:
        prepare_series(frame(day, ["a"] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]), CONTRACT)
    assert raised.value.code == "data_time_uneven"


def test_a_series_of_mostly_gaps_is_refused():
    day = [*days(1, 2), "9026-03-01"]
    with pytest.raises(InvalidData, match="are missing") as raised:
        prepare_series(frame(day, ["a"] * 3, [1.0, 2.0, 3.0]), CONTRACT)
    assert raised.value.code == "data_time_uneven"


@pytest.mark.parametrize(
    "day",
    [
        [f"{2024 + at // 12}-{at % 12 + 1:02}-01" for at in range(20)],
        [f"{2024 + at // 4}-{at % 4 * 3 + 1:02}-15T12:00:00+02:00" for at in range(20)],
        [f"{1990 + at}-07-01" for at in range(20)],
        [
            (date(2023 + at // 12, at % 12 + 1, 1) - timedelta(days=1)).isoformat()
            for at in range(20)
        ],
    ],
)
def test_months_quarters_and_years_are_even_steps(day):
    prepared = prepare_series(frame(day, ["a"] * 20, np.arange(20.0).tolist()), CONTRACT)
    assert parts(prepared) == [np.arange(20.0).tolist()]
    without = prepare_series(
        frame([*day[:4], *day[5:]], ["a"] * 19, np.arange(19.0).tolist()), CONTRACT
    )
    assert "1 after" in without.notes[0]


def test_a_time_may_be_a_number():
    prepared = prepare_series(frame([30, 10, 20], ["a"] * 3, [3.0, 1.0, 2.0]), CONTRACT)
    assert parts(prepared) == [[1.0, 2.0, 3.0]]


def test_without_a_time_rows_stand_as_they_are():
    contract = replace(CONTRACT, time="", series="")
    prepared = prepare_series(frame(days(1, 1, 1), ["a"] * 3, [3.0, 1.0, 2.0]), contract)
    assert parts(prepared) == [[3.0, 1.0, 2.0]]


def test_rows_without_a_time_and_series_without_a_number_are_left_out():
    day = [*days(1, 2), None, *days(1)]
    prepared = prepare_series(frame(day, list("aaab"), [1.0, 2.0, 3.0, None]), CONTRACT)
    assert parts(prepared) == [[1.0, 2.0]]
    assert "1 of 4 rows have no day" in prepared.notes[0]
    assert "such as b" in prepared.notes[1]


def test_the_season_is_read_off_the_data():
    load = [10 + 5 * (at % 7) + 0.1 * (at * 7 % 5) for at in range(70)]
    columns = Frame.of({"load": load}).columns
    prepared = prepare_series(columns, replace(CONTRACT, time="", series="", season=0))
    assert prepared.season == 7
    assert "7 steps" in prepared.notes[0]


def test_a_sample_holds_what_is_among_its_rows():
    prepared = prepare_series(
        frame(days(1, 2, 3, 1, 2), list("aaabb"), [1.0, 2, 3, 4, 5]), CONTRACT
    )
    sample = prepared.sample(np.array([0, 1, 3]), seed=1)
    assert [each.tolist() for each in sample.columns["history"]] == [[1.0, 2.0], [4.0]]
    assert sample.columns["horizon"] == [2, 2]


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"target": "lod"}, InvalidData, "data_target_missing"),
        ({"time": "dya"}, InvalidData, "data_column_missing"),
        ({"series": "town"}, InvalidData, "data_column_missing"),
        ({"target": "city", "series": ""}, InvalidData, "data_target_kind"),
        ({"time": "city", "series": ""}, InvalidData, "data_format"),
        ({"series": "day"}, InvalidSettings, "settings_wrong_value"),
        ({"horizon": 0}, InvalidSettings, "settings_wrong_value"),
        ({"season": -1}, InvalidSettings, "settings_wrong_value"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(changes, kind, code):
    columns = frame(days(1, 2, 3), ["a", "b", "c"], [1.0, 2.0, 3.0])
    with pytest.raises(kind) as raised:
        prepare_series(columns, replace(CONTRACT, **changes))
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("city", "load", "code"),
    [
        (["a", None, "a"], [1.0, 2.0, 3.0], "data_format"),
        (["a"] * 3, [1.0, np.inf, 3.0], "data_format"),
        (["a"] * 3, [2.0, 2.0, 2.0], "data_target_constant"),
        (["a"] * 3, [None, None, None], "data_target_kind"),
    ],
)
def test_data_that_cannot_be_forecast_are_refused(city, load, code):
    with pytest.raises(InvalidData) as raised:
        prepare_series(frame(days(1, 2, 3), city, load), CONTRACT)
    assert raised.value.code == code
