"""The page about the addresses."""

import pytest

from plait.serve.docs import kind, operations


def test_every_operation_is_on_the_page(http):
    response = http.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    document = http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in response.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in response.text


def test_the_page_needs_no_network_and_no_script(http):
    response = http.get("/docs")
    assert "<script" not in response.text
    assert "//" not in response.text.replace("http://127.0.0.1:8000", "")
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_an_operation_is_read_from_the_document(http):
    found = {
        (each.method, each.path): each for each in operations(http.get("/openapi.json").json())
    }
    predict = found["POST", "/v1/predict/{contract}"]
    assert predict.tag == "predictions"
    assert list(predict.body["properties"]) == ["rows", "reasons", "history", "horizon"]
    assert predict.answers["200"] == "Predictions or Forecasts or Watched"
    assert predict.answers["4XX"] == "Error"
    assert found["GET", "/v1/decisions"].query == {"contract": "string or null"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Reason"}, "Reason"),
        ({"type": "array", "items": {"type": "number"}}, "list of number"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": "string", "enum": ["a", "b"]}, "'a' or 'b'"),
        ({"const": "alive", "type": "string"}, "'alive'"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({}, "any"),
    ],
)
def test_a_schema_in_words(schema, words):
    assert kind(schema) == words
