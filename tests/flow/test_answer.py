"""Who answers, and what may reach a model on another machine."""

import asyncio
from dataclasses import replace

import pytest

from plait.core.context import Context
from plait.core.errors import EngineError, Refused
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.core.verdict import Verdict
from plait.flow.answer import AnswerStep
from plait.testing.generator import ScriptedGenerator

FACT = "The appraisal fee is 650 dollars and is paid in advance."


@pytest.fixture
def step(place):
    place.generators = {
        "near": ScriptedGenerator(["The appraisal fee ", "is 650 dollars."], name="near"),
        "far": ScriptedGenerator(["Hello ", "there."], name="far", remote=True),
    }

    def step(**options):
        return AnswerStep(AnswerStep.Options(**options), place.parts())

    return step


@pytest.fixture
def retrieved(chat, passage):
    return chat(
        "How much is the appraisal fee?", collections=("policies",), passages=(passage(FACT),)
    )


def run(step, exchange, context=None):
    return asyncio.run(step(exchange, context or Context())).answer


def test_a_model_alone_speaks_for_itself(step, chat, place):
    answer = run(step(model="far"), chat("hi"))
    assert (answer.text, answer.spoken, answer.manner) == ("Hello there.", "far", "generated")
    assert [each.content for each in place.generators["far"].asked[0].messages] == ["hi"]


def test_its_prompt_goes_first_and_its_version_into_the_trace(step, chat, place):
    context = Context()
    with context.span("answer") as span:
        run(step(model="far", prompt="kind"), chat("hi"), context.within(span))
    first, _ = place.generators["far"].asked[0].messages
    assert (first.role, first.content) == ("system", "the prompt kind")
    assert span.tags == {"prompt": "kind", "prompt_version": "art_prompt"}


def test_pieces_come_as_they_are_said(step, chat):
    async def pieces():
        events = step(model="far").stream(chat("hi"), Context())
        return [event async for event in events]

    *chunks, last = asyncio.run(pieces())
    assert [chunk.text for chunk in chunks if chunk.text] == ["Hello ", "there."]
    assert isinstance(last, Exchange)


def test_without_a_model_what_was_retrieved_is_quoted(step, retrieved):
    answer = run(step(), retrieved)
    assert (answer.manner, answer.spoken) == ("extracted", "")
    assert answer.text == FACT
    assert answer.citations[0].text == FACT


def test_nothing_retrieved_is_a_refusal_and_nothing_searched_an_error(step, chat):
    answer = run(step(model="near"), chat("q?", collections=("policies",)))
    assert answer.manner == "refused"
    with pytest.raises(EngineError, match="no model"):
        run(step(), chat("q?"))


@pytest.mark.parametrize("privacy", [Privacy.PERSONAL, Privacy.SECRET])
def test_private_content_stays_on_this_machine(step, chat, place, privacy):
    with pytest.raises(Refused) as caught:
        run(step(model="far"), chat("hi", privacy=privacy))
    assert caught.value.code == "privacy_stays"
    assert place.generators["far"].asked == []


def test_what_can_be_quoted_is_quoted_instead(step, retrieved, place):
    private = replace(retrieved, privacy=Privacy.PERSONAL)
    answer = run(step(model="far"), private)
    assert answer.manner == "extracted"
    assert place.generators["far"].asked == []


def test_unless_the_flow_lets_it_leave(step, chat, place):
    run(step(model="far", may_leave=True), chat("hi", privacy=Privacy.SECRET))
    assert len(place.generators["far"].asked) == 1


def test_what_guards_did_is_told(step, retrieved):
    verdict = Verdict(
        guard="injection", action="refuse", reason="orders", metadata={"document": "memo.md"}
    )
    answer = run(step(), replace(retrieved, verdicts=(verdict,)))
    assert answer.notes == ("A passage of memo.md was left out: orders",)


def test_a_contract_needs_a_row(step, chat):
    with pytest.raises(EngineError, match="extract"):
        run(step(contract="intent"), chat("hi"))


def test_it_tells_by_whom(step):
    assert step(model="near").facts() == {"model": "near"}
    assert step(contract="intent", reasons=2).facts() == {"contract": "intent", "reasons": 2}
    assert step().facts() == {"quotes": True}
    assert step(prompt="kind").facts()["version"] == "art_prompt"


def test_a_bare_text_has_its_prompt_before_it(step, chat, place):
    exchange = chat("x")
    prompt = replace(exchange.request.prompt, messages=(), text="once upon a time")
    run(
        step(model="far", prompt="kind"),
        replace(exchange, request=replace(exchange.request, prompt=prompt)),
    )
    (asked,) = place.generators["far"].asked
    assert [each.content for each in asked.messages] == ["the prompt kind", "once upon a time"]
    assert asked.text == ""
