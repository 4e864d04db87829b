"""Needs torch, but for what tells that it is missing: see tests/train/test_tuned.py."""

import numpy as np
import pytest

from plait.core.context import Context
from plait.engines.onnx import OnnxEmbedder
from plait.train.embedding import make_encoder, read_bert
from plait.train.encoder import Encoder
from plait.train.head import Weights
from plait.train.seeded import torch_of
from plait.train.tune import Tuning

pytestmark = pytest.mark.long  # `make test-all` installs torch

TEXTS = ["pay back the loan", "my card", "card", "where is the branch of the bank", "loan"]


@pytest.fixture
def source(tiny_encoder):
    return tiny_encoder.folder.parent / "source"


def tuning(torch, source, classes=3, seed=0):
    encoder, shape = read_bert(source)
    width = encoder["embeddings.word_embeddings.weight"].shape[1]
    dice = np.random.Generator(np.random.PCG64(seed))
    head = Weights(dice.normal(size=(classes, width)), dice.normal(size=classes))
    return Tuning(torch, encoder, shape, head), head


def test_untrained_it_answers_as_the_graph_does(source, tmp_path):
    exact = make_encoder(source, tmp_path, origin="tests", licence="own", int8=False)
    tokens = Encoder(exact).tokens(TEXTS)
    with torch_of(0) as torch:
        tuned, head = tuning(torch, source)
        found = tuned.answers(tokens)
    vectors = np.array(OnnxEmbedder(exact).embed(TEXTS, Context()))
    np.testing.assert_allclose(
        found, vectors @ head.coefficients.T + head.intercept, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("classes", [1, 3])
def test_training_lowers_the_loss_and_leaves_what_is_below_alone(source, tiny_encoder, classes):
    tokens = Encoder(tiny_encoder).tokens(TEXTS) * 8
    target = np.array([0, 1, 1, 1 if classes == 1 else 2, 0] * 8)
    with torch_of(0) as torch:
        tuned, _ = tuning(torch, source, classes)
        truth = torch.from_numpy(target)
        before = float(tuned._loss(torch.from_numpy(tuned.answers(tokens)), truth))
        learned = tuned.run(tokens, target)
        after = float(tuned._loss(torch.from_numpy(tuned.answers(tokens)), truth))
    assert after < before
    published, _ = read_bert(source)
    changed = {k for k, v in learned.encoder.items() if not np.array_equal(v, published[k])}
    assert changed  # the upper one of two layers
    assert all(name.startswith("encoder.layer.1.") for name in changed)
