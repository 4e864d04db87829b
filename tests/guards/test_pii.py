"""Masking of personal data."""

import pytest

from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import Cancelled
from plait.guards.pii import LABELS, PiiGuard, masked


def altered(view, text, **options):
    verdict = PiiGuard(**options).check(view(text), Context())
    return text if verdict.action == "allow" else verdict.text


def test_one_of_a_kind_is_named_and_several_are_numbered(view):
    assert altered(view, "Card 4111 1111 1111 1111, thanks") == "Card [card], thanks"
    text = "a@example.com, b@example.com and A@example.com; 4111111111111111"
    assert altered(view, text) == "[email 1], [email 2] and [email 1]; [card]"


def test_names_need_a_tagger_and_the_verdict_says_so(view, tagger):
    text = "Can John Smith from Boston get a loan of $200,000? John Smith's bank is Acme; Ana asks."
    bare = PiiGuard().check(view(text), Context())
    assert bare.action == "allow"
    assert bare.metadata["names"].startswith("not looked for")
    found = PiiGuard(tagger).check(view(text), Context())
    assert found.metadata["names"] == "looked for"
    assert found.text == (
        "Can [person 1] from Boston get a loan of $200,000? [person 1]'s bank is Acme; "
        "[person 2] asks."
    )
    assert "Smith" not in str(found.record())


def test_what_a_desk_is_asked_stays_readable(view, tagger):
    for text in (
        "Can I borrow 350000 at 6.125% for 30 years with a score of 720 and 43% DTI?",
        "On 2024-05-01 I was 34, my income was 5,200 and rent 1,100.",
        "Does policy section 4.2.1 apply to loans over $1,500,000 in Boston?",
        "The server is at http://127.0.0.1:8000 and the version is 1.2.3.",
    ):
        assert altered(view, text, tagger=tagger) == text


def test_a_word_of_the_trade_is_no_name(view, tagger):
    tagger.names = {"Down Payment": "PERSON", "7-Up": "PERSON", "ana": "PERSON", "Rich": "PERSON"}
    text = "Down Payment, 7-Up, ana and Rich"
    assert altered(view, text, tagger=tagger) == "Down Payment, 7-Up, ana and [person]"


def test_what_no_person_is_called_stays(view, tagger):
    text = (
        "First Keel and Tall Ship: ask the Customer Advocate. Parquet, JSON, OpenAI, DIR  Folder. "
        "List of branches: Lantern Wharf, Boston; Quarry Road, Quincy; at Worcester ring the bell."
    )
    wrong = ("Keel", "Tall", "Customer Advocate", "Parquet", "JSON", "OpenAI", "DIR  Folder",
             "List", "Lantern Wharf", "Quarry Road", "Quincy", "Worcester")  # fmt: skip
    tagger.names = dict.fromkeys(wrong, "PERSON")
    assert altered(view, text, tagger=tagger) == text


def test_a_single_name_is_masked_where_no_place_is_meant(view, tagger):
    tagger.names = dict.fromkeys(("Ana", "McDowell", "Alma Road Smith"), "PERSON")
    text = "in Ana's file; Ana, McDowell and Alma Road Smith"
    assert altered(view, text, tagger=tagger) == (
        "in [person 1]'s file; [person 1], [person 2] and [person 3]"
    )
    assert altered(view, "Ana works in Ana", tagger=tagger, labels={"place"}) == (
        "Ana works in [place]"
    )


def test_other_labels_are_masked_when_asked_for(view, tagger):
    text = "John Smith from Boston, 4111111111111111"
    assert altered(view, text, tagger=tagger, labels={"place"}) == (
        "John Smith from [place], 4111111111111111"
    )
    assert "place" not in LABELS


def test_a_pattern_goes_before_a_name_that_overlaps_it(view, tagger):
    tagger.names["Ana"] = "PERSON"
    assert altered(view, "Write to Ana@example.com", tagger=tagger) == "Write to [email]"


def test_stretches_that_overlap_are_masked_together(view, tagger):
    tagger.names = {"Smith, 12": "GPE"}
    text = "To John Smith, 12 Elm Street, please"
    labels = LABELS | {"place"}
    assert altered(view, text, tagger=tagger, labels=labels) == "To John [address], please"


def test_the_spans_are_those_of_the_text_as_given(view):
    text = "é 4111111111111111 and a@example.com"
    verdict = PiiGuard().check(view(text), Context())
    assert [(text[m.start : m.end], m.label) for m in verdict.spans] == [
        ("4111111111111111", "card"),
        ("a@example.com", "email"),
    ]
    assert masked(text, verdict.spans) == verdict.text


def test_what_was_masked_passes(view):
    text = "a@example.com, 536-22-1234, 12 Elm Street, Springfield, IL 62704; password: hunter22"
    once = altered(view, text)
    assert once == "[email], [ssn], [address]; password: [secret]"
    assert altered(view, once) == once


def test_nobody_waits_any_more(view, tagger):
    cancel = Cancel()
    cancel.request("gone")
    with pytest.raises(Cancelled):
        PiiGuard(tagger).check(view("Ana"), Context(cancel=cancel))
