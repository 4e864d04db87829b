"""Answers that rest on passages."""

import asyncio

import pytest

from plait.core.budget import Budget, Limits
from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import BudgetExceeded, Cancelled, EngineError
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse
from plait.core.sentence import sentences
from plait.tasks.chat import ground
from plait.tasks.chat.ground import GroundedTask

OPEN = "When is the branch open on weekdays?"
HOURS = "The branch is open from 9 to 16 on weekdays."


@pytest.fixture
def ask(kit, passages):
    def answer(question, *pieces, given=passages, context=None):
        model = kit.Model(*pieces) if pieces else None
        task = GroundedTask(embedder=None, generator=model, instructions="", work=kit.work)
        found = kit.events(task.stream(kit.asked(question), given, context or Context()))
        return found[:-1], found[-1]

    return answer


def test_without_a_model_the_answer_is_quoted(ask, passages):
    chunks, answer = ask(OPEN)
    assert (answer.manner, answer.spoken, answer.text) == ("extracted", "", HOURS)
    [citation] = answer.citations
    assert (citation.document, citation.name, citation.page) == ("doc_3", "Branches.md", 3)
    assert (citation.start, citation.end) == (300, 300 + len(HOURS))
    assert citation.text == HOURS
    assert citation.headings == ("Branches",)
    assert [chunk.text for chunk in chunks] == [HOURS]


def test_what_nothing_supports_is_refused(ask):
    chunks, answer = ask("Do you insure motorcycles?")
    assert answer.manner == "refused"
    assert answer.text == "I found nothing in policies that answers this."
    assert answer.citations == ()
    assert [chunk.own for chunk in chunks] == [True]


def test_without_passages_the_refusal_names_no_collection(ask):
    assert ask(OPEN, given=())[1].text == "I found nothing in the documents that answers this."


def test_a_model_is_not_asked_when_there_is_nothing_to_say(ask, kit, passages):
    model = kit.Model("The branch is open.")
    task = GroundedTask(embedder=None, generator=model, instructions="", work=kit.work)
    asyncio.run(task.run(kit.asked("Do you insure motorcycles?"), passages, Context()))
    assert model.prompts == []


def test_a_supported_sentence_of_the_model_is_kept_and_cited(ask):
    chunks, answer = ask(OPEN, "The branch is open ", "on weekdays from 9 to 16.")
    assert (answer.manner, answer.spoken) == ("generated", "parrot")
    assert answer.text == "The branch is open on weekdays from 9 to 16."
    assert answer.citations[0].text == HOURS
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 2)
    assert "".join(chunk.text for chunk in chunks) == answer.text


def test_an_unsupported_sentence_is_dropped(ask):
    _, answer = ask(OPEN, "The branch is open from 9 to 16 on weekdays. ", "Coffee is free there.")
    assert answer.text == HOURS
    assert answer.notes == ()


@pytest.mark.parametrize(
    "said",
    [
        "The branch is open from 9 to 18 on weekdays.",
        "The branch is not open from 9 to 16 on weekdays.",
        "The branch in Oslo is open on weekdays from 9 to 16.",
        "Branches.",
        "I do not know.",
        "",
    ],
)
def test_what_the_passages_do_not_bear_out_is_quoted_instead(ask, said):
    _, answer = ask(OPEN, said)
    assert (answer.manner, answer.spoken, answer.text) == ("extracted", "", HOURS)
    assert "parrot" in answer.notes[0]


@pytest.mark.parametrize(
    "error",
    [EngineError("engine_stopped", "it died"), BudgetExceeded("tokens_exceeded", "no tokens")],
)
def test_a_model_that_fails_is_done_without(ask, error):
    _, answer = ask(OPEN, error)
    assert (answer.manner, answer.text) == ("extracted", HOURS)
    assert "failed" in answer.notes[0]


def test_what_was_said_before_a_failure_stays(ask):
    _, answer = ask(OPEN, HOURS + " And", EngineError("engine_stopped", "it died"))
    assert (answer.manner, answer.text) == ("generated", HOURS)


def test_a_slow_model_is_not_waited_for(ask, monkeypatch):
    monkeypatch.setattr(ground, "PATIENCE_SECONDS", 0.05)
    _, answer = ask(OPEN, "The", 5.0, HOURS)
    assert (answer.manner, answer.text) == ("extracted", HOURS)
    assert "too long" in answer.notes[0]


def test_a_model_gets_half_of_the_time_that_is_left(ask):
    context = Context(budget=Budget(Limits(deadline_seconds=0.2)))
    _, answer = ask(OPEN, "The", 5.0, context=context)
    assert answer.manner == "extracted"
    assert "too long" in answer.notes[0]  # not: the deadline has passed


def test_a_sentence_said_again_is_dropped(ask):
    assert ask(OPEN, *[HOURS + " "] * 50)[1].text == HOURS


def test_a_sentence_cut_off_is_no_sentence(ask):
    _, answer = ask(OPEN, HOURS + " The branch is open from 9", Chunk(finish="length"))
    assert answer.text == HOURS


def test_cancelling_is_not_a_failure_of_the_model(ask):
    cancel = Cancel()
    cancel.request("the caller left")
    with pytest.raises(Cancelled):
        ask(OPEN, HOURS, context=Context(cancel=cancel))


def test_a_caller_who_leaves_closes_the_model(kit, passages):
    model = kit.Model(HOURS + " ", HOURS, 9.0)
    task = GroundedTask(embedder=None, generator=model, instructions="", work=kit.work)

    async def leave():
        stream = task.stream(kit.asked(OPEN), passages, Context())
        assert (await anext(stream)).text == HOURS
        await stream.aclose()

    asyncio.run(leave())
    assert model.closed == 1


def test_the_model_is_told_the_quotes_and_the_instructions(kit, passages):
    model = kit.Model(HOURS)
    task = GroundedTask(embedder=None, generator=model, instructions="Be kind.", work=kit.work)
    asyncio.run(task.run(kit.asked(OPEN), passages, Context()))
    system, user = model.prompts[0].messages
    assert system.content == "Be kind."
    assert HOURS in user.content
    assert "900,000" not in user.content
    assert model.prompts[0].temperature == 0.0


@pytest.mark.parametrize(
    "question",
    [OPEN, "Which papers do freelancers bring?", "What is the longest term for a renovation?"],
)
def test_every_sentence_has_a_citation_with_exact_offsets(ask, passages, question):
    chunks, answer = ask(question)
    assert answer.manner == "extracted"
    assert [each.sentence for each in answer.citations] == list(range(len(sentences(answer.text))))
    assert "".join(chunk.text for chunk in chunks) == answer.text
    for each in answer.citations:
        passage = next(one for one in passages if one.document == each.document)
        assert passage.text[each.start - passage.start : each.end - passage.start] == each.text


def test_run_is_the_fold_of_stream(kit, passages):
    task = GroundedTask(embedder=None, generator=None, instructions="", work=kit.work)
    answer = asyncio.run(task.run(kit.asked(OPEN), passages, context := Context()))
    assert isinstance(answer, ChatResponse)
    assert (answer.id, answer.model) == (context.trace.id, "desk")
