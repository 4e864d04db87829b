"""Answers that were given before."""

import asyncio
from dataclasses import replace

import pytest

from plait.core.context import Context, Principal
from plait.core.privacy import Privacy
from plait.core.response import ChatResponse
from plait.flow.cache import CacheStep

ANSWER = ChatResponse(id="req_old", model="m", text="yes", completion_tokens=9)


@pytest.fixture
def cache(place):
    def cache(**options):
        return CacheStep(CacheStep.Options(**options), place.parts())

    return cache


def ask(cache, exchange, context=None):
    return asyncio.run(cache(exchange, context or Context())).answer


def keep(cache, exchange, answer=ANSWER, context=None, **fields):
    asked = asyncio.run(cache(exchange, context or Context()))
    cache.keep(asked.key, replace(asked, answer=answer, **fields))


def test_the_same_question_has_the_same_answer_under_a_new_id(cache, chat):
    cache, context = cache(), Context()
    assert ask(cache, chat("a?")) is None
    keep(cache, chat("a?"))
    found = ask(cache, chat("a?"), context)
    assert found == replace(ANSWER, id=context.trace.id, completion_tokens=0)
    assert ask(cache, chat("b?")) is None


def test_a_change_of_the_project_forgets(cache, chat, place):
    cache = cache()
    keep(cache, chat("a?"))
    place.revision = "rev_2"
    assert ask(cache, chat("a?")) is None


@pytest.mark.parametrize(
    "context", [Context(principal=Principal(tenant="b")), Context(principal=Principal(roles={"x"}))]
)
def test_nobody_sees_what_another_was_answered(cache, chat, context):
    cache = cache()
    keep(cache, chat("a?"))
    assert ask(cache, chat("a?"), context) is None


def test_the_conversation_before_is_part_of_the_question(cache, chat):
    cache = cache()
    keep(cache, chat("loans", ">yes?", "how much?"))
    assert ask(cache, chat("how much?")) is None
    assert ask(cache, chat("loans", ">yes?", "how much?")).text == "yes"


def test_what_is_private_asked_back_or_drawn_by_chance_is_not_kept(cache, chat):
    cache = cache()
    exchange = chat("a?")
    keep(cache, exchange, privacy=Privacy.SECRET)
    keep(cache, exchange, replace(ANSWER, manner="asked"))
    keep(cache, exchange, replace(ANSWER, notes=("The model failed.",)))
    prompt = replace(exchange.request.prompt, temperature=0.7)
    hot = replace(exchange, request=replace(exchange.request, prompt=prompt))
    keep(cache, hot)
    assert ask(cache, exchange) is None
    assert ask(cache, hot) is None


def test_the_one_unused_the_longest_goes_first(cache, chat):
    cache = cache(size=2)
    for question in ("a?", "b?"):
        keep(cache, chat(question))
    ask(cache, chat("a?"))
    keep(cache, chat("c?"))
    assert [bool(ask(cache, chat(q))) for q in ("a?", "b?", "c?")] == [True, False, True]


def test_an_answer_grows_old(cache, chat, monkeypatch):
    cache = cache(seconds=10)
    now = [0.0]
    monkeypatch.setattr("plait.flow.cache.time.monotonic", lambda: now[0])
    keep(cache, chat("a?"))
    now[0] = 9.0
    assert ask(cache, chat("a?"))
    now[0] = 11.0
    assert ask(cache, chat("a?")) is None


@pytest.mark.parametrize("options", [{"seconds": 0}, {"size": 0}])
def test_nonsense_is_refused(options):
    with pytest.raises(ValueError, match="above 0"):
        CacheStep.Options(**options)


def test_a_change_while_it_was_answered_forgets_too(cache, chat, place):
    cache = cache()
    asked = asyncio.run(cache(chat("a?"), Context()))
    place.revision = "rev_2"  # a document was removed under the answer
    cache.keep(asked.key, replace(asked, answer=ANSWER))
    assert ask(cache, chat("a?")) is None


def test_a_second_answer_is_as_private_as_the_first_and_rests_on_the_same(cache, chat, passage):
    cache = cache()
    found = (passage("fact"),)
    keep(cache, chat("a?"), privacy=Privacy.PERSONAL, passages=found, collections=("policies",))
    again = asyncio.run(cache(chat("a?"), Context()))
    assert (again.privacy, again.passages) == (Privacy.PERSONAL, found)
    assert again.collections == ("policies",)
