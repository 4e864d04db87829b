"""Which flow goes on, by what a contract says."""

import asyncio
from dataclasses import replace

import pytest

from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse
from plait.flow.route import RouteStep
from plait.flow.steps import Steps


def says(text):
    async def step(exchange, context):
        return replace(exchange, answer=ChatResponse(id="r", model="m", text=text))

    return Steps(((text, step),), None)


@pytest.fixture
def route(place):
    place.flows = {"decide": says("decided"), "lookup": says("looked up")}
    place.routes = {"may I have a loan?": ("loan", 0.9), "what is the fee?": ("fee", 0.8)}
    options = RouteStep.Options(contract="intent", to={"loan": "decide"}, otherwise="lookup")
    return RouteStep(options, place.parts())


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (("may I have a loan?",), "decided"),
        (("what is the fee?",), "looked up"),
        (("gibberish",), "looked up"),
        (("may I have a loan?", ">how much?", "gibberish"), "decided"),
        (("may I have a loan?", ">how much?", "what is the fee?"), "looked up"),
    ],
)
def test_it_goes_where_the_contract_says(route, chat, said, text):
    context = Context()
    assert asyncio.run(route(chat(*said), context)).answer.text == text
    (intent,) = (span for span in context.trace.spans if span.name == "intent")
    assert intent.tags["flow"] == ("decide" if text == "decided" else "lookup")
    assert intent.tags["decision"] == "dec_intent"


def test_a_stream_passes_through(route, chat):
    async def run():
        return [event async for event in route.stream(chat("what is the fee?"), Context())]

    *_, chunk, exchange = asyncio.run(run())
    assert chunk == Chunk(text="looked up")
    assert exchange.answer.text == "looked up"


def test_what_it_names_must_be_there(place):
    place.flows = {"lookup": says("x")}
    with pytest.raises(UnknownName, match="decide"):
        RouteStep(
            RouteStep.Options(contract="intent", to={"loan": "decide"}, otherwise="lookup"),
            place.parts(),
        )
    with pytest.raises(UnknownName, match="intnet"):
        RouteStep(RouteStep.Options(contract="intnet", otherwise="lookup"), place.parts())


def test_it_tells_where_it_leads(route):
    assert route.leads_to == ("decide", "lookup")
    assert route.facts()["to"] == {"loan": "decide"}


def test_the_exchange_is_as_private_as_what_the_contract_was_made_from(place, chat):
    place.privacy = Privacy.PERSONAL
    seen = []

    async def step(exchange, context):
        seen.append(exchange.privacy)
        return replace(exchange, answer=ChatResponse(id="r", model="m", text="x"))

    place.flows = {"lookup": Steps((("x", step),), None)}
    route = RouteStep(RouteStep.Options(contract="intent", otherwise="lookup"), place.parts())
    asyncio.run(route(chat("q"), Context()))
    assert seen == [Privacy.PERSONAL]


def test_a_long_talk_is_not_judged_turn_by_turn(route, chat, place):
    asked = []

    class Count(dict):
        def get(self, key, default):
            asked.append(key)
            return default

    place.routes = Count()
    asyncio.run(route(chat(*["a"] * 1000), Context()))
    assert len(asked) <= 4
