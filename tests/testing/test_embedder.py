import numpy as np

from plait.core.context import Context
from plait.testing.embedder import WordEmbedder


def test_texts_that_share_words_are_near():
    embedder = WordEmbedder()
    one, two, far, empty = embedder.embed(
        ["a late payment", "Payment, late!", "grey horses", ""], Context()
    )
    assert one @ two > 0.7 > 0.4 > abs(one @ far)
    assert np.allclose([np.linalg.norm(each) for each in (one, two, far, empty)], 1)
    assert embedder.embedded[:2] == ["a late payment", "Payment, late!"]


def test_another_seed_is_another_artefact():
    assert WordEmbedder().artefact.id == WordEmbedder().artefact.id
    assert WordEmbedder().artefact.id != WordEmbedder(seed=1).artefact.id
