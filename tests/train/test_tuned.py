"""What needs no torch, and what does: `make test-all` installs it, which is gigabytes on some."""

from dataclasses import replace

import numpy as np
import pytest

from plait.core.errors import EngineError, MissingExtra
from plait.engines.base import load, read_json
from plait.engines.text_vector import HEAD
from plait.testing.engine import check_engine
from plait.train import tuned as module
from plait.train.encoder import Encoder
from plait.train.tuned import MinilmTuned, _cut, _levels


@pytest.fixture(scope="module")
def published(tiny_encoder):
    """An encoder whose weights are at hand."""
    return Encoder(tiny_encoder, published=tiny_encoder.folder.parent / "source")


@pytest.fixture(scope="module", params=["binary", "multiclass"])
def fitted(request, text_samples, published, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    sample = text_samples[request.param]
    return sample, MinilmTuned(folder, encoder=published).fit(sample), folder


def test_without_torch_it_says_what_to_install(text_samples, published, tmp_path, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("plait.train.seeded.import_module", absent)
    with pytest.raises(MissingExtra, match="torch"):
        MinilmTuned(tmp_path, encoder=published).fit(text_samples["binary"])


def test_without_published_weights_it_says_what_to_pull(text_samples, encoder, tmp_path):
    with pytest.raises(EngineError, match="not at hand") as caught:
        MinilmTuned(tmp_path, encoder=encoder).fit(text_samples["binary"])
    assert "plait models pull minilm-l6" in caught.value.hint


def test_a_long_text_keeps_its_end():
    assert _cut([1, 2, 3, 4, 9], 3) == [1, 2, 9]
    assert _cut([1, 2, 9], 3) == [1, 2, 9]


def test_one_score_tells_two_classes_and_several_tell_more():
    assert _levels(np.array([[0.5], [-0.5]])).tolist() == [1, 0]
    assert _levels(np.array([[0.5, 2.0, 1.0]])).tolist() == [1]


@pytest.mark.long
def test_it_learns_more_than_a_frozen_encoder_of_random_weights(fitted):
    sample, predictor, _ = fitted
    answer = predictor.predict(sample.columns)
    truth = np.array(sample.classes)[np.array(sample.target, dtype=int)]
    assert np.mean(answer["prediction"] == truth) > 0.8
    assert predictor.artefact.manifest.holds_rows


@pytest.mark.long
def test_its_artefact_keeps_the_promises_of_an_engine(fitted):
    sample, predictor, folder = fitted
    check_engine(load, folder, [{"said": text} for text in sample.columns["said"][:4]])
    texts = {"said": sample.columns["said"][:6]}
    own = load(folder).predict(texts)
    for name, values in predictor.predict(texts).items():
        np.testing.assert_array_equal(own[name], values)


@pytest.mark.long
def test_the_same_sample_gives_the_same_bytes_and_another_seed_others(fitted, published, tmp_path):
    sample, predictor, _ = fitted
    again = MinilmTuned(tmp_path / "again", encoder=published).fit(sample)
    assert again.artefact.id == predictor.artefact.id
    other = MinilmTuned(tmp_path / "other", encoder=published).fit(replace(sample, seed=2))
    assert other.artefact.id != predictor.artefact.id


@pytest.mark.long
def test_its_encoder_is_no_longer_the_published_one(fitted, published):
    _, _, folder = fitted
    assert (folder / "model.onnx").read_bytes() != published.files()["model.onnx"]
    assert (folder / "tokenizer.json").read_bytes() == published.files()["tokenizer.json"]
    assert read_json(folder / HEAD)["kind"] == "linear"


@pytest.mark.long
def test_where_8_bits_would_change_answers_it_stays_in_32(
    text_samples, published, tmp_path, monkeypatch
):
    sample = text_samples["multiclass"]
    monkeypatch.setattr(module, "MOST_OTHERWISE", 1.0)
    small = MinilmTuned(tmp_path / "small", encoder=published).fit(sample)
    monkeypatch.setattr(module, "MOST_OTHERWISE", -1.0)
    exact = MinilmTuned(tmp_path / "exact", encoder=published).fit(sample)
    sizes = [each.artefact.manifest.files["model.onnx"].size for each in (small, exact)]
    assert sizes[0] < sizes[1]
    monkeypatch.setattr(module, "FARTHEST", 0.0)
    with pytest.raises(EngineError, match="as torch does"):
        MinilmTuned(tmp_path / "refused", encoder=published).fit(sample)
