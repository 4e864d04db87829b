from dataclasses import replace

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.schema import Field, Schema
from plait.engines.array_file import array_bytes
from plait.engines.base import read_bytes, write_artefact
from plait.engines.derive import deriver_of
from plait.engines.onnx import MODEL, TOKENIZER, OnnxEmbedder
from plait.engines.pipeline import Pipeline, TextScore
from plait.engines.text_score import ENCODER, Reader, embedder_in, reads_texts

FIELDS = tuple(Field(name=f"score {at}", kind="number") for at in range(2))
PART = TextScore(column="said", fields=FIELDS, weights="encoder/w.npy", intercept=(1.0, -1.0))


@pytest.fixture(scope="module")
def artefact(tiny_encoder, tmp_path_factory):
    width = OnnxEmbedder(tiny_encoder).width
    weights = np.random.default_rng(0).normal(size=(2, width))
    manifest = Manifest(
        engine="linear", task="tabular", input=Schema(()), output=Schema(()), origin="tests"
    )
    files = {f"{ENCODER}/{n}": read_bytes(tiny_encoder.folder / n) for n in (MODEL, TOKENIZER)}
    files[PART.weights] = array_bytes(weights)
    return write_artefact(tmp_path_factory.mktemp("texts"), manifest, files)


def test_a_text_scores_alike_alone_and_among_others(artefact):
    deriver = deriver_of((PART,), artefact)
    texts = ["a loan", None, "my card", "a loan"]
    together = deriver.added({"said": texts}, 4)
    vector = embedder_in(artefact).embed(["a loan"], Context())[0].astype(float)
    weights = np.load(artefact.folder / PART.weights)
    assert together["score 0"][0] == pytest.approx(1.0 + weights[0] @ vector)
    for at, text in enumerate(texts):
        alone = deriver.added({"said": [text]}, 1)
        for field in FIELDS:
            assert isinstance(alone[field.name], list)
            np.testing.assert_array_equal(alone[field.name][0], together[field.name][at])
    assert np.isnan(together["score 1"][1])


def test_it_is_known_by_its_files(artefact, tiny_encoder):
    assert reads_texts(artefact)
    assert not reads_texts(tiny_encoder)


def test_it_is_written_and_read(artefact):
    pipeline = Pipeline(problem="regression", classes=(), encode=(), derive=(PART,))
    assert Pipeline.read(pipeline.record()) == pipeline


def test_no_text_is_an_error(artefact):
    for column in ({"said": [3]}, {}):
        with pytest.raises(EngineError, match="said"):
            deriver_of((PART,), artefact).added(column, 1)


@pytest.mark.parametrize(
    "part",
    [
        replace(PART, weights="encoder/other.npy"),
        replace(PART, intercept=(1.0,)),
        replace(PART, fields=FIELDS[:1], intercept=(1.0,)),
    ],
)
def test_weights_that_do_not_fit_are_damage(artefact, part):
    with pytest.raises(EngineError) as caught:
        Reader(part, artefact, embedder_in(artefact))
    assert caught.value.code == "artefact_damaged"
