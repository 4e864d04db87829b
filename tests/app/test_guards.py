"""Guards with what is pulled."""

import pytest

from plait.app import guards
from plait.app.guards import find_tagger, guard_of
from plait.core.context import Context
from plait.core.errors import MissingExtra, UnknownName
from plait.registry.pull import Pulled


def test_without_weights_names_are_not_looked_for(tmp_path):
    assert find_tagger(tmp_path) is None
    assert guard_of("pii", tmp_path).name == "pii"


def test_with_weights_they_are(tmp_path, monkeypatch):
    class Tagger:
        def __init__(self, folder):
            self.folder = folder

        def tag(self, texts, _):
            return [[] for _ in texts]

    pulled = Pulled(tmp_path, {})
    monkeypatch.setattr(guards, "find_pulled", lambda *_: pulled)
    monkeypatch.setattr(guards, "SpacyTagger", Tagger)
    assert find_tagger(tmp_path).folder == tmp_path
    assert guard_of("pii", tmp_path).find("Ana", Context()) == []


def test_without_spacy_they_are_not(tmp_path, monkeypatch):
    def absent(_):
        raise MissingExtra("missing_extra", "spacy is not installed")

    monkeypatch.setattr(guards, "find_pulled", lambda *_: Pulled(tmp_path, {}))
    monkeypatch.setattr(guards, "SpacyTagger", absent)
    assert find_tagger(tmp_path) is None


def test_an_unknown_guard_is_told(tmp_path):
    with pytest.raises(UnknownName):
        guard_of("nonsense", tmp_path)
