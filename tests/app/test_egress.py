"""Where content may go."""

import pytest

from plait.app.egress import egress
from plait.app.settings import load_project
from plait.core.privacy import Privacy

SETTINGS = """\
project: desk
models:
  small: {engine: llamacpp, weights: smollm2-135m}
  large: {engine: openai, model: gpt-5-mini}
  near: {engine: openai, model: qwen, base_url: "http://10.0.0.7:8080/v1"}
  own: {engine: openai, model: qwen, base_url: "http://10.0.0.8/v1", remote: false}
flows:
  open: [{answer: {model: large, may_leave: true}}]
  shut: [{answer: {model: large}}]
  here: [{answer: {model: small}}]
"""


@pytest.fixture
def found(tmp_path):
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    return {each.host: each for each in egress(load_project(tmp_path))}


def test_every_remote_host_is_listed_with_its_origin(found):
    assert list(found) == ["api.openai.com", "10.0.0.7"]
    assert found["api.openai.com"].origin == "plait.yaml:4"
    assert found["api.openai.com"].by == "model large"


def test_it_says_how_private_content_may_be(found):
    assert found["api.openai.com"].used_in == ("open", "shut")
    assert found["api.openai.com"].most is Privacy.SECRET
    assert (found["10.0.0.7"].used_in, found["10.0.0.7"].most) == ((), Privacy.INTERNAL)
