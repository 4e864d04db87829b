import numpy as np
import pytest

from plait.core.contract import FeatureNote
from plait.store.frame import RawColumn, objects
from plait.train.feature import missing, read_feature


def number(values, name="x"):
    return RawColumn(name, "number", np.asarray(values, dtype=np.float64))


def text(values, kind="string"):
    return RawColumn("x", kind, objects(values))


def test_a_number_knows_its_range_apart_from_sentinels():
    feature = read_feature(
        number([1, 2, 3, 4] * 10 + [999, 999]), FeatureNote(label="age", unit="years")
    )
    field = feature.field
    assert (field.kind, field.low, field.high, field.sentinels) == ("number", 1, 4, (999,))
    assert (field.integer, field.nullable, field.label, field.unit) == (True, True, "age", "years")
    assert feature.values[-1] == 999
    assert feature.remark == "999 (in 2 rows) is read as missing"


def test_a_number_without_gaps_may_not_be_missing():
    field = read_feature(number([1.5, 2, 3] * 10), None).field
    assert (field.nullable, field.integer, field.sentinels) == (False, False, ())


def test_infinity_is_read_as_missing():
    feature = read_feature(number([1, 2, 3, np.inf, -np.inf]), None)
    assert np.isnan(feature.values[3:]).all()
    assert feature.field.nullable
    assert "infinity (in 2 rows)" in feature.remark


def test_levels_go_by_frequency():
    feature = read_feature(text(["a", "b", "b", None] * 10), None)
    assert (feature.field.kind, feature.field.levels) == ("category", ("b", "a"))
    assert feature.field.nullable


def test_a_flag_keeps_true_false_and_missing():
    feature = read_feature(text([True, False, None] * 10, "boolean"), None)
    assert (feature.field.kind, feature.field.nullable) == ("boolean", True)
    assert feature.values[:3].tolist() == [True, False, None]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (number([7] * 30), "it is 7 in every row"),
        (number([np.nan] * 30), "no value"),
        (number([np.inf, np.nan] * 30), "no finite value"),
        (number(range(30)), "it numbers the rows"),
        (text(["a"] * 30), "it is a in every row"),
        (text([None] * 30), "no value"),
        (text([True] * 30, "boolean"), "it is True in every row"),
        (text([f"{i}" for i in range(21)]), "text: 21 different values in 21 rows"),
        (text([f"{i % 101}" for i in range(5000)]), "text: 101 different values"),
        (text(["2024-05-01", "2024-05-02"] * 30, "time"), "a time"),
    ],
)
def test_a_column_without_use_is_left_out_with_the_reason(column, reason):
    assert reason in read_feature(column, None)


@pytest.mark.parametrize(
    "column",
    [
        number([5, np.nan] * 20),
        number([1, 2, 4, 3]),
        number(np.arange(30) + 0.5),
        text([f"{i % 20}" for i in range(60)]),
        text([f"{i % 51}" for i in range(3000)]),
        text(["a", None] * 20),
    ],
)
def test_a_column_of_some_use_is_kept(column):
    assert read_feature(column, None).field.name == "x"


def test_a_number_of_the_row_is_used_when_the_contract_names_it():
    assert read_feature(number(range(30)), FeatureNote()).field.kind == "number"


def test_missing_is_nan_or_none():
    assert missing(number([1, np.nan])).tolist() == [False, True]
    assert missing(text(["a", None])).tolist() == [False, True]


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ("{},5", "numbers"),
        ("${}", "numbers"),
        ("{} %", "numbers"),
        ("1.{:03},0 €", "numbers"),
        ("{:02}.10.2024", "times"),
        ("10/{:02}/24 10:30", "times"),
        ("{:05}", ""),
        ("id {}", ""),
        ("{0}-{0}", ""),
    ],
)
def test_texts_that_look_like_something_else_are_told_how_to_be_written(shape, told):
    values = objects(shape.format(at) for at in range(60))
    said = read_feature(RawColumn("x", "string", values), None)
    assert ("to be read as" in said) is bool(told)
    assert told in said


@pytest.mark.parametrize("shape", ["{}.5", "{},5", "{}", "1.{:03},0"])
def test_a_few_texts_among_numbers_are_told(shape):
    values = [shape.format(at) for at in range(1, 60)]
    spoilt = read_feature(text([*values, "unknown"]), None)
    assert spoilt == ("it is text: 60 different values in 60 rows, for 1 of 60 values is no number")
    many = read_feature(text([*values, "a", "b", "c", "d"]), None)
    assert many.endswith("for 4 of 63 values are no numbers")


def test_numbers_that_a_text_makes_levels_of_are_told():
    found = read_feature(text(["1,5", "2,5", "3"] * 20 + ["k.A.", None]), None)
    assert found.field.levels == ("1,5", "2,5", "3", "k.A.")
    assert found.remark == "1 of 61 values is no number: read as levels"


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2", "3"] * 20,
        ["low", "high"] * 20,
        ["1", "2", "b"] * 20,
        ["", "a"] * 20,
        [*(f"{at:05}" for at in range(8000, 8060)), "abroad"],
        [*(f"2024-05-{at:02}" for at in range(1, 29)), "never"],
    ],
)
def test_texts_that_are_no_spoilt_numbers(values):
    found = read_feature(text(values), None)
    assert "no number" not in (found if isinstance(found, str) else found.remark)
