"""What the addresses of models have in common."""

import httpx
import openai
import pytest

HELLO = [{"role": "user", "content": "How long is an offer valid?"}]
PATHS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")


def stream(official):
    return list(official.chat.completions.create(model="desk", messages=HELLO, stream=True))


def test_the_headers_of_an_answer(address, say):
    say("yes")
    response = httpx.post(
        f"{address}/v1/chat/completions", json={"model": "desk", "messages": HELLO}
    )
    assert len(response.headers.get_list("x-request-id")) == 1
    assert {"read", "parse", "answer", "total"} == {
        each.strip().partition(";")[0] for each in response.headers["server-timing"].split(",")
    }


def test_a_key_that_is_wrong(address):
    with (
        openai.OpenAI(base_url=f"{address}/v1", api_key="plait_no", max_retries=0) as official,
        pytest.raises(openai.AuthenticationError),
    ):
        official.models.list()


def test_a_key_needs_the_scope(talking, app, public, refused, say):
    say("yes")
    wanted = {"model": "desk", "messages": HELLO}
    readers, askers = app.keys.add("a", ("read",)), app.keys.add("b", ("predict",))
    for path in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings"):
        assert refused(public().post(path, json=wanted), 401) == "key_missing"
        assert refused(public(readers[1]).post(path, json=wanted), 403) == "key_scope"
    assert public(askers[1]).post("/v1/chat/completions", json={}).status_code == 400


def test_calls_are_counted(address, official, say):
    say("yes")
    official.chat.completions.create(model="small", messages=HELLO)
    stream(official)
    with pytest.raises(openai.NotFoundError):
        official.chat.completions.create(model="x" * 500, messages=HELLO)
    text = httpx.get(f"{address}/metrics").text
    assert 'plait_call_seconds_count{kind="chat",model="small",status="done"}' in text
    assert 'plait_first_event_seconds_count{kind="chat",model="desk"}' in text
    assert 'plait_tokens_total{direction="written",kind="chat",model="small"}' in text
    assert 'kind="chat",model="unknown",status="unknown_model"' in text
    assert "x" * 50 not in text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"", 400, "request_not_json"),
        (b"{", 400, "request_not_json"),
        (b"\xff\xfe", 400, "request_not_json"),
        (b'{"model": "\\ud800"}', 400, "request_not_json"),
        (b"[" * 3000, 400, "request_not_json"),
        (b'{"temperature": NaN}', 400, "request_not_json"),
        (b"[]", 400, "request_shape"),
        (b"null", 400, "request_shape"),
        (b"{}", 400, "request_shape"),
        (b" " * (17 * 2**20), 413, "request_too_large"),
    ],
)
def test_a_body_that_is_none(address, refused, path, sent, status, code):
    response = httpx.post(address + path, content=sent)
    assert refused(response, status) == code
    assert response.headers["x-should-retry"] == "false"
