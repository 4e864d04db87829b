"""Levels of privacy: their order and their words."""

import pytest

from plait.core.privacy import Privacy


def test_the_levels_are_in_order():
    words = ["public", "internal", "personal", "secret"]
    assert [level.word for level in sorted(Privacy)] == words
    assert max(Privacy.INTERNAL, Privacy.SECRET, Privacy.PUBLIC) is Privacy.SECRET


@pytest.mark.parametrize("level", Privacy)
def test_a_word_names_its_level(level):
    assert Privacy.of(level.word) is level


@pytest.mark.parametrize("word", ["", "private", "0"])
def test_another_word_names_none(word):
    with pytest.raises(ValueError, match="privacy is one of public, internal, personal, secret"):
        Privacy.of(word)
