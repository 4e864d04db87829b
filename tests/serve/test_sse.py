"""Answers in events: what leaves when, and what happens when the caller leaves."""

import json
import socket
import time

import httpx
import openai
import pytest

from plait.core.errors import EngineError
from plait.serve import sse

HELLO = [{"role": "user", "content": "How long is an offer valid?"}]


def stream(official):
    return list(official.chat.completions.create(model="desk", messages=HELLO, stream=True))


def test_the_bytes_of_a_stream(address, say):
    say("grün", {})
    body = {"model": "desk", "messages": HELLO, "stream": True}
    with httpx.stream("POST", f"{address}/v1/chat/completions", json=body) as response:
        events = b"".join(response.iter_raw()).decode().split("\n\n")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-request-id"].startswith("req_")
    assert len(response.headers.get_list("x-request-id")) == 1
    assert "read;dur=" in response.headers["server-timing"]
    assert "content-length" not in response.headers
    assert events[-2:] == ["data: [DONE]", ""]
    for each in events[:-2]:
        assert each.startswith("data: {")
        assert "error" not in json.loads(each[6:])
    assert "grün" in events[1]


def test_an_error_in_mid_stream_is_an_event_and_the_end(official, address, say):
    say("It is ", EngineError("engine_stopped", "the process ended"))
    with pytest.raises(openai.APIError) as caught:
        stream(official)
    assert caught.value.code == "engine_stopped"
    assert caught.value.message == "the process ended"
    body = {"model": "desk", "messages": HELLO, "stream": True}
    said = httpx.post(f"{address}/v1/chat/completions", json=body)
    assert said.status_code == 200
    *_, last, empty = said.text.split("\n\n")
    assert empty == ""
    assert set(json.loads(last[6:])["error"]) == {"message", "type", "param", "code"}
    assert "[DONE]" not in said.text
    say("again")
    assert stream(official)[1].choices[0].delta.content == "again"


def leave(address, body):
    """Ask, wait for the first bytes of a stream, if it is one, and hang up."""
    host, port = address.removeprefix("http://").split(":")
    sent = json.dumps(body).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
    head += f"content-length: {len(sent)}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as plug:
        plug.sendall(head.encode() + sent)
        if body.get("stream"):
            while b"data: " not in plug.recv(65_536):
                pass
        else:
            time.sleep(0.1)
    return time.monotonic()


@pytest.mark.parametrize("script", [("a", 60.0), (0.0, "a", 60.0, "b")])
def test_a_caller_that_leaves_in_mid_stream_stops_the_work(address, say, talking, script):
    say(*script)
    left = leave(address, {"model": "desk", "messages": HELLO, "stream": True})
    while not talking.closed and time.monotonic() < left + 5:
        time.sleep(0.005)
    assert talking.closed == "early"
    assert talking.under.cancel.requested
    assert talking.under.cancel.reason == "the caller left"


def test_a_caller_that_leaves_while_others_are_written_to(address, say, talking):
    say(*(["word "] * 40 + [0.01]) * 400)
    leave(address, {"model": "desk", "messages": HELLO, "stream": True})
    until = time.monotonic() + 5
    while not talking.closed and time.monotonic() < until:
        time.sleep(0.005)
    assert talking.closed == "early"


def test_a_caller_that_does_not_wait_for_the_whole_answer(address, say, talking):
    say(60.0)
    leave(address, {"model": "desk", "messages": HELLO})
    until = time.monotonic() + 5
    while not talking.closed and time.monotonic() < until:
        time.sleep(0.005)
    assert talking.closed == "early"
    assert talking.under.cancel.requested


def test_a_client_that_closes_its_stream(official, say, talking):
    say("a", "b", 60.0)
    pieces = official.chat.completions.create(model="desk", messages=HELLO, stream=True)
    next(iter(pieces))
    pieces.close()
    until = time.monotonic() + 5
    while not talking.closed and time.monotonic() < until:
        time.sleep(0.005)
    assert talking.closed == "early"


def test_comments_while_nothing_comes(address, say, monkeypatch, official):
    monkeypatch.setattr(sse, "_QUIET_SECONDS", 0.05)
    say(0.12, "a", 0.12, EngineError("engine_failed", "late"))
    body = {"model": "desk", "messages": HELLO, "stream": True}
    text = httpx.post(f"{address}/v1/chat/completions", json=body).text
    before, _, after = text.partition("data:")
    assert before.count(": still there\n\n") >= 1
    assert ": still there\n\n" in after
    assert '"code":"engine_failed"' in text
    say(0.12, "a", 0.12, "b")
    assert [each.choices[0].delta.content for each in stream(official)] == ["", "a", "b", None]
