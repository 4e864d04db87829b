"""The names that may be asked, as clients look for them first."""

import openai
import pytest


def test_flows_and_models_are_listed(official):
    found = list(official.models.list())
    assert [(each.id, each.model_extra["kind"]) for each in found] == [
        ("desk", "flow"),
        ("small", "model"),
        ("minilm", "embedder"),
    ]
    assert {each.object for each in found} == {"model"}


def test_one_of_them(official):
    assert official.models.retrieve("small").owned_by == "plait"
    with pytest.raises(openai.NotFoundError) as caught:
        official.models.retrieve("smal")
    assert caught.value.code == "unknown_model"
    assert "did you mean 'small'?" in caught.value.message


def test_they_are_told_to_those_who_may_ask(app, public, refused):
    assert refused(public().get("/v1/models"), 401) == "key_missing"
    assert refused(public(app.keys.add("r", ("read",))[1]).get("/v1/models"), 403) == "key_scope"
