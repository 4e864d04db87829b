import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.contract import Contract
from plait.core.errors import EngineError
from plait.engines.array_file import array_bytes
from plait.engines.base import read_artefact, write_artefact
from plait.engines.text_vector import EXAMPLES, HEAD, VECTORS, WEIGHTS, load, votes
from plait.train.corpus import prepare_text
from plait.train.encoder import Encoder
from plait.train.sentence import MinilmLinear


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    return Encoder(tiny_encoder)


@pytest.fixture(scope="module")
def made(talk, encoder, tmp_path_factory):
    prepared = prepare_text(talk(8), Contract(task="text", data="", target="intent"))
    folder = tmp_path_factory.mktemp("vector")
    MinilmLinear(folder, encoder=encoder).fit(prepared.sample(np.arange(24), seed=0))
    return folder


def other(made, tmp_path, files):
    """Return an artefact like `made` with some other files, and hashes that fit them."""
    artefact = read_artefact(made)
    kept = {name: (made / name).read_bytes() for name in artefact.manifest.files}
    return write_artefact(tmp_path / "other", artefact.manifest, {**kept, **files})


def test_votes_are_weighed_by_likeness():
    likeness = np.array([0.9, 0.8, 0.5, 0.5], dtype=np.float32)
    found = votes(likeness, np.array([0, 1, 1, 2]), 10.0, 3)
    by_hand = [np.exp(10 * 0.9), np.exp(10 * 0.8) + np.exp(10 * 0.5), np.exp(10 * 0.5)]
    np.testing.assert_allclose(found - found[0], np.log(by_hand) - 9.0, atol=1e-5)


@given(rows=st.integers(1, 20), sharpness=st.floats(1, 1000), seed=st.integers(0, 99))
def test_votes_of_two_classes_are_log_odds_and_always_finite(rows, sharpness, seed):
    random = np.random.default_rng(seed)
    likeness = random.uniform(-1, 1, rows).astype(np.float32)
    labels = random.integers(0, 2, rows)
    (odds,) = votes(likeness, labels, sharpness, 2)
    three = votes(likeness, labels, sharpness, 3)
    assert np.isfinite(odds)
    assert odds == pytest.approx(three[1] - three[0])


def test_neighbours_and_weights_are_heads_on_the_same_examples(made, encoder, tmp_path):
    head = json.dumps({"kind": "neighbours", "intercept": [], "sharpness": 20.0}).encode()
    predictor = load(other(made, tmp_path, {HEAD: head}), embedder=encoder)
    text = json.loads((made / EXAMPLES).read_text())["texts"][3]
    linear = load(read_artefact(made), embedder=encoder)
    one, two = (each.predict({"said": [text]}, reasons=2) for each in (predictor, linear))
    assert one["reasons"] == two["reasons"]
    assert one["probability_card"] != two["probability_card"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (HEAD, {"kind": "linear"}),
        (HEAD, {"kind": "linear", "intercept": [0.0, 0.0]}),
        (HEAD, {"intercept": [0.0], "more": 1}),
        (EXAMPLES, {"texts": ["a"]}),
        (EXAMPLES, {"texts": [], "labels": []}),
        (EXAMPLES, {"texts": ["a"] * 24, "labels": [0] * 23}),
        (EXAMPLES, {"texts": ["a"] * 24, "labels": [3] * 24}),
        (EXAMPLES, {"texts": ["a"] * 24, "labels": [-1] * 24}),
        (EXAMPLES, {"texts": ["a"] * 23, "labels": [0] * 23}),
        (VECTORS, np.zeros((3, 32))),
        (WEIGHTS, np.zeros((3, 31))),
    ],
)
def test_parts_that_do_not_fit_are_damaged(made, encoder, tmp_path, name, content):
    array = isinstance(content, np.ndarray)
    files = {name: array_bytes(content) if array else json.dumps(content).encode()}
    with pytest.raises(EngineError) as caught:
        load(other(made, tmp_path, files), embedder=encoder)
    assert caught.value.code == "artefact_damaged"
