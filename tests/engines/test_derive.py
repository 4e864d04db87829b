import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.core.expression import FUNCTIONS, parse_expression
from plait.core.schema import Field
from plait.engines.derive import BATCH, ROW, Deriver
from plait.engines.pipeline import Derived, Read

nan = math.nan
KINDS = {"number": "number", "text": "category", "time": "time", "any": "number"}


def derived(text, sentinels=()):
    kinds = parse_expression(text).kinds
    reads = tuple(
        Read(column=name, kind=KINDS[kind], sentinels=sentinels if kind == "number" else ())
        for name, kind in kinds.items()
    )
    return Derived(field=Field(name="f", kind="number"), expr=text, reads=reads)


def one(text, sentinels=(), **row):
    """Return the value of one row: a float, or None for missing."""
    columns = {name: [value] for name, value in row.items()}
    (value,) = Deriver([derived(text, sentinels)]).added(columns, 1)["f"]
    return None if value != value else value


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        ("x / (y + 1)", {"x": 3, "y": 2}, 1.0),
        ("x / y", {"x": 1, "y": 0}, None),
        ("x / y", {"x": 0.0, "y": -0.0}, None),
        ("x + y", {"x": None, "y": 1}, None),
        ("x + y", {"x": nan, "y": 1}, None),
        ("x * y", {"x": 1e200, "y": 1e200}, None),
        ("1 / (x * y)", {"x": 1e200, "y": 1e200}, None),
        ("x ** y", {"x": -8, "y": 0.5}, None),
        ("x ** y", {"x": 10, "y": 400}, None),
        ("x ** 0", {"x": None}, None),
        ("x ** 2", {"x": -3}, 9.0),
        ("log(x)", {"x": -1}, None),
        ("log(x)", {"x": 0}, None),
        ("log1p(x)", {"x": 0}, 0.0),
        ("sqrt(x)", {"x": -1}, None),
        ("exp(x)", {"x": 1000}, None),
        ("round(x)", {"x": 2.5}, 2.0),
        ("abs(x)", {"x": -2}, 2.0),
        ("min(x, y, 3)", {"x": 5, "y": 4}, 3.0),
        ("max(x, y)", {"x": 5, "y": None}, None),
        ("clip(x, 0, 1)", {"x": 7}, 1.0),
        ("x > 1 and y < 2", {"x": 2, "y": 1}, 1.0),
        ("x > 1 and y < 2", {"x": 0, "y": None}, None),
        ("x or y", {"x": False, "y": True}, 1.0),
        ("not x", {"x": 0}, 1.0),
        ("1 < x < 3", {"x": 2}, 1.0),
        ("if_missing(x / y, -1)", {"x": 1, "y": 0}, -1.0),
        ("is_missing(x)", {"x": None}, 1.0),
        ("x if y > 0 else 5", {"x": 1, "y": 0}, 5.0),
        ("x if y > 0 else 5", {"x": 1, "y": None}, None),
        ("a == 'north'", {"a": "north"}, 1.0),
        ("a != 'north'", {"a": "never seen"}, 1.0),
        ("a == 'north'", {"a": None}, None),
        ("month(t) + hour(t) / 100", {"t": "2025-03-04T14:05"}, 3.14),
        ("weekday(t)", {"t": "2025-03-03"}, 0.0),
        ("days(t, u)", {"t": "2025-03-02T12:00:00Z", "u": "2025-03-01"}, 1.5),
        ("year(t)", {"t": "no time"}, None),
        ("year(t)", {"t": None}, None),
    ],
)
def test_values(text, row, value):
    assert one(text, **row) == (value if value is None else pytest.approx(value))


def test_a_sentinel_is_missing():
    assert one("x + 1", (999.0,), x=999) is None
    assert one("x + 1", (999.0,), x=998) == 999.0


