"""Vectors over HTTP, asked by the official that OpenAI publishes."""

import base64
import struct

import httpx
import openai
import pytest


def test_the_client_asks_for_base64_and_has_floats(official, talking):
    found = official.embeddings.create(model="minilm", input=["abcd", "ab"], user="u")
    assert talking.asked.texts == ("abcd", "ab")
    assert [each.embedding for each in found.data] == [[0.5, 0.5, -0.25], [0.25, 0.5, -0.25]]
    assert [each.index for each in found.data] == [0, 1]
    assert {each.object for each in found.data} == {"embedding"}
    assert (found.object, found.model) == ("list", "minilm")
    assert (found.usage.prompt_tokens, found.usage.total_tokens) == (9, 9)


def test_both_forms_on_the_wire(address):
    wanted = {"model": "minilm", "input": "abcd"}
    (plain,) = httpx.post(f"{address}/v1/embeddings", json=wanted).json()["data"]
    assert plain["embedding"] == [0.5, 0.5, -0.25]
    wanted["encoding_format"] = "base64"
    (packed,) = httpx.post(f"{address}/v1/embeddings", json=wanted).json()["data"]
    bytes_ = base64.b64decode(packed["embedding"])
    assert bytes_ == struct.pack("<3f", 0.5, 0.5, -0.25)


def test_many_texts(official):
    found = official.embeddings.create(model="minilm", input=["ab"] * 2048, dimensions=3)
    assert len(found.data) == 2048


@pytest.mark.parametrize(
    ("wanted", "param", "code"),
    [
        ({"input": []}, "input", "request_shape"),
        ({"input": ""}, "input", "request_shape"),
        ({"input": " \n"}, "input", "request_shape"),
        ({"input": ["a", ""]}, "input[1]", "request_shape"),
        ({"input": ["a", 3]}, "input[1]", "request_shape"),
        ({"input": [1, 2]}, "input", "request_unsupported"),
        ({"input": [[1, 2]]}, "input", "request_unsupported"),
        ({"input": ["a"] * 2049}, "input", "request_shape"),
        ({"input": None}, "input", "request_shape"),
        ({"dimensions": 0}, "dimensions", "request_shape"),
        ({"dimensions": 256}, "dimensions", "request_unsupported"),
        ({"encoding_format": "int8"}, "encoding_format", "request_shape"),
        ({"texts": ["a"]}, "texts", "request_shape"),
    ],
)
def test_what_is_wrong_is_named(address, refused, wanted, param, code):
    response = httpx.post(
        f"{address}/v1/embeddings", json={"model": "minilm", "input": "a", **wanted}
    )
    assert refused(response, 400) == code
    assert response.json()["error"]["param"] == param


def test_token_ids_are_told_what_to_do(official):
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
        official.embeddings.create(model="minilm", input=[[1, 2, 3]])


def test_a_model_that_makes_none(official):
    with pytest.raises(openai.NotFoundError) as caught:
        official.embeddings.create(model="minilmm", input="a")
    assert caught.value.code == "unknown_model"
