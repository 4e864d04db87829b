"""What a row is, and what becomes of rows that come from outside."""

import datetime
import json
import math
from collections import OrderedDict
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidRequest
from plait.core.schema import Field, RowReader, Schema, time_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
KINDS = st.sampled_from(["number", "boolean", "category", "text", "time"])
FIELDS = st.builds(
    Field,
    name=st.text(min_size=1),
    kind=KINDS,
    nullable=st.booleans(),
    integer=st.booleans(),
    low=st.none() | NUMBERS,
    high=st.none() | NUMBERS,
    levels=st.lists(st.text()).map(tuple),
    sentinels=st.lists(NUMBERS).map(tuple),
    label=st.text(),
    unit=st.text(),
)
SCHEMAS = st.lists(FIELDS, unique_by=lambda field: field.name).map(lambda f: Schema(tuple(f)))

LOANS = Schema(
    (
        Field(name="income", kind="number"),
        Field(name="debt", kind="number", nullable=True),
        Field(name="owner", kind="boolean"),
        Field(name="region", kind="category", levels=("north", "south")),
        Field(name="purpose", kind="text", nullable=True),
        Field(name="day", kind="time"),
    )
)
ROW = {
    "income": 1200.5,
    "debt": 3,
    "owner": True,
    "region": "north",
    "purpose": "a roof",
    "day": "2026-01-31",
}


WHEN = "send a time such as 2024-05-31"


@given(SCHEMAS)
def test_a_schema_survives_its_record(schema):
    assert Schema.read(json.loads(json.dumps(schema.record()))) == schema


def test_a_record_leaves_out_what_is_at_its_default():
    assert Field(name="a", kind="text").record() == {"name": "a", "kind": "text"}
    record = Field(name="a", kind="number", nullable=True, low=0.0, sentinels=(999.0,)).record()
    expected = {"name": "a", "kind": "number", "nullable": True, "low": 0.0, "sentinels": [999.0]}
    assert record == expected


def test_a_schema_finds_its_fields_by_name():
    assert LOANS.names == ("income", "debt", "owner", "region", "purpose", "day")
    assert LOANS["region"].levels == ("north", "south")
    with pytest.raises(KeyError, match="postcode"):
        LOANS["postcode"]


def read(**changes):
    """Read one good row with changes and return it as a row again."""
    columns = RowReader(LOANS).columns([{**ROW, **changes}])
    return {name: value for name, (value,) in columns.items()}


def refusal(row):
    """Return the error that the second of two rows meets."""
    with pytest.raises(InvalidRequest) as caught:
        RowReader(LOANS).columns([ROW, row])
    return caught.value


def test_good_rows_become_columns_in_the_schemas_order():
    columns = RowReader(LOANS).columns([dict(reversed(ROW.items())), {**ROW, "income": 7}])
    assert tuple(columns) == LOANS.names
    assert columns["income"] == [1200.5, 7]
    assert columns["region"] == ["north", "north"]


def test_no_rows_are_columns_of_no_values():
    assert RowReader(LOANS).columns([]) == {name: [] for name in LOANS.names}


@pytest.mark.parametrize("kind", [OrderedDict, MappingProxyType])
def test_any_mapping_is_a_row(kind):
    assert RowReader(LOANS).columns([kind(ROW)])["debt"] == [3]


@pytest.mark.parametrize(
    "value",
    [0, -1, 1.5, 2**63, -(2**80), 1.7e308, -1.7e308, int(1.7e308), True, False],
    ids=str,
)
def test_a_number_is_any_finite_number(value):
    found = read(income=value)["income"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [None, math.nan])
@pytest.mark.parametrize("name", ["debt", "purpose"])
def test_null_and_nan_are_missing_where_that_may_be(name, value):
    assert read(**{name: value})[name] is None


@pytest.mark.parametrize("name", ["debt", "purpose"])
def test_an_absent_field_is_missing_where_that_may_be(name):
    row = {key: value for key, value in ROW.items() if key != name}
    assert RowReader(LOANS).columns([row])[name] == [None]


def test_a_level_never_seen_is_no_mistake():
    assert read(region="east")["region"] == "east"


@pytest.mark.parametrize(
    ("name", "value", "message", "hint"),
    [
        ("income", "1200", "'income' is '1200', not a number", "send a number"),
        ("income", [1], "'income' is [1], not a number", "send a number"),
        ("debt", "", "'debt' is '', not a number", "send a number or null"),
        ("owner", 1, "'owner' is 1, not true or false", "send true or false"),
        ("owner", 1.0, "'owner' is 1.0, not true or false", "send true or false"),
        ("owner", "yes", "'owner' is 'yes', not true or false", "send true or false"),
        ("region", 3, "'region' is 3, not a string", "send a string"),
        ("region", True, "'region' is True, not a string", "send a string"),
        ("region", math.inf, "'region' is inf, not a string", "send a string"),
        ("purpose", {}, "'purpose' is {}, not a string", "send a string or null"),
        ("day", 20260131, "'day' is 20260131, not a time such as 2024-05-31", WHEN),
        ("day", "26-1-2", "'day' is '26-1-2', not a time such as 2024-05-31", WHEN),
        ("day", "", "'day' is '', not a time such as 2024-05-31", WHEN),
    ],
)
def test_a_value_of_a_wrong_type_is_named(name, value, message, hint):
    error = refusal({**ROW, name: value})
    assert error.code == "row_wrong_type"
    assert (error.where, error.message, error.hint) == (f"rows[1].{name}", message, hint)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 10**400, -(10**5000)], ids=range(4))
