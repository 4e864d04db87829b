import numpy as np
import pytest

from plait.engines.base import load
from plait.engines.onnx import OnnxEmbedder
from plait.testing.engine import check_engine
from plait.train.encoder import Encoder
from plait.train.sentence import MinilmLinear, MinilmNeighbours, _left_out


@pytest.fixture(scope="module", params=[MinilmLinear, MinilmNeighbours], ids=lambda each: each.name)
def kind(request):
    return request.param


@pytest.fixture(scope="module", params=["binary", "multiclass"])
def fitted(request, kind, text_samples, encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    sample = text_samples[request.param]
    return sample, kind(folder, encoder=encoder).fit(sample), folder


def test_it_knows_what_it_has_seen(fitted):
    sample, predictor, _ = fitted
    answer = predictor.predict(sample.columns)
    truth = np.array(sample.classes)[np.array(sample.target, dtype=int)]
    assert np.mean(answer["prediction"] == truth) > 0.7  # the encoder's weights are random
    assert min(answer["confidence"]) > 0


def test_its_artefact_keeps_the_promises_of_an_engine(fitted):
    sample, _, folder = fitted
    check_engine(load, folder, [{"said": text} for text in sample.columns["said"][:4]])


def test_it_answers_alike_with_the_encoder_of_the_race_and_its_own(fitted):
    sample, predictor, folder = fitted
    texts = {"said": sample.columns["said"][:6]}
    own = load(folder).predict(texts)
    for name, values in predictor.predict(texts).items():
        np.testing.assert_array_equal(own[name], values)


def test_the_same_sample_gives_the_same_bytes(fitted, kind, encoder, tmp_path):
    sample, predictor, _ = fitted
    assert kind(tmp_path, encoder=encoder).fit(sample).artefact.id == predictor.artefact.id
    assert predictor.artefact.manifest.holds_rows


def test_reasons_are_the_nearest_examples(fitted):
    sample, predictor, _ = fitted
    text = sample.columns["said"][5]
    (reasons,) = predictor.predict({"said": [text]}, reasons=3)["reasons"]
    assert [each.kind for each in reasons] == ["example"] * 3
    assert reasons[0].value == text
    assert reasons[0].feature == sample.classes[int(sample.target[5])]
    assert reasons[0].contribution == pytest.approx(1, abs=1e-3)
    assert reasons[0].contribution >= reasons[1].contribution >= reasons[2].contribution


def test_the_same_encoder_is_loaded_once(fitted):
    _, _, folder = fitted
    one, other = (load(folder)._model._embedder for _ in range(2))
    assert isinstance(one, OnnxEmbedder)
    assert one is not other
    assert one._run is other._run


def test_it_says_which_encoder_it_reads_by(kind, encoder, tmp_path):
    assert kind(tmp_path, encoder=encoder).configuration()["encoder"] == encoder.record()


def test_no_example_votes_for_itself(tiny_encoder):
    texts = [f"{letter} {letter}{letter}" for letter in "abcdefgh"]
    alone = {text: np.eye(8, dtype=np.float32)[at] for at, text in enumerate(texts)}
    vectors = Encoder(tiny_encoder, known=alone).matrix(texts)
    labels = np.array([0, 0, 0, 0, 0, 0, 0, 1])
    for raw in _left_out(vectors, labels, np.arange(8), 3).values():
        assert raw[7].argmax() == 0  # the only one of its class is told by the others
        assert raw[0].argmax() == 0
