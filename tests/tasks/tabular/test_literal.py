"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.schema import Field
from plait.tasks.tabular.literal import converted, is_code, is_flag, measure, numbers

AMOUNT = Field(name="amount", kind="number", low=2, high=980, unit="thousand usd", integer=True)
RATIO = Field(name="ratio", kind="number", low=0, high=95, unit="percent")
SHARE = Field(name="share", kind="number", low=0.02, high=2.5)
WORTH = Field(name="worth", kind="number", low=-7919, high=28023, unit="thousand usd")
YEARS = Field(name="years", kind="number", low=0, high=40, unit="years")
CODE = Field(name="code", kind="number", low=1, high=6, integer=True)


def read(text, field):
    return [converted(each, field) for each in numbers(text, field)]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("$110,000", AMOUNT, 110),
        ("110 thousand dollars", AMOUNT, 110),
        ("110k", AMOUNT, 110),
        ("USD 110,500", AMOUNT, 110.5),
        ("0.11 million", AMOUNT, 110),
        ("110", AMOUNT, 110),
        ("32%", RATIO, 32),
        ("32 percent", RATIO, 32),
        ("32.5 per cent", RATIO, 32.5),
        ("0.4%", RATIO, 0.4),
        ("0", RATIO, 0),
        ("80%", SHARE, 0.8),
        (".8", SHARE, 0.8),
        ("-5 thousand", WORTH, -5),
        ("minus $5,000", WORTH, -5),
        ("-$5k", WORTH, -5),
        ("12 years", YEARS, 12),
        ("3", CODE, 3),
    ],
)
def test_a_number_is_brought_to_the_unit(text, field, value):
    assert read(text, field) == [pytest.approx(value)]


@pytest.mark.parametrize(
    ("text", "field", "why"),
    [
        ("110000", AMOUNT, "thousand usd"),
        ("110 thousand euros", AMOUNT, "eur"),
        ("32%", AMOUNT, "percent"),
        ("0.32", RATIO, "percent sign"),
        ("32k", RATIO, "percent"),
        ("7", CODE, "1 to 6"),
        ("2.5", CODE, "1 to 6"),
        ("50%", CODE, "percent"),
    ],
)
def test_what_is_not_arithmetic_is_a_doubt(text, field, why):
    [found] = read(text, field)
    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize("text", ["30-35%", "30 to 35 percent", "30 or 35", "1/2", "none", "x9"])
def test_a_range_is_no_number(text):
    assert read(text, RATIO) == []


def test_what_stands_for_missing_is_a_doubt():
    field = Field(name="income", kind="number", unit="thousand usd", sentinels=(666.0,))
    assert "missing" in read("666 thousand", field)[0]


def test_a_word_that_is_no_unit_stays_outside():
    [found] = numbers("32 in all", RATIO)
    assert (found.start, found.end, found.base) == (0, 2, "")


def test_units_are_told_apart_from_their_scale():
    assert measure("thousand usd") == (1000.0, "usd")
    assert measure("years") == (1.0, "year")
    assert measure("") == (1.0, "")


def test_flags_and_codes():
    flag = Field(name="self", kind="number", low=0, high=1, integer=True)
    assert is_flag(flag)
    assert is_flag(Field(name="paid", kind="boolean"))
    assert is_code(CODE)
    assert not is_flag(CODE)
    assert not is_code(AMOUNT)


@given(st.integers(0, 10**9))
def test_any_whole_number_is_read_with_and_without_commas(value):
    plain = Field(name="n", kind="number")
    assert read(str(value), plain) == read(f"{value:,}", plain) == [value]


@given(st.text(alphabet="0123456789.,-–%$k thousandto/", max_size=40))
def test_numbers_lie_in_the_text_in_order(text):
    last = 0
    for each in numbers(text, RATIO):
        assert last <= each.start < each.end <= len(text)
        last = each.end
