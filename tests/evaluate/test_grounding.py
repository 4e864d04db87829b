"""How well passages support a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.passage import Passage
from plait.evaluate.grounding import THRESHOLD, Ground, support

POLICY = (
    "Borrowers need a credit score of at least 620. The debt-to-income ratio may not exceed 43 "
    "percent. Cosigners are not accepted in Texas. Appraisals expire after 120 days."
)
OTHER = "A branch is open from nine to five. Parking is free."


def passage(text, start=0, headings=()):
    return Passage(id="p", collection="c", document="d", name="n", start=start,
                   end=start + len(text), text=text, score=1.0, headings=headings)  # fmt: skip


def judged(sentence, *texts):
    return support(sentence, [passage(text) for text in texts or (POLICY,)])


@pytest.mark.parametrize(
    "sentence",
    [
        "The debt-to-income ratio may not exceed 43%.",
        "Appraisals expire after 120 days.",
        "An appraisal expires after 120 days [1].",
        "A borrower needs a credit score of 620 at least.",
        "Cosigners aren't accepted in Texas.",
    ],
)
def test_what_a_passage_says_is_supported(sentence):
    found = judged(sentence)
    assert found.score >= THRESHOLD, found
    assert found.missing == ()


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The debt-to-income ratio may not exceed 45 percent.", "45 percent"),
        ("Appraisals expire after 90 days.", "90"),
        ("Cosigners are accepted in Texas.", "accepted"),
        ("Cosigners are not accepted in Ohio.", "Ohio"),
        ("Appraisals never expire after 120 days.", "not expire"),
    ],
)
def test_another_number_name_or_denial_is_not(sentence, missing):
    found = judged(sentence)
    assert found.score < THRESHOLD
    assert missing in found.missing


def test_what_no_passage_speaks_of_is_not():
    found = judged("Crocodiles swim quickly.")
    assert (found.score, found.passage, found.start, found.end) == (0.0, -1, 0, 0)
    assert judged("Yes, it is.").score == 0.0
    assert support("Appraisals expire.", []).passage == -1


def test_the_span_is_that_of_the_sentence_in_its_document():
    found = support(
        "Appraisals expire after 120 days.", [passage(OTHER), passage(POLICY, start=1000)]
    )
    assert found.passage == 1
    assert POLICY[found.start - 1000 : found.end - 1000] == "Appraisals expire after 120 days."


def test_neighbouring_sentences_support_together():
    found = judged("A credit score of 620 and a debt-to-income ratio of 43 percent.")
    assert found.score >= THRESHOLD
    assert POLICY[found.start : found.end].startswith("Borrowers")
    assert POLICY[found.start : found.end].endswith("43 percent.")


def test_what_stands_above_a_passage_counts():
    text = "The limit is 100 acres."
    asked = "On the Jumbo Ranch programme the limit is 100 acres."
    bare = support(asked, [passage(text)])
    assert bare.missing == ("Jumbo", "Ranch")
    assert support(asked, [passage(text, headings=("Jumbo Ranch programme",))]).score == 1.0


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_the_number_is_a_share_and_the_span_is_in_the_passage(sentence, texts):
    passages = [passage(text, start=50) for text in texts]
    found = Ground(passages).support(sentence)
    assert 0 <= found.score <= 1
    if found.passage >= 0:
        held = passages[found.passage]
        assert held.start <= found.start < found.end <= held.end


@given(st.integers(0, 3))
def test_a_sentence_of_a_passage_supports_itself(at):
    sentence = POLICY.split(". ")[at]
    assert judged(sentence).score == pytest.approx(1.0)
