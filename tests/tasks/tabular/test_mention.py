"""What is said of one field where a text names it."""

import pytest

from plait.core.schema import Field
from plait.tasks.tabular.mention import Place, read_mention, read_short

FLAG = Field(name="self", kind="boolean", label="self-employed")
HOME = Field(name="home", kind="category", label="home", levels=("own", "rent", "rent free"))
TERM = Field(name="term", kind="number", label="term", unit="years", low=0, high=40)
NOTE = Field(name="note", kind="text", label="note")


def said(text, field):
    start = text.casefold().index(field.label)
    end = start + len(field.label)
    place = Place(field=field, start=start, end=end, floor=0, stop=len(text))
    return read_mention(text, place, set())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I am self-employed.", True),
        ("I'm self-employed", True),
        ("The applicant is not self-employed.", False),
        ("I am no longer self-employed", False),
        ("We aren't self-employed", False),
        ("income 5, self-employed, own house", True),
        ("income 5, not self-employed", False),
        ("self-employed: yes", True),
        ('"self-employed": false', False),
        ("self-employed? No", False),
        ("Self-employed is 1", True),
    ],
)
def test_a_flag_is_claimed_or_denied(text, value):
    assert said(text, FLAG).value is value


@pytest.mark.parametrize(
    "text",
    [
        "If I am self-employed, what then?",
        "Are you self-employed?",
        "My brother is self-employed.",
        "What about self-employed people?",
        "I was self-employed once",
        "loans for self-employed people",
    ],
)
def test_what_is_not_claimed_is_not_read(text):
    assert said(text, FLAG) is None


@pytest.mark.parametrize(
    ("text", "value"), [("home: rent free", "rent free"), ("my home is OWN", "own")]
)
def test_a_level_is_read_by_its_text(text, value):
    assert said(text, HOME).value == value


def test_another_word_is_no_level():
    assert said("home: castle", HOME) is None


def test_text_is_read_behind_a_colon_only():
    assert said("note: call me, please", NOTE).value == "call me"
    assert said("a note about it", NOTE) is None


@pytest.mark.parametrize(
    ("text", "value"), [("term of 12 years", 12), ("a 12 years term", 12), ("term (years): 12", 12)]
)
def test_a_number_on_either_side(text, value):
    assert said(text, TERM).value == value


def test_two_numbers_are_a_doubt():
    assert "two numbers" in said("12 years term 15 years", TERM).doubt


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("yes", FLAG, True),
        ("No.", FLAG, False),
        ("12", TERM, 12),
        ("it's 12 years.", TERM, 12),
        ("Rent", HOME, "rent"),
    ],
)
def test_a_short_answer_is_a_value(text, field, value):
    assert read_short(text, field).value == value


@pytest.mark.parametrize(
    ("text", "field"),
    [("maybe", FLAG), ("12 or so, I think", TERM), ("", TERM), ("a castle", HOME), ("hm", NOTE)],
)
def test_anything_longer_is_no_short_answer(text, field):
    assert read_short(text, field) is None
