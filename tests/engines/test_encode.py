import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.engines.encode import Encoder
from plait.engines.pipeline import LookupCode, NumberCode, OneHotCode, OrdinalCode, Pipeline

nan = math.nan


def batch(code, column):
    return Encoder([code]).matrix({code.column: column}, len(column)).tolist()


@pytest.mark.parametrize(
    ("code", "column", "expected"),
    [
        (NumberCode(column="x"), [1, 2.5, True, -0.0], [[1], [2.5], [1], [0]]),
        (NumberCode(column="x", shift=1, scale=2), [5, 1], [[2], [0]]),
        (NumberCode(column="x", fill=7, shift=1), [None, nan, 3], [[6], [6], [2]]),
        (NumberCode(column="x", fill=0, sentinels=(9, 99)), [9.0, 99, 8], [[0], [0], [8]]),
        (NumberCode(column="x", fill=0, indicator=True), [None, 4], [[0, 1], [4, 0]]),
        (OrdinalCode(column="x", levels=("a", "b")), ["b", "a", "z", ""], [[1], [0], [-1], [-1]]),
        (OrdinalCode(column="x", levels=("a",), unknown=5), ["z"], [[5]]),
        (
            OneHotCode(column="x", levels=("a", "b")),
            ["a", "b", "z", None, nan],
            [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]],
        ),
    ],
)
def test_codes(code, column, expected):
    assert batch(code, column) == expected
    assert [Encoder([code]).row({"x": [value]}) for value in column] == expected


def test_missing_without_a_fill_is_nan():
    number = NumberCode(column="x", sentinels=(9.0,), indicator=True)
    absent = np.isnan(batch(number, [None, nan, 9, 1]))
    assert absent.tolist() == [[True, False]] * 3 + [[False, False]]
    assert np.isnan(batch(OrdinalCode(column="x", levels=("a",)), [None, nan])).all()


@pytest.mark.parametrize(
    "column",
    [
        np.array([1, 2]),
        np.array([1, 2], dtype=np.uint8),
        np.array([1, 2], dtype=np.float32),
        np.array([1, 2], dtype=object),
        (1, 2.0),
        [Decimal(1), np.int64(2)],
    ],
)
def test_any_column_of_numbers(column):
    assert batch(NumberCode(column="x"), column) == [[1], [2]]
    assert Encoder([NumberCode(column="x")]).row({"x": column}) == [1]


def test_any_column_of_text():
    for column in (["b", "z"], np.array(["b", "z"]), np.array(["b", "z"], dtype=object)):
        assert batch(OrdinalCode(column="x", levels=("a", "b")), column) == [[1], [-1]]


def test_positions_follow_the_fields():
    encoder = Encoder(
        [
            NumberCode(column="n", indicator=True),
            OneHotCode(column="c", levels=("a", "b")),
            OrdinalCode(column="o", levels=("a",)),
        ]
    )
    assert (encoder.fields, encoder.starts, encoder.width) == (("n", "c", "o"), (0, 2, 5), 6)
    matrix = encoder.matrix({"n": [1, 2], "c": ["a", "b"], "o": ["a", "z"], "more": [0, 0]}, 2)
    assert matrix.flags.c_contiguous
    assert matrix.tolist() == [[1, 0, 1, 0, 0, 0], [2, 0, 0, 1, 0, -1]]


def test_no_fields_and_no_rows():
    assert Encoder([]).matrix({"x": [1, 2]}, 2).shape == (2, 0)
    assert Encoder([]).row({"x": [1]}) == []
    assert batch(NumberCode(column="x"), []) == []
    assert batch(OneHotCode(column="x", levels=("a",)), []) == []


@pytest.mark.parametrize("value", ["1.5", b"1", 10**400, 1j, [1]])
@pytest.mark.parametrize("wrap", [list, lambda values: np.array(values, dtype=object)])
def test_what_is_no_number(value, wrap):
    column = wrap([value])
    for encode in (Encoder([NumberCode(column="x")]).row, matrix_of_one):
        with pytest.raises(EngineError, match="'x' cannot be encoded") as caught:
            encode({"x": column})
        assert (caught.value.code, caught.value.where) == ("engine_failed", "x")


def matrix_of_one(columns):
    return Encoder([NumberCode(column="x")]).matrix(columns, 1)


def test_an_absent_column_is_named():
    encoder = Encoder([NumberCode(column="x"), OneHotCode(column="y", levels=())])
    for encode in (encoder.row, lambda columns: encoder.matrix(columns, 1)):
        with pytest.raises(EngineError, match="'y' cannot be encoded: it is absent"):
            encode({"x": [1]})


def test_the_input_is_left_as_it_was():
    column = np.array([9.0, nan, 1.0])
    batch(NumberCode(column="x", sentinels=(9.0,), fill=0.0), column)
    np.testing.assert_array_equal(column, [9.0, nan, 1.0])


numbers = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats()
texts = st.none() | st.just(nan) | st.sampled_from(["a", "b", ""]) | st.text(max_size=3)
finite = st.floats(allow_nan=False, allow_infinity=False)
number_codes = st.builds(
    NumberCode,
    column=st.just("n"),
    sentinels=st.lists(st.sampled_from([0.0, 1.0, 999.0]), max_size=2).map(tuple),
    fill=st.none() | finite,
    shift=finite,
    scale=finite.filter(bool),
    indicator=st.booleans(),
)


@given(code=number_codes, rows=st.lists(st.tuples(numbers, texts), min_size=1, max_size=8))
def test_a_row_is_encoded_as_in_its_batch(code, rows):
    levels = ("a", "b")
    encoder = Encoder(
        [code, OrdinalCode(column="t", levels=levels), OneHotCode(column="u", levels=levels)]
    )
    first, second = (list(values) for values in zip(*rows, strict=True))
    matrix = encoder.matrix({"n": first, "t": second, "u": second}, len(rows))
    alone = [encoder.row({"n": [n], "t": [t], "u": [t]}) for n, t in rows]
    np.testing.assert_array_equal(matrix, alone)
    as_objects = np.empty(len(rows), dtype=object)
    as_objects[:] = first
    np.testing.assert_array_equal(
        matrix, encoder.matrix({"n": as_objects, "t": second, "u": second}, len(rows))
    )


def test_a_lookup_has_numbers_of_its_own_for_each_value():
    code = LookupCode(
        column="rooms",
        keys=(1.0, 2.0),
        rows=((0.5, None), (7.0, 1.0)),
        missing=(None, 0.0),
        unknown=(-1.0, -2.0),
    )
    assert Pipeline.read(
        Pipeline(problem="regression", classes=(), encode=(code,)).record()
    ).encode == (code,)
    values = [1, 2.0, True, None, math.nan, 9, "two"]
    expected = [[0.5, math.nan], [7, 1], [0.5, math.nan], *[[math.nan, 0]] * 2, *[[-1, -2]] * 2]
    encoder = Encoder((code,))
    np.testing.assert_array_equal(encoder.matrix({"rooms": values}, 7), expected)
    for value, row in zip(values, expected, strict=True):
        np.testing.assert_array_equal(encoder.row({"rooms": [value]}), row)
    with pytest.raises(ValueError, match="unlike widths"):
        replace(code, missing=(1.0,))
    with pytest.raises(ValueError, match="not one row per key"):
        replace(code, keys=(1.0,))
