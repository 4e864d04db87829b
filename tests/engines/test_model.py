"""The table of language models."""

from dataclasses import fields, is_dataclass

import pytest

from plait.engines.model import models


@pytest.mark.parametrize("name", ["llamacpp", "openai"])
def test_every_row_is_made_of_its_options(name, tmp_path):
    kind = models.load(name)
    assert is_dataclass(kind.Options)
    given = {each.name: "x" for each in fields(kind.Options) if each.name in ("model", "weights")}
    weights = tmp_path / "x.gguf" if "weights" in given else None
    model = kind("small", kind.Options(**given), weights=weights, secret={}.get)
    assert model.name == "small"
    assert model.remote == (name == "openai")
    assert callable(model.stream)
    assert callable(model.close)
