"""A language model sorts texts by the levels' names alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.errors import InvalidSettings
from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.base import load, read_artefact
from plait.engines.text_llm import LABELS, WEIGHTS
from plait.registry.catalogue import find_row
from plait.train.base import ModelFile
from plait.train.zero_shot import LlmZeroShot, words_of

TEXTS = (
    "The striker scored twice in the final match",
    "Our team lost the football game on Sunday",
    "Boil the pasta and fry the onions in butter",
    "This soup needs more salt and a little garlic",
    "The parliament voted on the new tax law",
    "The president met the minister before the election",
)
LEVELS = ("cooking_food", "sports", "government-politics")
TRUTH = (1, 1, 0, 0, 2, 2)


@pytest.fixture(scope="module")
def model(smollm):
    sha256 = next(iter(find_row("smollm2-135m").files.values())).sha256
    return ModelFile(name="small", path=smollm, licence="Apache-2.0", sha256=sha256)


@pytest.fixture(scope="module")
def sample():
    return Sample(
        input=Schema((Field(name="said", kind="text"),)),
        columns={"said": TEXTS * 2},
        target=TRUTH * 2,
        classes=LEVELS,
        problem="multiclass",
        seed=0,
    )


@pytest.fixture(scope="module")
def fitted(model, sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zero") / "artefact"
    candidate = LlmZeroShot(folder, model=model)
    return candidate, candidate.fit(sample), folder


def test_it_sorts_texts_that_it_never_learned_of(fitted):
    _, predictor, _ = fitted
    answer = predictor.predict({"said": TEXTS})
    right = np.asarray(answer["prediction"]) == np.array(LEVELS)[list(TRUTH)]
    assert right.sum() >= 5
    total = sum(np.asarray(answer[f"probability_{level}"]) for level in LEVELS)
    assert np.allclose(total, 1)


def test_its_artefact_answers_by_its_own_weights(fitted):
    _, predictor, folder = fitted
    texts = {"said": TEXTS[:2]}
    answer = load(folder).predict(texts)
    for name, values in predictor.predict(texts).items():
        assert np.array_equal(values, answer[name]), name


def test_the_artefact_holds_the_weights_under_their_licence_and_no_text(fitted, model):
    manifest = read_artefact(fitted[2]).manifest
    assert manifest.licence == "Apache-2.0"
    assert manifest.files[WEIGHTS].sha256 == model.sha256
    assert not manifest.holds_rows
    assert json.loads((fitted[2] / LABELS).read_text())["words"] == [
        "cooking food",
        "sports",
        "government politics",
    ]


def test_two_levels_make_one_score(model, sample, tmp_path):
    two = replace(
        sample,
        columns={"said": TEXTS[:4] * 3},
        target=TRUTH[:4] * 3,
        classes=LEVELS[:2],
        problem="binary",
    )
    predictor = LlmZeroShot(tmp_path / "two", model=model, threshold=0.5).fit(two)
    answer = predictor.predict({"said": TEXTS[:4]})
    assert list(answer["prediction"]) == ["sports", "sports", "cooking_food", "cooking_food"]


def test_its_name_and_evidence_say_which_model_it_asks(fitted, model):
    assert fitted[0].name == "llm_zero_shot@small"
    assert fitted[0].configuration()["weights"] == model.sha256


def test_levels_are_said_in_words_unless_two_would_be_one():
    assert words_of(("card_arrival", "top-up  failed", True)) == (
        "card arrival",
        "top up failed",
        "true",
    )
    assert words_of(("a_b", "a-b")) == ("a_b", "a-b")


def test_weights_that_are_none_are_told_before_anything_is_fitted(model, tmp_path):
    (tmp_path / "junk.gguf").write_bytes(b"no weights")
    with pytest.raises(InvalidSettings, match=r"junk\.gguf is no GGUF file") as caught:
        LlmZeroShot(tmp_path / "a", model=replace(model, path=tmp_path / "junk.gguf"))
    assert caught.value.where == "models.small.weights"
