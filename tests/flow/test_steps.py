"""Steps in order, whole and in pieces."""

import asyncio
from dataclasses import replace

import pytest

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.exchange import Exchange
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse
from plait.core.verdict import Verdict
from plait.flow.cache import CacheStep
from plait.flow.guard import GuardStep
from plait.flow.steps import Steps


class Says:
    """A step that speaks word by word."""

    def __init__(self, *words, error=None):
        self.words = words
        self.error = error
        self.asked = 0
        self.closed = 0

    async def __call__(self, exchange, context):
        async for event in self.stream(exchange, context):
            last = event
        return last

    async def stream(self, exchange, context):
        self.asked += 1
        try:
            for word in self.words:
                yield Chunk(text=word)
            if self.error:
                raise self.error
            answer = ChatResponse(id="r", model="m", text="".join(self.words))
            yield replace(exchange, answer=answer)
        finally:
            self.closed += 1


def steps(place, *named):
    return Steps(tuple(named), place.parts().work)


def streamed(steps, exchange, context=None):
    async def run():
        return [event async for event in steps.stream(exchange, context or Context())]

    *pieces, last = asyncio.run(run())
    assert isinstance(last, Exchange)
    return [piece.text for piece in pieces if isinstance(piece, Chunk)], last


def whole(steps, exchange, context=None):
    return asyncio.run(steps(exchange, context or Context()))


def guard(place, **options):
    return "guard", GuardStep(GuardStep.Options(**options), place.parts())


def test_bare_pieces_leave_as_they_come(place, chat):
    said, last = streamed(steps(place, ("answer", Says("a ", "b ", "c"))), chat("q"))
    assert said == ["a ", "b ", "c"]
    assert last.answer.text == "a b c"


def test_output_guards_see_a_stream_before_it_leaves(place, chat, word):
    place.guards = {"secret": word("secret", "secret", lookahead_chars=10)}
    inside = steps(place, ("answer", Says(*"this is a secret that nobody must hear of")))
    nested = steps(place, ("route", inside), guard(place, output=("secret",)))
    said, last = streamed(nested, chat("q"))
    assert "".join(said) == last.answer.text == "this is a *** that nobody must hear of"
    assert whole(nested, chat("q")).answer.text == last.answer.text


def test_after_an_answer_only_guards_go_on(place, chat, word):
    place.guards = {"secret": word("secret", "secret")}
    never = Says("never")

    async def answers(exchange, context):
        return replace(exchange, answer=ChatResponse(id="r", model="m", text="a secret"))

    every = steps(place, ("extract", answers), ("answer", never), guard(place, output=("secret",)))
    context = Context()
    assert whole(every, chat("q"), context).answer.text == "a ***"
    assert [span.name for span in context.trace.spans] == ["extract", "guard"]
    assert streamed(every, chat("q"))[0] == ["a ***"]
    assert never.asked == 0


def test_a_second_time_the_cache_answers(place, chat):
    says = Says("yes")
    cache = CacheStep(CacheStep.Options(), place.parts())
    every = steps(place, ("cache", cache), ("answer", says))
    assert [whole(every, chat("q")).answer.text for _ in range(3)] == ["yes"] * 3
    assert streamed(every, chat("q"))[0] == ["yes"]
    assert says.asked == 1


def test_what_was_streamed_is_kept_too(place, chat):
    says = Says("yes")
    every = steps(place, ("cache", CacheStep(CacheStep.Options(), place.parts())), ("answer", says))
    streamed(every, chat("q"))
    assert whole(every, chat("q")).answer.text == "yes"
    assert says.asked == 1


def test_an_error_in_mid_stream_comes_out_after_what_was_said(place, chat):
    says = Says("a ", error=EngineError("engine_failed", "gone"))
    heard = []

    async def run():
        async for event in steps(place, ("answer", says)).stream(chat("q"), Context()):
            if isinstance(event, Chunk):
                heard.append(event.text)

    with pytest.raises(EngineError):
        asyncio.run(run())
    assert heard == ["a "]


def test_who_leaves_closes_every_stream(place, chat):
    says = Says(*"abc")
    nested = steps(place, ("route", steps(place, ("answer", says))))

    async def run():
        events = nested.stream(chat("q"), Context())
        while not isinstance(await anext(events), Chunk):
            pass
        await events.aclose()

    asyncio.run(run())
    assert says.closed == 1


class Needs:
    """A guard that refuses where nothing was retrieved."""

    name = "needs"
    lookahead_chars = None

    def check(self, view, context):
        return Verdict(guard="needs", action="allow" if view.exchange.passages else "refuse")


@pytest.fixture
def retrieve(place, passage):
    """A step that finds a passage, where the guard `needs` is known."""
    place.guards = {"needs": Needs()}

    async def retrieve(exchange, context):
        return replace(exchange, passages=(passage("fact"),))

    return retrieve


def test_a_guard_further_out_knows_what_was_retrieved_within(place, chat, retrieve):
    inside = steps(place, ("retrieve", retrieve), ("answer", Says("A fact.")))
    nested = steps(place, ("route", inside), guard(place, output=("needs",)))
    assert whole(nested, chat("q")).answer.text == "A fact."
    assert streamed(nested, chat("q"))[0] == ["A fact."]


def test_a_kept_answer_passes_the_guards_it_passed_before(place, chat, retrieve):
    cache = CacheStep(CacheStep.Options(), place.parts())
    every = steps(
        place,
        ("cache", cache),
        ("retrieve", retrieve),
        ("answer", Says("A fact.")),
        guard(place, output=("needs",)),
    )
    for _ in range(2):
        assert whole(every, chat("q")).answer.text == "A fact."
        assert streamed(every, chat("q"))[0] == ["A fact."]
