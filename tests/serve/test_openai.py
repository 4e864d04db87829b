"""What is answered has the shape that the OpenAPI document states."""

import httpx
import pytest
from pydantic import TypeAdapter

from plait.core.passage import Citation
from plait.core.prompt import ToolCall
from plait.serve import openai

CITED = Citation(
    sentence=0, collection="c", document="d", name="n", start=0, end=1, text="t", page=1
)
TOKEN = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
HELLO = [{"role": "user", "content": "x"}]


def fits(response, kind):
    """Check an answer against a shape, strictly: no conversion, no field beyond it."""
    TypeAdapter(kind).validate_json(response.content, strict=True, extra="forbid")


@pytest.mark.parametrize(
    "parts",
    [
        {"citations": (CITED,), "notes": ("n",), "spoken": "small"},
        {"calls": (ToolCall(id="c", name="f", arguments="{}"),), "finish": "tool_calls"},
        {"logprobs": (TOKEN,), "manner": "refused"},
    ],
)
def test_answers(address, talking, parts):
    talking.script = [parts]
    body = {"model": "desk", "messages": HELLO}
    fits(httpx.post(f"{address}/v1/chat/completions", json=body), openai.ChatCompletion)
    body = {"model": "desk", "prompt": "x"}
    fits(httpx.post(f"{address}/v1/completions", json=body), openai.Completion)


def test_vectors_and_names(address):
    body = {"model": "minilm", "input": ["a", "b"]}
    fits(httpx.post(f"{address}/v1/embeddings", json=body), openai.Embeddings)
    body["encoding_format"] = "base64"
    fits(httpx.post(f"{address}/v1/embeddings", json=body), openai.Embeddings)
    fits(httpx.get(f"{address}/v1/models"), openai.Models)
    fits(httpx.get(f"{address}/v1/models/desk"), openai.Model)


def test_the_examples_of_the_document_are_taken(address, talking, http):
    talking.script = ["yes"]
    paths = http.get("/openapi.json").json()["paths"]
    for path, model in (
        ("/v1/chat/completions", "desk"),
        ("/v1/completions", "small"),
        ("/v1/embeddings", "minilm"),
    ):
        body = paths[path]["post"]["requestBody"]["content"]["application/json"]
        assert set(body["schema"]["required"]) <= set(body["schema"]["properties"])
        response = httpx.post(address + path, json={**body["example"], "model": model})
        assert response.status_code == 200
