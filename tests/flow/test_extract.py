"""A row out of a conversation."""

import asyncio
from types import SimpleNamespace

import pytest

from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.core.schema import Field, Schema
from plait.flow.extract import ExtractStep

SCHEMA = Schema(
    (
        Field(name="obrat", kind="number", label="debt-to-income ratio", unit="percent"),
        Field(name="self", kind="number", integer=True, low=0, high=1, label="self-employed"),
        Field(name="liq", kind="number", nullable=True, label="liquid assets", unit="usd"),
    )
)


@pytest.fixture
def step(place):
    place.privacy = Privacy.PERSONAL
    task = SimpleNamespace(input=SCHEMA)
    place._live = lambda name: task
    return ExtractStep(ExtractStep.Options(contract="intent"), place.parts())


def run(step, exchange, context=None):
    return asyncio.run(step(exchange, context or Context()))


def test_what_is_missing_is_asked_for(step, chat):
    found = run(step, chat("My debt-to-income ratio is 32 percent."))
    assert found.answer.manner == "asked"
    assert "self-employed" in found.answer.text
    assert "liquid" not in found.answer.text  # it may be missing
    assert found.row is None
    assert found.privacy is Privacy.PERSONAL


def test_turns_add_up_to_a_row(step, chat):
    found = run(
        step, chat("My debt-to-income ratio is 32 percent.", ">?", "I am not self-employed.")
    )
    assert found.answer is None
    assert found.row == {"obrat": 32, "self": 0, "liq": None}


def test_nothing_is_inferred(step, chat):
    found = run(step, chat("I earn 5,000 and owe 1,600, and I run my own shop."))
    assert found.answer.manner == "asked"
    assert "debt-to-income" in found.answer.text


def test_its_counts_are_in_the_trace_and_its_values_are_not(step, chat):
    context = Context()
    with context.span("extract") as span:
        run(step, chat("My debt-to-income ratio is 32 percent."), context.within(span))
    assert span.tags == {"read": 1, "missing": 1}


def test_an_unknown_contract_is_an_error_before_any_request(place):
    with pytest.raises(UnknownName):
        ExtractStep(ExtractStep.Options(contract="laon"), place.parts())
    with pytest.raises(ValueError, match="ask"):
        ExtractStep.Options(contract="intent", ask=0)
