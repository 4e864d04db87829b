"""Events cut from bytes, however they arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.engines import sse
from plait.engines.sse import EventReader

STREAM = (
    ": a comment\n\nevent: x\nid: 7\ndata: one\n\ndata:two\ndata:  three\n\nretry: 5\n\n"
    'data: {"text": "né"}\n\ndata: [DONE]\n\n'
).encode()
EVENTS = [b"one", b"two\n three", '{"text": "né"}'.encode(), b"[DONE]"]


@given(st.lists(st.integers(0, 200)), st.sampled_from([b"\n", b"\r\n"]))
def test_the_cuts_between_pieces_do_not_matter(cuts, end):
    stream = STREAM.replace(b"\n", end)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = EventReader()
    found = []
    for start, stop in pairwise(places):
        found += reader.feed(stream[start:stop])
    assert found == EVENTS
    assert not reader.rest


def test_a_carriage_return_alone_ends_a_line_too():
    reader = EventReader()
    assert reader.feed(b"data: a\rdata: b\r\r") + reader.feed(b"\r") == [b"a\nb"]


def test_what_has_begun_is_known():
    reader = EventReader()
    assert reader.feed(b"data: half") == []
    assert reader.rest
    assert reader.feed(b"\n\n") == [b"half"]
    assert not reader.rest


def test_an_endless_event_is_refused(monkeypatch):
    monkeypatch.setattr(sse, "LONGEST_EVENT", 100)
    reader = EventReader()
    reader.feed(b"data: xxxxx\n" * 20)
    with pytest.raises(EngineError) as refused:
        reader.feed(b"data: x\n")
    assert refused.value.code == "upstream_garbled"
    with pytest.raises(EngineError):
        EventReader().feed(b"x" * 101)
