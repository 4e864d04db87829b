"""The server that answers by a script."""

import json
import urllib.error
import urllib.request
from http.client import IncompleteRead

import pytest

from plait.testing.upstream import FakeUpstream, failed, half, html, said


def post(url, body):
    request = urllib.request.Request(
        f"{url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"X-Mine": "1"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return response.headers["content-type"], response.read()


def test_it_answers_by_its_script_and_the_last_stays():
    with FakeUpstream(said("a"), html(), lambda asked: said(asked.body["say"])) as server:
        kinds = []
        for word in "xyz":
            kind, text = post(server.url, {"say": word})
            kinds.append((kind, text.count(b"data: ")))
    assert kinds == [("text/event-stream", 5), ("text/html", 0), ("text/event-stream", 5)]
    assert b'"content": "z"' in text
    assert [asked.body["say"] for asked in server.asked] == list("xyz")
    assert server.asked[0].path == "/chat/completions"
    assert server.asked[0].headers["x-mine"] == "1"


def test_it_fails_when_it_should():
    with FakeUpstream(failed(429, retry_after="2"), half()) as server:
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(server.url, {})
        with refused.value as answer:
            assert answer.headers["retry-after"] == "2"
            assert "it went wrong" in json.load(answer)["error"]["message"]
        with pytest.raises(IncompleteRead):
            post(server.url, {})
    with pytest.raises(OSError, match="refused"):
        post(server.url, {})
