"""What is here and what is missing, in a project and outside of one."""

import json

import pytest

from plait.app import doctor
from plait.app.doctor import examine
from plait.core.extras import EXTRAS


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "runtimes", dict)
    monkeypatch.setattr(doctor, "gpus", list)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_the_machine_the_libraries_and_the_weights_are_told(tmp_path):
    found = examine(tmp_path)
    assert found.project is None
    assert found.machine.cores >= 1
    assert found.machine.processor
    assert {each.name for each in found.libraries} == set(EXTRAS)
    assert all(bool(each.version) != bool(each.install) for each in found.libraries)
    assert {each.here for each in found.weights} == {False}
    assert json.loads(json.dumps(found.record()))["plait"] == found.plait


def test_a_missing_library_comes_with_the_line_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda name: name != "spacy")
    absent = {each.name: each.install for each in examine(tmp_path).libraries if each.install}
    assert absent == {"spacy": "pip install 'plait[guard]'"}


def test_a_container_may_have_less_memory_than_its_machine(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(doctor, "_LIMIT", limit)
    whole = doctor._memory()
    for text, expected in (("max", whole), ("1000000", 1_000_000), (str(2**60), whole)):
        limit.write_text(f"{text}\n")
        assert doctor._memory() == expected


MODELS = """\
project: desk
models:
  small: {engine: llamacpp, weights: smollm2-135m}
  own: {engine: llamacpp, weights: own.gguf}
  large: {engine: openai, model: gpt-5-mini}
  near: {engine: openai, model: m, base_url: "http://127.0.0.1:1/v1"}
  minilm: {engine: onnx, weights: minilm-l6-int8}
"""


def test_each_model_of_a_project_says_what_it_wants(tmp_path, monkeypatch):
    (tmp_path / "plait.yaml").write_text(MODELS)
    (tmp_path / "own.gguf").touch()
    project = examine(tmp_path).project
    assert (project.name, project.error, project.made) == ("desk", "", False)
    assert {each.name: each.wants for each in project.models} == {
        "small": "plait models pull smollm2-135m",
        "own": "",
        "large": "set OPENAI_API_KEY in the environment or in .env",
        "near": "",
        "minilm": "plait models pull minilm-l6",
    }
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr(doctor, "find_pulled", lambda *_: object())
    found = examine(tmp_path)
    assert {each.wants for each in found.project.models} == {""}
    assert "sk-secret" not in json.dumps(found.record())


def test_a_project_that_is_broken_is_told_and_the_rest_too(tmp_path):
    (tmp_path / "plait.yaml").write_text("project: desk\nmodels: {x: {engine: lama}}\n")
    found = examine(tmp_path)
    assert "lama" in found.project.error
    assert "plait.yaml:2" in found.project.error
    assert found.libraries