def test_every_function_runs_on_a_row_and_the_vectorised_ones_are_some_of_these():
    assert set(FUNCTIONS) <= ROW.keys()
    assert set(BATCH) <= ROW.keys()


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0, -0.0, 1, -1, 0.5, 2, 999, nan, True, 1e308, -1e308, 5e-324]),
    st.floats(allow_nan=True, allow_infinity=False),
)
LEAVES = st.sampled_from(["x", "y", "z", "1", "0.5", "-3", "1e300"])


def deeper(inner):
    signs = ["+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or"]
    two = st.tuples(st.sampled_from(signs), inner, inner)
    few = st.tuples(
        st.sampled_from(["abs", "exp", "log", "log1p", "round", "sqrt", "is_missing", "not "]),
        inner,
    )
    return st.one_of(
        two.map(lambda each: f"({each[1]} {each[0]} {each[2]})"),
        few.map(lambda each: f"({each[0]}({each[1]}))"),
        st.tuples(inner, inner).map(lambda each: f"if_missing({each[0]}, {each[1]})"),
        st.tuples(inner, inner, inner).map(lambda each: f"clip({', '.join(each)})"),
        st.tuples(inner, inner, inner).map(lambda each: f"min({', '.join(each)})"),
        st.tuples(inner, inner).map(lambda each: f"max({', '.join(each)})"),
        st.tuples(inner, inner, inner).map(lambda each: f"({each[0]} if {each[1]} else {each[2]})"),
    )


def bits(values):
    """Return the bits of floats, every NaN alike."""
    return [struct.pack("<d", value) if value == value else b"" for value in values]


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(LEAVES, deeper, max_leaves=8).map(lambda text: f"x * 0 + {text}"),
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=6),
)
def test_a_row_is_computed_alike_alone_and_among_others(text, rows):
    deriver = Deriver([derived(text, (999.0,))])
    columns = {
        name: list(values) for name, values in zip("xyz", zip(*rows, strict=True), strict=True)
    }
    together = deriver.added(columns, len(rows))["f"]
    alone = [
        deriver.added({name: [value] for name, value in zip("xyz", row, strict=True)}, 1)["f"][0]
        for row in rows
    ]
    assert bits(together) == bits(alone)
    assert np.isfinite(together[~np.isnan(together)]).all()
    arrays = {name: np.array([nan if v is None else v for v in column], dtype=np.float64)
              for name, column in columns.items()}  # fmt: skip
    assert bits(deriver.added(arrays, len(rows))["f"]) == bits(alone)


def test_texts_and_times_are_computed_alike():
    columns = {"a": ["n", None, "s"], "t": ["2025-03-02", None, "2024-02-29T01:00:00+05:00"]}
    deriver = Deriver([derived("(a == 'n') + month(t)")])
    alone = [
        deriver.added({name: [column[at]] for name, column in columns.items()}, 1)["f"][0]
        for at in range(3)
    ]
    assert bits(deriver.added(columns, 3)["f"]) == bits(alone)
    assert bits(alone) == bits([4.0, nan, 2.0])


def test_no_rows_and_a_part_without_columns():
    deriver = Deriver([derived("min(2, 3) + x")])
    assert len(deriver.added({"x": []}, 0)["f"]) == 0
    assert deriver.added({"x": [1, 2]}, 2)["f"].tolist() == [3.0, 4.0]


def test_other_columns_stay():
    columns = {"x": [1.0], "other": ["kept"]}
    assert Deriver([derived("x + 1")]).added(columns, 1) == {**columns, "f": [2.0]}
    assert set(columns) == {"x", "other"}


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize(
    ("text", "columns"),
    [("x + 1", {"y": [1, 1]}), ("x + 1", {"x": ["12", "13"]}), ("a == 'n'", {"a": [3, 4]})],
)
def test_a_column_of_another_kind_or_none_is_an_error(text, columns, rows):
    part = {name: column[:rows] for name, column in columns.items()}
    with pytest.raises(EngineError) as caught:
        Deriver([derived(text)]).added(part, rows)
    assert caught.value.code == "engine_failed"
    assert "'f'" in caught.value.message
