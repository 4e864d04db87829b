"""The record of one request."""

import gc
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from plait.core.errors import InvalidRequest
from plait.core.ids import canonical
from plait.core.trace import Trace
from plait.testing.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock(now=1000.0)


@pytest.fixture
def trace(clock):
    return Trace("req_1", clock)


def test_a_trace_has_an_id_and_a_beginning(trace, clock):
    clock.advance(2.0)
    assert (trace.id, trace.started, trace.elapsed(), trace.spans) == ("req_1", 1000.0, 2.0, [])
    assert Trace().id.startswith("req_")


def test_spans_know_when_and_within_what(trace, clock):
    with trace.span("answer") as answer:
        clock.advance(1.0)
        with answer.span("chat.small") as small:
            clock.advance(2.0)
            with small.span("engine"):
                clock.advance(4.0)
        with answer.span("chat.large"):
            clock.advance(8.0)
    with trace.span("record"):
        clock.advance(16.0)
    told = [(s.name, s.start, s.seconds, s.parent, s.index) for s in trace.spans]
    assert told == [
        ("answer", 0.0, 15.0, -1, 0),
        ("chat.small", 1.0, 6.0, 0, 1),
        ("engine", 3.0, 4.0, 1, 2),
        ("chat.large", 7.0, 8.0, 0, 3),
        ("record", 15.0, 16.0, -1, 4),
    ]


def test_the_outermost_stages_are_summed_by_name(trace, clock):
    for name, seconds in [("guard", 1.0), ("answer", 2.0), ("guard", 4.0)]:
        with trace.span(name) as span:
            clock.advance(seconds)
            with span.span("guard"):
                pass
    assert list(trace.seconds().items()) == [("guard", 5.0), ("answer", 2.0)]


def test_tags_and_content_are_kept_apart(trace):
    with trace.span("answer") as span:
        span.tag(model="small", tokens=3)
        span.tag(tokens=5, cached=False, score=None)
        span.hold(row={"income": 1200})
        span.hold(text="hello")
    assert span.tags == {"model": "small", "tokens": 5, "cached": False, "score": None}
    assert span.content == {"row": {"income": 1200}, "text": "hello"}


def test_a_record_has_the_tags_and_never_the_content(trace, clock):
    with trace.span("answer") as span:
        span.tag(model="small")
        span.hold(text="my name is Ada")
        clock.advance(0.125)
    assert span.record() == {
        "name": "answer",
        "start": 0.0,
        "seconds": 0.125,
        "parent": -1,
        "tags": {"model": "small"},
        "error": "",
    }
    assert b"Ada" not in canonical(span.record())


def test_an_open_span_is_in_the_trace_already(trace):
    with trace.span("answer") as span:
        assert trace.spans == [span]
        assert span.seconds == 0.0


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (InvalidRequest("request_shape", "what"), "request_shape"),
        (ZeroDivisionError("what"), "ZeroDivisionError"),
        (SystemExit(2), "SystemExit"),  # it has a `code` too, of another kind
    ],
    ids=["ours", "unexpected", "exit"],
)
def test_an_error_is_noted_and_goes_on(trace, clock, error, name):
    def fail():
        clock.advance(1.0)
        raise error

    with pytest.raises(type(error)), trace.span("answer") as outer, outer.span("engine"):
        fail()
    assert [(s.error, s.seconds) for s in trace.spans] == [(name, 1.0), (name, 1.0)]


def test_a_span_that_ended_cannot_be_used_again(trace):
    with trace.span("answer") as span:
        pass
    with pytest.raises(AttributeError), span:
        pass
    with pytest.raises(AttributeError):
        span.span("engine")
    assert trace.spans == [span]


def test_a_trace_is_gone_with_its_request():
    """No cycle: a busy server must not wait for the garbage collector."""

    class WatchedTrace(Trace):
        __slots__ = ("__weakref__",)

    trace = WatchedTrace()
    with trace.span("answer") as span, span.span("engine"):
        pass
    watched = weakref.ref(trace)
    gc.disable()
    try:
        del trace, span
        assert watched() is None
    finally:
        gc.enable()


def test_steps_side_by_side_get_places_of_their_own(trace):
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with trace.span("answer") as answer, ThreadPoolExecutor(4) as pool:

            def work(name):
                for _ in range(200):
                    with answer.span(name) as outer, outer.span(f"{name}.inner"):
                        pass

            list(pool.map(work, "abcd"))
    finally:
        sys.setswitchinterval(interval)
    assert [span.index for span in trace.spans] == list(range(1 + 4 * 200 * 2))
    for span in trace.spans[1:]:
        parent = trace.spans[span.parent]
        assert parent.name == (span.name.removesuffix(".inner") if "." in span.name else "answer")
