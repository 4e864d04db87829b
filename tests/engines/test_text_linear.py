import json

import numpy as np
import pytest

from plait.core.contract import Contract
from plait.core.errors import EngineError
from plait.engines.array_file import array_bytes
from plait.engines.base import read_artefact, write_artefact
from plait.engines.ngram import stretches
from plait.engines.text_linear import MODEL, WEIGHTS, load
from plait.train.corpus import prepare_text
from plait.train.tfidf import TfidfLinear


@pytest.fixture(scope="module")
def made(talk, tmp_path_factory):
    """The folder of an artefact that reads three levels."""
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    folder = tmp_path_factory.mktemp("linear")
    TfidfLinear(folder).fit(prepared.sample(np.arange(24), seed=0))
    return folder


def damaged(made, tmp_path, files):
    """Return an artefact like `made` whose files are others, and whose hashes fit them."""
    artefact = read_artefact(made)
    names = [name for name in artefact.manifest.files if name not in files]
    kept = {name: (made / name).read_bytes() for name in names}
    return write_artefact(tmp_path / "other", artefact.manifest, {**kept, **files})


def test_a_score_is_the_sum_of_its_terms(made):
    predictor = load(read_artefact(made))
    model = predictor._model
    text = "please loan my loan card Monday, about"
    reading = model.read(text, 5)
    vector = model.vectoriser.vector(stretches(text))
    by_hand = model.intercept + sum(
        weight * model.weights[at].astype(float) for at, weight in vector.items()
    )
    np.testing.assert_allclose(reading.raw, by_hand, atol=1e-12)
    np.testing.assert_allclose(reading.shares.sum(axis=1) + model.intercept, reading.raw)
    assert reading.words == ("please", "loan", "my", "card", "Monday", "about")


def test_a_text_of_unknown_words_has_the_intercept(made):
    model = load(read_artefact(made))._model
    for text in ("", "???", "Ω"):
        reading = model.read(text, 3)
        assert reading.closeness == 0
        np.testing.assert_allclose(reading.raw - reading.shares.sum(axis=1), model.intercept)


@pytest.mark.parametrize(
    "change",
    [
        {"intercept": [1.0]},
        {"intercept": None},
        {"idf": [1.0]},
        {"more": 1},
        {"words": None},
    ],
)
def test_a_model_that_lacks_a_part_is_damaged(made, tmp_path, change):
    record = {**json.loads((made / MODEL).read_text()), **change}
    content = json.dumps({k: v for k, v in record.items() if v is not None}).encode()
    with pytest.raises(EngineError) as caught:
        load(damaged(made, tmp_path, {MODEL: content}))
    assert caught.value.code == "artefact_damaged"


def test_weights_of_another_shape_are_damaged(made, tmp_path):
    with pytest.raises(EngineError, match="weights") as caught:
        load(damaged(made, tmp_path, {WEIGHTS: array_bytes(np.zeros((3, 3)))}))
    assert caught.value.code == "artefact_damaged"
