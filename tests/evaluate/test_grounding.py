"""How well passages support a sentence."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.passage import Passage
from plait.core.sentence import sentences
from plait.evaluate.grounding import THRESHOLD, Ground, support
from plait.tasks.search.parse import read_document
from plait.tasks.search.passage import split

POLICY = (
    "Borrowers need a credit score of at least 620. The debt-to-income ratio may not exceed 43 "
    "percent. Cosigners are not accepted in Texas. Appraisals expire after 120 days."
)
OTHER = "A branch is open from nine to five. Parking is free."


TABLE = """| Product | Least down payment | Second home |
|---|---|---|
| Harbor Fixed | 5% of the price | None |
| First Keel | 3% | None |
| Tall Ship | 20% | 25% |
| Mooring | 30% | 35% |
"""
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?![\w.,-]*\d)(?![.)]\s)")
_VERB = re.compile(r"\b(?:is|are|may|can|must|does|will|was|has)\b(?! not| no\b| never)")
_DENIAL = re.compile(r"\b(?:not|never|no|without) ")


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


@pytest.mark.parametrize(
    "sentence",
    [
        "Product: Tall Ship; Least down payment: 20%; Second home: 25%",
        "The least down payment for Mooring is 30%.",
        "| Mooring | 30% | 35% |",
    ],
)
def test_a_row_stands_below_the_names_of_its_columns(sentence):
    assert judged(sentence, TABLE).score >= THRESHOLD
    bare = TABLE.replace("|---|---|---|\n", "").replace("| ", "", 1)
    rows = "\n".join(line.strip("|").strip() for line in bare.splitlines())
    assert judged(sentence, rows).score >= THRESHOLD
    assert judged(re.sub("[23]0%", "45%", sentence), TABLE).score < THRESHOLD


def test_the_words_above_a_row_are_those_of_its_own_table():
    text = TABLE + "\nFees follow.\n\n| Fee | Cost |\n|---|---|\n| Wire | 25 |\n"
    assert judged("Wire: least down payment 25", text).score < THRESHOLD
    assert judged("Fee: Wire; Cost: 25", text).score == 1.0


def test_what_a_heading_denies_is_denied_below_it():
    held = [passage("Gifts; cash kept at home.", headings=("What is not counted",))]
    assert support("Gifts and cash are not counted.", held).score >= THRESHOLD
    assert support("Gifts and cash are counted.", held).score < THRESHOLD


def test_a_sentence_cut_in_two_is_supported_by_both_its_passages():
    text = "A lock may be extended by seven days for a fee, and it ends at closing in any case."
    whole = [passage(text[43:], start=143), passage(text[:42], start=100)]
    found = support(text, whole)
    assert (found.score, found.passage, found.start, found.end) == (1.0, 1, 100, 100 + len(text))
    apart = [passage(text[43:], start=543), passage(text[:42], start=100)]
    assert support(text, apart).score < THRESHOLD


def test_the_mark_of_an_item_and_the_rule_of_a_table_say_nothing():
    assert judged("7. Appraisals expire after 120 days.").score == 1.0
    assert judged("|---|---|").score == 1.0


def policies():
    """Return every sentence of the lending desk's documents and what it stands in."""
    folder = Path(str(files("plait.app.lending") / "policies"))
    for path in sorted(folder.iterdir()):
        for piece in split(read_document(path)):
            held = passage(piece.text, start=piece.start, headings=piece.headings)
            for start, end in sentences(piece.text):
                yield held, piece.text[start:end]


def test_quotations_are_supported_and_their_opposites_are_not():
    quoted, lost, numbers, denials, kept = 0, [], [], 0, []
    grounds = {}
    for held, said in policies():
        key = (held.start, held.text)
        ground = grounds.setdefault(key, Ground([held]))
        flowing = re.sub(r"\A(?:[-*]|\d+\.) ", "", " ".join(said.split()))
        quoted += 1
        lost += [each for each in (said, flowing) if ground.support(each).score < THRESHOLD]
        for found in _NUMBER.finditer(said):
            other = f"{said[: found.start()]}7777{said[found.end() :]}"
            numbers += [other] if ground.support(other).score >= THRESHOLD else []
        changed = [_VERB.sub(r"\g<0> not", said, count=1), _DENIAL.sub("", said, count=1)]
        for other in changed:
            if other != said and not said.startswith("#"):
                denials += 1
                kept += [other] if ground.support(other).score >= THRESHOLD else []
    assert quoted > 1000
    assert lost == []
    assert numbers == []
    assert denials > 600
    assert len(kept) <= 0.03 * denials, kept  # where the denied word stands affirmed beside it


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3))
def test_the_number_is_a_share_and_the_span_is_in_the_passage(sentence, texts):
    passages = [passage(text, start=500 * at) for at, text in enumerate(texts)]
    found = Ground(passages).support(sentence)
    assert 0 <= found.score <= 1
    if found.passage >= 0:
        held = passages[found.passage]
        assert held.start <= found.start < found.end <= held.end


@given(st.integers(0, 3))
def test_a_sentence_of_a_passage_supports_itself(at):
    sentence = POLICY.split(". ")[at]
    assert judged(sentence).score == pytest.approx(1.0)
