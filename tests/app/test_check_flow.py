"""What the parts of a project say of each other."""

import pytest

from plait.app.check_flow import check_flows
from plait.app.settings import load_project
from plait.core.errors import InvalidSettings, UnknownName

GOOD = """\
project: desk
models:
  small: {engine: llamacpp, weights: smollm2-135m}
  minilm: {engine: onnx, weights: minilm-l6-int8}
contracts:
  repaid: {task: tabular, data: loans.csv, target: repaid}
collections:
  policies: {paths: ["*.md"], embed: minilm}
prompts: {grounded: grounded.md}
flows:
  desk:
    - guard: {input: [pii]}
    - route: {contract: repaid, to: {yes: lookup}, otherwise: lookup}
  lookup:
    - retrieve: {collection: policies}
    - answer: {model: small, prompt: grounded}
"""


def checked(folder, text):
    (folder / "plait.yaml").write_text(text)
    check_flows(load_project(folder))


def test_parts_that_fit_pass_and_nothing_is_made(tmp_path):
    checked(tmp_path, GOOD)
    assert [each.name for each in tmp_path.iterdir()] == ["plait.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("embed: minilm", "embed: minlim", "unknown_model", 8),
        ("embed: minilm", "embed: small", "unknown_model", 8),
        ("collection: policies", "collection: polices", "unknown_collection", 15),
        ("model: small", "model: minilm", "unknown_model", 16),
        ("prompt: grounded", "prompt: ground", "unknown_prompt", 16),
        ("contract: repaid", "contract: repayed", "unknown_contract", 13),
        ("otherwise: lookup", "otherwise: look", "unknown_flow", 13),
        ("input: [pii]", "input: [pi]", "unknown_component", 12),
        ("engine: llamacpp", "engine: llama", "unknown_component", 3),
        ("weights: smollm2-135m}", "weight: smollm2-135m}", "settings_unknown_key", 3),
        ("  small:", "  desk:", "settings_wrong_value", 3),
        ("  lookup:\n", "  lookup:\n    - route: {contract: repaid, otherwise: desk}\n", None, 11),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, old, new, code, line):
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        checked(tmp_path, GOOD.replace(old, new, 1))
    assert caught.value.code == (code or "settings_wrong_value")
    assert caught.value.where == f"plait.yaml:{line}"
