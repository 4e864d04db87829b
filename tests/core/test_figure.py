"""Numbers as people read them."""

import doctest

import pytest

from plait.core import figure


def test_the_examples_are_true():
    assert doctest.testmod(figure).failed == 0
    assert doctest.testmod(figure).attempted >= 5


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.0009, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9991, "> 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share_is_rounded_to_all_or_nothing_only_when_it_is(share, text):
    assert figure.percent(share) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5e12, "5000 GB"),
    ],
)
def test_a_size_has_the_unit_that_suits_it(amount, text):
    assert figure.size(amount) == text


@pytest.mark.parametrize(
    ("value", "score", "number"),
    [
        (0.0, "0.0000", "0"),
        (-0.5, "-0.5000", "-0.5"),
        (999.9, "999.9000", "999.9"),
        (-2859.7, "-2,860", "-2,860"),
        (1e16, "10,000,000,000,000,000", "1e+16"),
    ],
)
def test_scores_and_numbers_have_the_digits_that_matter(value, score, number):
    assert (figure.score(value), figure.number(value)) == (score, number)


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.000"), (9.9994, "9.999"), (10.0, "10.0"), (1234.5, "1,234.5")]
)
def test_milliseconds_are_finer_when_few(value, text):
    assert figure.milliseconds(value) == text
