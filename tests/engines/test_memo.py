"""An embedder that remembers."""

import numpy as np
import pytest

from plait.core.context import Context
from plait.core.errors import Cancelled
from plait.engines.memo import MemoEmbedder
from plait.testing.embedder import WordEmbedder


def test_a_text_is_embedded_once_and_answers_stay_in_order():
    words = WordEmbedder()
    memo = MemoEmbedder(words)
    first = memo.embed(["a", "b", "a"], Context())
    second = memo.embed(["b", "c", "a"], Context())
    assert words.embedded == ["a", "b", "c"]
    assert np.array_equal(first[0], second[2])
    assert np.array_equal(first[1], second[0])
    assert np.array_equal(second, WordEmbedder().embed(["b", "c", "a"], Context()))


def test_the_one_unused_the_longest_is_forgotten():
    words = WordEmbedder()
    memo = MemoEmbedder(words, most=2)
    memo.embed(["a", "b"], Context())
    memo.embed(["a"], Context())
    memo.embed(["c"], Context())
    memo.embed(["a", "b"], Context())
    assert words.embedded == ["a", "b", "c", "b"]


def test_half_a_character_is_no_obstacle():
    assert len(MemoEmbedder(WordEmbedder()).embed(["\ud800", ""], Context())) == 2


def test_nobody_waits_any_more():
    context = Context()
    context.cancel.request("left")
    with pytest.raises(Cancelled):
        MemoEmbedder(WordEmbedder()).embed(["a"], context)
