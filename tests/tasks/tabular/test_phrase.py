"""Decisions and questions in words."""

import pytest

from plait.core.contract import Contract
from plait.core.decision import OperatingPoint
from plait.core.prompt import Message
from plait.core.response import Prediction, PredictResponse, Reason
from plait.core.schema import Field, Schema
from plait.tasks.tabular.extract import read_messages
from plait.tasks.tabular.phrase import ask_for, phrase, told, valued

SCHEMA = Schema(
    (
        Field(name="obrat", kind="number", low=0, high=95, label="debt-to-income ratio",
              unit="percent"),
        Field(name="loanamt", kind="number", low=2, high=980, label="loan amount", integer=True,
              unit="thousand usd"),
        Field(name="self", kind="number", low=0, high=1, label="self-employed", integer=True),
        Field(name="cons", kind="number", low=1, high=6, label="consumer credit history",
              integer=True),
        Field(name="home", kind="category", levels=("own", "rent"), nullable=True),
    )
)  # fmt: skip
POINT = OperatingPoint(
    threshold=0.83,
    false_positive_rate=0.2,
    false_negative_rate=0.1,
    cost=0.3,
    cost_low=0.2,
    cost_high=0.4,
)
REASONS = (
    Reason("self", 0, -0.4),
    Reason("obrat", 46.0, 0.9),
    Reason("home", None, 0.1),
)


def said(prediction, target="approve", point=POINT):
    response = PredictResponse(
        id="req_1",
        contract="loan",
        artefact="art_1",
        decision="dec_1",
        predictions=(prediction,),
        operating_point=point,
    )
    return phrase(response, Contract(task="tabular", data="x.csv", target=target), SCHEMA)


def test_a_refusal_tells_first_what_speaks_against():
    text = said(Prediction(0, {"0": 0.39, "1": 0.61}, None, REASONS))
    assert text == (
        "Declined: the probability of approval is 0.61; 0.83 is needed. Counted for this: "
        "debt-to-income ratio 46 percent; home not given. Counted against it: self-employed: no. "
        "At this threshold 10% of the cases that deserve it are expected to be turned down, and "
        "20% of the others to pass. A person can review this."
    )


def test_an_approval_says_how_sure_it_is():
    text = said(Prediction(1, {"0": 0.09, "1": 0.91}))
    assert text.startswith("Approved: the probability of approval is 0.91; 0.83 is needed.")
    assert "Counted" not in text


def test_without_an_operating_point_none_is_stated():
    text = said(Prediction(1, {"0": 0.09, "1": 0.91}), point=None)
    assert text == "Approved: the probability of approval is 0.91. A person can review this."


@pytest.mark.parametrize(
    ("prediction", "expected"),
    [
        (Prediction("no", {"no": 0.8, "yes": 0.2}), "churned: no, with probability 0.80."),
        (Prediction(12.5, {}, (10.0, 15.0)), "churned: 12.5, between 10 and 15."),
        (Prediction(12.5, {}), "churned: 12.5."),
    ],
)
def test_other_targets_keep_their_names(prediction, expected):
    assert said(prediction, target="churned", point=None).startswith(expected)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("obrat", 32.0, "debt-to-income ratio 32 percent"),
        ("loanamt", 1100, "loan amount 1,100 thousand usd"),
        ("self", 1, "self-employed: yes"),
        ("home", "rent", "home rent"),
        ("home", None, "home not given"),
    ],
)
def test_values_have_their_labels_and_units(name, value, words):
    assert valued(SCHEMA[name], value) == words


def test_what_is_missing_is_asked_for_in_words():
    reading = read_messages(SCHEMA, [Message(role="user", content="DTI is 32%")])
    assert ask_for(reading, 2) == (
        "I read: debt-to-income ratio 32 percent.\n"
        "To decide I need:\n"
        "- loan amount (in thousand usd)\n"
        "- self-employed (yes or no)\n"
        "After that 1 more."
    )


def test_what_is_doubtful_is_asked_for_first_and_why():
    reading = read_messages(SCHEMA, [Message(role="user", content="consumer credit history: 9")])
    first = ask_for(reading, 1).splitlines()[1]
    assert first.startswith(
        "- consumer credit history (a whole number from 1 to 6); what you wrote"
    )


def test_nothing_missing_asks_nothing():
    text = "DTI 32%, loan amount 110k, self-employed, consumer credit history 1"
    reading = read_messages(SCHEMA, [Message(role="user", content=text)])
    assert ask_for(reading, 6) == ""
    assert told(reading).startswith("I read: debt-to-income ratio 32 percent; loan amount 110")


def test_nothing_read_tells_nothing():
    assert told(read_messages(SCHEMA, [])) == ""
