"""Steps in order, and a record however they end."""

import asyncio
from dataclasses import replace

import pytest

from plait.core.budget import Budget, Limits
from plait.core.context import Context
from plait.core.errors import BudgetExceeded, Cancelled, EngineError, InvalidRequest
from plait.core.privacy import Privacy
from plait.flow.handle import Flow, inline
from plait.flow.record import Record
from plait.flow.steps import Steps
from plait.testing.clock import FakeClock


@pytest.fixture
def flow(kept):
    """Make a flow of the given steps, named by their functions."""

    def flow(*steps, privacy=Privacy.INTERNAL):
        named = tuple((step.__name__, step) for step in steps)
        return Flow("loan", Steps(named, None), Record(kept.append), privacy)

    return flow


@pytest.fixture
def first():
    async def first(exchange, context):
        return replace(exchange, row={"seen": 1})

    return first


@pytest.fixture
def last(response):
    async def last(exchange, context):
        assert exchange.row == {"seen": 1}
        return replace(exchange, answer=response)

    return last


def stages(row):
    return [(span["name"], span["error"]) for span in row.body["spans"]]


def test_each_step_gets_what_the_one_before_left(flow, first, last, request_, response, kept):
    context = Context()
    assert inline(flow(first, last).handle(request_, context)) is response
    (row,) = kept
    assert (row.id, row.name, row.status) == (context.trace.id, "loan", "done")
    assert stages(row) == [("first", ""), ("last", "")]


def test_what_a_step_opens_lies_within_its_stage(flow, first, request_, response, kept):
    async def deep(exchange, context):
        with context.span("engine"):
            return replace(exchange, answer=response)

    inline(flow(first, deep).handle(request_, Context()))
    spans = kept[0].body["spans"]
    assert [(span["name"], span["parent"]) for span in spans] == [
        ("first", -1),
        ("deep", -1),
        ("engine", 1),
    ]


def test_a_refusal_ends_the_flow_and_is_recorded(flow, first, last, request_, kept):
    async def refuse(exchange, context):
        raise InvalidRequest("row_wrong_type", "no")

    with pytest.raises(InvalidRequest):
        inline(flow(first, refuse, last).handle(request_, Context()))
    (row,) = kept
    assert row.status == "row_wrong_type"
    assert stages(row) == [("first", ""), ("refuse", "row_wrong_type")]


@pytest.mark.parametrize("of_flow", Privacy)
@pytest.mark.parametrize("of_request", Privacy)
def test_a_request_is_as_private_as_what_its_steps_touch(
    flow, first, last, request_, kept, of_flow, of_request
):
    inline(flow(first, last, privacy=of_flow).handle(request_, Context(privacy=of_request)))
    assert kept[0].privacy == max(of_flow, of_request)


def test_a_secret_that_was_refused_is_not_kept(flow, request_, kept):
    async def refuse(exchange, context):
        raise InvalidRequest("row_wrong_type", "no")

    with pytest.raises(InvalidRequest):
        inline(flow(refuse, privacy=Privacy.SECRET).handle(request_, Context()))
    assert kept[0].content is None


def test_a_fault_of_a_step_becomes_an_error_with_a_code(flow, request_, kept):
    async def stumble(exchange, context):
        return {}["absent"]

    context = Context()
    with pytest.raises(EngineError, match="KeyError") as caught:
        inline(flow(stumble).handle(request_, context))
    assert caught.value.code == "engine_failed"
    assert context.trace.id in caught.value.hint
    assert isinstance(caught.value.__cause__, KeyError)
    assert kept[0].status == "engine_failed"
    assert stages(kept[0]) == [("stumble", "KeyError")]


def test_a_flow_that_does_not_answer(flow, first, request_, kept):
    with pytest.raises(EngineError, match="no step"):
        inline(flow(first).handle(request_, Context()))
    assert kept[0].status == "engine_failed"


def test_a_deadline_is_checked_before_each_step(flow, last, request_, kept):
    clock = FakeClock()

    async def slow(exchange, context):
        clock.advance(2)
        return exchange

    context = Context(budget=Budget(Limits(deadline_seconds=1), clock), clock=clock)
    with pytest.raises(BudgetExceeded):
        inline(flow(slow, last).handle(request_, context))
    assert kept[0].status == "deadline_exceeded"
    assert stages(kept[0]) == [("slow", "")]


def test_a_caller_who_left_is_not_answered(flow, first, request_, kept):
    context = Context()
    context.cancel.request("gone")
    with pytest.raises(Cancelled):
        inline(flow(first).handle(request_, context))
    assert kept[0].status == "cancelled"
    assert stages(kept[0]) == []


def test_a_task_that_is_cancelled_is_recorded_as_such(flow, request_, kept):
    async def wait(exchange, context):
        await asyncio.sleep(60)

    async def ask():
        work = asyncio.create_task(flow(wait).handle(request_, Context()))
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(ask())
    assert kept[0].status == "cancelled"


def test_a_flow_that_waits_cannot_be_run_inline(flow, request_, kept):
    async def wait(exchange, context):
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="async twin"):
        inline(flow(wait).handle(request_, Context()))
    assert kept[0].status == "cancelled"
