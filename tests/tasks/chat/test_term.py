"""The words of a question that carry its meaning."""

from hypothesis import given
from hypothesis import strategies as st

from plait.tasks.chat.term import akin, terms, told


def test_words_that_only_ask_are_left_out():
    assert terms("How long may I keep a film?") == terms("keep film")


def test_forms_of_one_word_are_akin():
    vocabulary = terms("applications were declined; the applicant pays instalments")
    assert akin("applicat", vocabulary)
    assert not akin("car", vocabulary)


def test_a_number_is_akin_to_itself_only():
    assert akin("10000", {"10000", "100000"}) == {"10000"}


def test_names_and_numbers_are_marked():
    marked = [word.text for word in told("What is the limit in Norway for 5 nights?") if word.named]
    assert marked == ["Norway"]


@given(st.text(max_size=200))
def test_any_text_has_terms(text):
    assert all(terms(text))
