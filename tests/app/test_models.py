"""What `models:` in plait.yaml names."""

import hashlib
from dataclasses import replace

import pytest

from plait.app.loop import Loop
from plait.app.models import Models, engine_of, model_files, without_engine
from plait.app.settings import load_project
from plait.core.errors import InvalidSettings, UnknownName

SETTINGS = """\
project: desk
models:
  near: {engine: openai, model: qwen, base_url: "http://127.0.0.1:9/v1"}
  lost: {engine: llamacpp, weights: lost.gguf}
  wrong: {engine: llamacpp, weights: smollm}
  minilm: {engine: onnx, weights: minilm-l6-int8}
  bare: {engine: onnx}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    return load_project(tmp_path)


@pytest.fixture
def models(project):
    asked = []

    def embedder_of(weights):
        asked.append(weights)
        return asked

    return Models(project, embedder_of)


def test_a_model_is_made_once_and_closed(models):
    near = models.generator("near")
    assert models.generator("near") is near
    assert near.remote
    loop = Loop()
    models.close(loop)
    loop.close()
    assert models.generator("near") is not near


def test_an_embedder_is_found_by_its_weights(models):
    assert models.embedder("minilm") == ["minilm-l6-int8"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("neer", "unknown_model"),
        ("minilm", "unknown_model"),
        ("lost", "settings_wrong_value"),
        ("wrong", "unknown_catalogue_row"),
    ],
)
def test_what_cannot_speak_says_why(models, name, code):
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        models.generator(name)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "code"), [("near", "unknown_model"), ("bare", "settings_missing_key")]
)
def test_what_makes_no_vectors_says_why(models, name, code):
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        models.embedder(name)
    assert caught.value.code == code


def test_the_engine_stands_apart_from_its_options(project):
    node = project.settings.models["near"]
    assert engine_of(node) == "openai"
    assert set(without_engine(node).content) == {"model", "base_url"}


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("{weights: smollm2-135m}", "settings_missing_key"),
        ("llamacpp", "settings_wrong_type"),
        ("{engine: llama}", "unknown_component"),
    ],
)
def test_an_engine_must_be_named(tmp_path, model, code):
    (tmp_path / "plait.yaml").write_text(f"project: desk\nmodels:\n  a: {model}\n")
    node = load_project(tmp_path).settings.models["a"]
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        engine_of(node)
    assert (caught.value.code, caught.value.where) == (code, "plait.yaml:3")


FILES = """\
project: desk
models:
  small: {engine: llamacpp, weights: smollm2-135m}
  mine: {engine: llamacpp, weights: mine.gguf}
  known: {engine: llamacpp, weights: mine.gguf, licence: MIT}
  icl: {engine: tabicl, weights: icl.ckpt, licence: BSD-3-Clause}
contracts:
  c: {task: text, data: d.csv, target: t, candidates: [majority, NAMED]}
"""


@pytest.mark.parametrize(
    ("name", "licence"), [("small", "Apache-2.0"), ("mine", "unknown"), ("known", "MIT")]
)
def test_a_file_of_weights_has_a_licence_and_a_hash(tmp_path, smollm, name, licence):
    (tmp_path / "plait.yaml").write_text(FILES.replace("NAMED", f"llm_zero_shot@{name}"))
    (tmp_path / "mine.gguf").write_bytes(b"weights")
    project = load_project(tmp_path)
    ((named, file),) = model_files(project, project.contract("c")).items()
    assert (named, file.name, file.licence) == (f"llm_zero_shot@{name}", name, licence)
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


def test_nobody_gives_weights_of_the_catalogue_another_licence(tmp_path):
    text = FILES.replace("NAMED", "llm_zero_shot@small")
    text = text.replace("smollm2-135m}", "smollm2-135m, licence: MIT}")
    (tmp_path / "plait.yaml").write_text(text)
    project = load_project(tmp_path)
    with pytest.raises(InvalidSettings, match=r"is under Apache-2\.0") as caught:
        model_files(project, project.contract("c"))
    assert caught.value.where == "plait.yaml:3"


def test_a_model_that_is_gone_or_of_another_engine_is_named(tmp_path):
    (tmp_path / "plait.yaml").write_text(FILES.replace("NAMED", "majority"))
    project = load_project(tmp_path)
    for name in ("gone", "icl"):  # as a decision that is run again may ask for it
        contract = replace(project.contract("c"), candidates=(f"llm_zero_shot@{name}",))
        with pytest.raises(UnknownName, match="small") as caught:
            model_files(project, contract)
        assert caught.value.code == "unknown_model"


def test_a_file_that_is_not_there_is_named(tmp_path):
    (tmp_path / "plait.yaml").write_text(FILES.replace("NAMED", "llm_zero_shot@mine"))
    project = load_project(tmp_path)
    with pytest.raises(InvalidSettings, match=r"no file mine\.gguf") as caught:
        model_files(project, project.contract("c"))
    assert caught.value.where == "plait.yaml:4"


def test_what_only_candidates_run_can_be_asked_by_nobody(tmp_path):
    (tmp_path / "plait.yaml").write_text(FILES.replace("NAMED", "majority"))
    project = load_project(tmp_path)
    models = Models(project, None)
    assert set(models.names()) == {"small", "mine", "known"}
    for ask in (models.generator, models.embedder):
        with pytest.raises(UnknownName) as caught:
            ask("icl")
        assert caught.value.code == "unknown_model"
