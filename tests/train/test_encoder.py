import numpy as np

from plait.core.context import Context
from plait.engines.onnx import MODEL, TOKENIZER, OnnxEmbedder
from plait.train.encoder import Encoder

TEXTS = ["a loan", "my card", "a loan", "opening hours of the branch"]


def test_vectors_are_those_of_each_text_alone(tiny_encoder):
    alone = [OnnxEmbedder(tiny_encoder).embed([text], Context())[0] for text in TEXTS]
    np.testing.assert_array_equal(Encoder(tiny_encoder).matrix(TEXTS), alone)
    np.testing.assert_array_equal(Encoder(tiny_encoder).matrix(TEXTS[::-1]), alone[::-1])


def test_a_text_is_embedded_once(tiny_encoder, monkeypatch):
    asked = []
    embed = OnnxEmbedder.embed
    monkeypatch.setattr(
        OnnxEmbedder, "embed", lambda self, t, c: asked.extend(t) or embed(self, t, c)
    )
    encoder = Encoder(tiny_encoder, known={"my card": np.zeros(3, dtype=np.float32)})
    encoder.embed(TEXTS, Context())
    encoder.embed(TEXTS, Context())
    assert asked == ["a loan", "opening hours of the branch"]


def test_it_says_which_encoder_it_is(tiny_encoder):
    encoder = Encoder(tiny_encoder)
    assert set(encoder.files()) == set(encoder.record()) == {MODEL, TOKENIZER}
    assert encoder.record()[MODEL] == tiny_encoder.manifest.files[MODEL].sha256
