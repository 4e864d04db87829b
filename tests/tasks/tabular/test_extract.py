"""A loan application read out of free text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.prompt import Message
from plait.core.schema import Field, RowReader, Schema
from plait.tasks.tabular.extract import read_messages


def number(name, low, high, label, unit="", **more):
    return Field(name=name, kind="number", low=low, high=high, label=label, unit=unit, **more)


# as training infers it from the data of the lending desk
SCHEMA = Schema((
    number("loanamt", 2, 980, "loan amount", "thousand usd", integer=True),
    number("appinc", 0, 972, "applicant income", "thousand usd", integer=True, nullable=True,
           sentinels=(666.0,)),
    number("self", 0, 1, "self-employed", integer=True),
    number("liq", 0, 8650, "liquid assets", "thousand usd", nullable=True, sentinels=(1e6,)),
    number("mortg", 1, 4, "mortgage payment history", integer=True),
    number("cons", 1, 6, "consumer credit history", integer=True),
    number("pubrec", 0, 1, "filed for bankruptcy", integer=True),
    number("hrat", 1, 72, "housing expense to income", "percent"),
    number("obrat", 0, 95, "debt-to-income ratio", "percent"),
    number("netw", -7919, 28023, "net worth", "thousand usd"),
    number("unem", 1.8, 10.6, "unemployment rate of the industry", "percent"),
    number("loanprc", 0.02, 2.57, "loan to price"),
))  # fmt: skip


def user(text):
    return Message(role="user", content=text)


def values(*texts):
    found = read_messages(SCHEMA, [user(text) for text in texts]).found
    return {name: each.value for name, each in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My debt-to-income ratio is 32%.", {"obrat": 32}),
        ("DTI: 32", {"obrat": 32}),
        ("debt-to-income ratio (DTI) is about 32 percent", {"obrat": 32}),
        ("32% debt-to-income", {"obrat": 32}),
        ("A 32 percent debt to income ratio and a loan of $110,000", {"obrat": 32, "loanamt": 110}),
        ("loan to price of 0.8", {"loanprc": 0.8}),
        ("the loan-to-price ratio is 80%", {"loanprc": 0.8}),
        ("loan amount (thousand usd): 110", {"loanamt": 110}),
        ("I want a $110,000 loan", {"loanamt": 110}),
        ("my income is 72k", {"appinc": 72}),
        ("applicant income $72,000 a year", {"appinc": 72}),
        ("net worth is -5 thousand", {"netw": -5}),
        ("60k in liquid assets", {"liq": 60}),
        ("housing expense to income ratio 22", {"hrat": 22}),
        ("the unemployment rate in my industry is 3.2 percent", {"unem": 3.2}),
        ("consumer credit history is 2, mortgage payment history 1", {"cons": 2, "mortg": 1}),
        ("I have never filed for bankruptcy, and I am self employed", {"pubrec": 0, "self": 1}),
        ("I filed for bankruptcy in 2012", {"pubrec": 1}),
        ("bankruptcy: no", {"pubrec": 0}),
        ('{"obrat": 28, "hrat": 22, "self": 1}', {"obrat": 28, "hrat": 22, "self": 1}),
        ("- Net worth: $180k\n- Liquid assets: $60k", {"netw": 180, "liq": 60}),
        ("| debt-to-income ratio | 28% |\n| loan to price | 0.7 |", {"obrat": 28, "loanprc": 0.7}),
        ("Can I get a loan if my debt-to-income ratio is 45 percent?", {"obrat": 45}),
    ],
)
def test_what_stands_there_is_read(text, expected):
    assert values(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "My wife's income is 50 thousand",
        "joint income of 72k",
        "Is a debt-to-income ratio of 45 percent too high?",
        "DTI between 30 and 35 percent",
        "DTI 30-35%",
        "my DTI went from 30 to 32",
        "DTI is not 32",
        "DTI below 32",
        "net worth - 5",
        "If you are self-employed, what do I need?",
        "What is the largest loan? I have 3 children.",
        "I was born in 1980 and earn well",
        "obrat 28",
        "",
    ],
)
def test_what_is_not_said_is_not_inferred(text):
    assert values(text) == {}


def test_a_whole_application_is_a_row():
    text = (
        "I'd like to borrow: loan amount $110k, income $72k, net worth $180k, liquid assets $60k. "
        "Debt-to-income ratio 28%, housing expense to income 22%, loan to price 0.7. Consumer "
        "credit history: 1, mortgage payment history: 1. I am not self-employed and never filed "
        "for bankruptcy. The unemployment rate of the industry is 3.2%."
    )
    reading = read_messages(SCHEMA, [user(text)])
    assert reading.missing == ()
    assert reading.doubts == {}
    assert reading.row == {
        "loanamt": 110, "appinc": 72, "netw": 180, "liq": 60, "obrat": 28, "hrat": 22,
        "loanprc": 0.7, "cons": 1, "mortg": 1, "self": 0, "pubrec": 0, "unem": 3.2,
    }  # fmt: skip
    RowReader(SCHEMA).columns([reading.row])


def test_spans_say_where_it_was_read():
    messages = [user("Hello."), user("Well, my DTI is 32%. And so on.")]
    found = read_messages(SCHEMA, messages).found["obrat"]
    assert found.message == 1
    assert messages[1].content[found.start : found.end] == "DTI is 32%"


def test_later_messages_override_earlier_ones():
    assert values("DTI is 32%", "sorry, my DTI is 35%") == {"obrat": 35}


def test_a_later_doubt_takes_the_value_away():
    reading = read_messages(SCHEMA, [user("DTI is 32%"), user("DTI is 0.35")])
    assert "obrat" not in reading.found
    assert "percent sign" in reading.doubts["obrat"]
    assert "obrat" in [each.name for each in reading.missing]


def test_a_doubt_about_what_may_be_missing_is_asked_for():
    reading = read_messages(SCHEMA, [user("applicant income 720000")])
    assert "appinc" in [each.name for each in reading.missing]


def test_what_may_be_missing_is_not_missed():
    missing = {each.name for each in read_messages(SCHEMA, []).missing}
    assert missing == set(SCHEMA.names) - {"appinc", "liq"}


def test_only_users_are_read():
    said = [Message(role=role, content="DTI: 32") for role in ("system", "assistant", "tool")]
    assert read_messages(SCHEMA, said).found == {}


def test_a_bare_answer_to_one_question():
    asked = Message(role="assistant", content="What is your debt-to-income ratio?")
    assert read_messages(SCHEMA, [asked, user("32")]).found["obrat"].value == 32
    both = Message(role="assistant", content="Your net worth and debt-to-income ratio?")
    assert read_messages(SCHEMA, [both, user("32")]).found == {}


def test_a_long_message_takes_a_moment_only():
    start = time.process_time()
    values("my debt-to-income ratio is not what I am self-employed for, 3 " * 1500)
    values("(" * 50_000 + "DTI" + " " * 40_000 + "3")
    assert time.process_time() - start < 10  # quadratic reading took half a minute and more


@given(st.lists(st.sampled_from(["DTI", "is", "32", "%", "not", "net worth", "-", "5k", ",", "?"])))
def test_any_order_of_words_is_survived(words):
    text = " ".join(words)
    reading = read_messages(SCHEMA, [user(text)])
    for each in reading.found.values():
        assert 0 <= each.start < each.end <= len(text)


@given(st.floats(1, 95).map(lambda value: round(value, 2)))
def test_any_ratio_survives_being_said(value):
    assert values(f"My debt-to-income ratio is {value}%")["obrat"] == pytest.approx(value)