def test_a_number_beyond_all_numbers_is_refused(value):
    error = refusal({**ROW, "debt": value})
    assert error.code == "row_not_finite"
    assert error.where == "rows[1].debt"
    assert error.message.endswith(", not a finite number")
    assert error.hint == "send a number or null"


@pytest.mark.parametrize("name", ["income", "owner", "region", "day"])
def test_a_field_that_never_was_missing_is_required(name):
    absent = refusal({key: value for key, value in ROW.items() if key != name})
    null = refusal({**ROW, name: None})
    assert (absent.code, null.code) == ("row_missing_field", "row_missing_field")
    assert absent.message == f"{name!r} is missing, and it never was in training"
    assert null.message == f"{name!r} is null, and it never was in training"
    assert absent.where == null.where == "rows[1]"
    assert absent.hint.startswith("send ")


def test_an_unknown_field_is_named_with_its_nearest():
    error = refusal({**ROW, "regoin": "north"})
    assert error.code == "row_unknown_field"
    assert str(error) == "rows[1]: unknown field 'regoin' (did you mean 'region'?)"


def test_an_unknown_field_in_place_of_a_known_one_is_what_the_error_is_about():
    row = {("regoin" if key == "region" else key): value for key, value in ROW.items()}
    assert refusal(row).code == "row_unknown_field"


@pytest.mark.parametrize("key", [1, None, 2.5, ("income",), b"income"])
def test_a_key_that_is_no_text_is_an_unknown_field(key):
    error = refusal({**ROW, key: 1})
    assert error.code == "row_unknown_field"
    assert str(key) in error.message


@pytest.mark.parametrize("row", [None, 5, "income", [1, 2], [["income", 1]], True])
def test_a_row_that_is_no_mapping_is_refused(row):
    error = refusal(row)
    assert error.code == "request_shape"
    assert error.where == "rows[1]"
    assert error.message.startswith("the row is ")


def test_columns_that_training_left_out_are_passed_over():
    row = {**ROW, "repaid": [1], "key": float("inf")}
    read = RowReader(LOANS, ("repaid", "key", "income")).columns([row, ROW])
    assert read == RowReader(LOANS).columns([ROW, ROW])


def test_beside_columns_left_out_a_typing_error_is_what_is_refused():
    with pytest.raises(InvalidRequest) as caught:
        RowReader(LOANS, ("a", "repaid")).columns([{**ROW, "a": 1, "repaid": 1, "regoin": 2}])
    assert caught.value.code == "row_unknown_field"
    assert str(caught.value) == "rows[0]: unknown field 'regoin' (did you mean 'region'?)"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("repayed", "did you mean 'repaid'?"), ("zzz", f"known: {', '.join(sorted(LOANS.names))}")],
)
def test_a_typing_error_may_be_one_of_a_column_left_out(name, hint):
    with pytest.raises(InvalidRequest) as caught:
        RowReader(LOANS, ("repaid",)).columns([{**ROW, name: 1}])
    assert caught.value.hint == hint


def test_a_huge_row_gets_a_short_answer():
    error = refusal({**ROW, **{f"x{i}" * 1000: i for i in range(5_000)}})
    assert error.code == "row_unknown_field"
    assert len(str(error)) < 300


NAMES = st.sampled_from([*LOANS.names, "other"]) | st.text() | st.integers()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**63), 10**309, -(10**400)])
    | st.floats()
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
ROWS = st.lists(JSON | st.tuples(NAMES, JSON).map(lambda pair: ROW | dict([pair])), max_size=3)


@given(ROWS)
def test_whatever_comes_in_is_columns_or_one_clear_error(rows):
    try:
        found = RowReader(LOANS).columns(rows)
    except InvalidRequest as error:
        found = error
    if isinstance(found, InvalidRequest):
        assert found.where.startswith("rows[")
        assert found.hint
        assert len(str(found)) < 300
    else:
        assert {len(column) for column in found.values()} == {len(rows)}
        for value in found["income"] + [debt for debt in found["debt"] if debt is not None]:
            assert math.isfinite(float(value))


@st.composite
def fitting_rows(draw):
    """Draw a schema and rows that fit it."""
    values = {
        "number": NUMBERS | st.integers(-(2**70), 2**70) | st.booleans(),
        "boolean": st.booleans(),
        "time": st.datetimes().map(datetime.datetime.isoformat),
    }
    schema = draw(SCHEMAS)
    columns = {
        field.name: values.get(field.kind, st.text())
        | (st.none() if field.nullable else st.nothing())
        for field in schema.fields
    }
    return schema, draw(st.lists(st.fixed_dictionaries(columns), max_size=4))


@given(fitting_rows())
def test_rows_that_fit_come_back_as_they_are(drawn):
    schema, rows = drawn
    columns = RowReader(schema).columns(rows)
    assert columns == {name: [row[name] for row in rows] for name in schema.names}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00"])
def test_a_time_that_utc_does_not_have_is_none(text):
    assert time_of(text) is None
    with pytest.raises(InvalidRequest) as caught:
        RowReader(LOANS).columns([{**ROW, "day": text}])
    assert caught.value.code == "row_wrong_type"
    assert time_of(text[:-6]) == datetime.datetime.fromisoformat(text[:-6] + "+00:00")
