"""Columns of a table are checked as rows are, all cells at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.app.cells import fit_columns, read_columns
from plait.core.errors import InvalidData, InvalidRequest
from plait.core.schema import Field, RowReader, Schema
from plait.store.frame import Frame

FIELDS = (
    Field(name="n", kind="number"),
    Field(name="m", kind="number", nullable=True),
    Field(name="b", kind="boolean", nullable=True),
    Field(name="c", kind="category", nullable=True, levels=("1", "x")),
    Field(name="t", kind="time", nullable=True),
)
NUMBERS = st.none() | st.integers(-9, 9) | st.floats()
ROW = st.fixed_dictionaries(
    {
        "n": NUMBERS,
        "m": NUMBERS,
        "b": st.none() | st.booleans(),
        "c": st.none() | st.text("1x "),
        "t": st.sampled_from([None, "2024-05-31", "2024-05-31T10:00:00Z", "2024-02-30", "soon"]),
    }
)


@given(st.lists(ROW, min_size=1, max_size=5))
def test_a_table_fits_if_and_only_if_its_rows_do(rows):
    frame = Frame.of({field.name: [row[field.name] for row in rows] for field in FIELDS})
    columns, misfits = fit_columns(frame, FIELDS, "here")
    try:
        expected = RowReader(Schema(FIELDS)).columns(rows)
    except InvalidRequest:
        assert misfits
        return
    assert not misfits
    for name in "nm":
        np.testing.assert_array_equal(columns[name], np.array(expected[name], dtype=np.float64))
    for name in "bct":
        there = [value for value in columns[name] if value is None or value == value]
        assert [None if each is None else each for each in there if each is not None] == [
            each for each in expected[name] if each is not None
        ]


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        (["1", "-2.5", ".5", "1e3", "-Inf", None], []),
        (["1", "x"], ["x"]),
        (["1_0"], ["1_0"]),
        (["1", " 2", "3"], [" 2"]),
        (["007", "7"], ["007"]),
        (["1234567890123456"], ["1234567890123456"]),
        (["nan", "\u0663"], ["nan", "\u0663"]),
        (["1", "2024-01-31"], ["2024-01-31"]),
        (["1,5"], ["1,5"]),
        (["", "1"], [""]),
    ],
)
def test_texts_are_numbers_or_to_blame(texts, wrong):
    field = Field(name="x", kind="number", nullable=True)
    _, misfits = fit_columns(Frame.of({"x": texts}), (field,), "here")
    told = [each for each in misfits if "is text" in each.problem]
    assert [each.cells for each in told] == ([len(wrong)] if wrong else [])
    if wrong:
        assert told[0].row == texts.index(wrong[0]) + 1
        assert repr(wrong[0]) in told[0].problem


@pytest.mark.parametrize(
    ("values", "read", "wrong"),
    [
        (["TRUE", None, "False"], [True, None, False], 0),
        ([1.0, 0.0, None], [True, False, None], 0),
        ([1, 2, 3], None, 2),
        (["yes", "true", "1"], None, 2),
        (["2024-01-31"], None, 1),
    ],
)
def test_truths_may_be_written(values, read, wrong):
    field = Field(name="b", kind="boolean", nullable=True)
    columns, misfits = fit_columns(Frame.of({"b": values}), (field,), "here")
    assert sum(each.cells for each in misfits) == wrong
    if read is not None:
        assert list(columns["b"]) == read


def test_levels_that_look_like_numbers_are_levels():
    field = Field(name="code", kind="category", nullable=True, levels=("1", "2", "x"))
    columns = read_columns(Frame.of({"code": [1.0, 2.0, None]}), (field,), "here")
    assert columns["code"].tolist() == ["1", "2", None]
    told = read_columns(Frame.of({"code": [True, None]}), (field,), "here")["code"]
    assert told.tolist() == ["true", None]


def test_a_column_without_a_value_fits_a_field_that_may_be_missing():
    field = Field(name="x", kind="number", nullable=True)
    columns = read_columns(Frame.of({"x": [None, None]}), (field,), "here")
    assert np.isnan(columns["x"]).all()
    with pytest.raises(InvalidData, match="row 1"):
        read_columns(Frame.of({"x": [None]}), (Field(name="x", kind="number"),), "here")


def test_the_first_row_is_named_and_the_others_are_counted_by_column():
    fields = (Field(name="n", kind="number"), Field(name="b", kind="boolean"))
    frame = Frame.of({"n": [1, None, float("inf"), 4], "b": ["maybe", "true", None, "true"]})
    with pytest.raises(InvalidData) as caught:
        read_columns(frame, fields, "here", first=101)
    assert caught.value.where == "here, row 101"
    assert caught.value.message == (
        "'b' is neither true nor false ('maybe'); 3 more cells fit as little (cells by column: "
        "'n' 2, 'b' 2)"
    )
    assert caught.value.hint.startswith("mend the rows")


def test_every_column_that_is_missing_is_named():
    with pytest.raises(InvalidData, match=r"no column 'm', nor 'b', 'c', 't', which") as caught:
        read_columns(Frame.of({"n": [1]}), FIELDS, "here")
    assert caught.value.code == "data_column_missing"
    many = tuple(Field(name=f"f{at}", kind="number") for at in range(9))
    with pytest.raises(InvalidData, match=r"no column 'f0', nor .* and 3 others, which"):
        read_columns(Frame.of({"n": [1]}), many, "here")
