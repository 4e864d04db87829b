import datetime
from decimal import Decimal

import numpy as np
import pytest

from plait.core.errors import InvalidData
from plait.store.frame import Frame, RawColumn, check_names

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "kind", "integer", "expected"),
    [
        ([1, 2, None], "number", True, [1.0, 2.0, NAN]),
        ([1, 2.5], "number", False, [1.0, 2.5]),
        ([Decimal("1.50"), None], "number", False, [1.5, NAN]),
        (np.array([1, 2], dtype=np.int8), "number", True, [1.0, 2.0]),
        (np.array([1.5, NAN], dtype=np.float32), "number", False, [1.5, NAN]),
        ([1.0, float("inf")], "number", False, [1.0, float("inf")]),
        ([2**53 + 1, 1], "string", False, ["9007199254740993", "1"]),
        ([None, NAN], "number", False, [NAN, NAN]),
        ([True, None], "boolean", False, [True, None]),
        (np.array([True, False]), "boolean", False, [True, False]),
        ([True, 1], "string", False, ["True", "1"]),
        (["a", None, ""], "string", False, ["a", None, ""]),
        (["1", "2"], "string", False, ["1", "2"]),
        (["1", 2, NAN], "string", False, ["1", "2", None]),
        ([datetime.date(2024, 1, 5), None], "time", False, ["2024-01-05", None]),
        ([datetime.datetime(2024, 1, 5, 10)], "time", False, ["2024-01-05T10:00:00"]),
        (["2024-01-05 10:00", "2024-01-05"], "time", False, ["2024-01-05 10:00", "2024-01-05"]),
        (["2024-01-05", "soon"], "string", False, ["2024-01-05", "soon"]),
        ([datetime.time(10, 30)], "string", False, ["10:30:00"]),
        ([b"raw"], "string", False, ["raw"]),
    ],
)
def test_the_kind_of_plain_values(values, kind, integer, expected):
    column = RawColumn.of("x", values)
    assert (column.kind, column.integer) == (kind, integer)
    assert column.values.dtype == (np.float64 if kind == "number" else object)
    assert repr(column.values.tolist()) == repr(expected)


def test_a_frame_is_its_columns_in_order():
    frame = Frame.of({"b": [1, 2], "a": ["x", "y"]})
    assert frame.names == ("b", "a")
    assert frame.height == 2
    assert frame["a"].values.tolist() == ["x", "y"]
    with pytest.raises(KeyError):
        frame["c"]
    assert Frame(()).height == 0


@pytest.mark.parametrize("second", ["income", "Income"])
def test_one_name_one_column(second: str):
    with pytest.raises(InvalidData, match="income") as caught:
        check_names(["income", "age", second], "loans.csv")
    assert caught.value.code == "data_duplicate_column"
