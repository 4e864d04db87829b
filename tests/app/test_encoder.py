from dataclasses import replace

import pytest

from plait.app import encoder as module
from plait.app.encoder import encoder_of
from plait.core.contract import Contract, FeatureNote
from plait.core.errors import MissingExtra, OriginError
from plait.engines.onnx import OnnxEmbedder

TEXTS = Contract(task="text", data="", target="intent")


@pytest.fixture
def embedder(tiny_encoder, monkeypatch):
    """What the project's embedder is; None when there is none."""
    found = [OnnxEmbedder(tiny_encoder)]

    def embedder_of(store, project, weights):
        if found[0] is None:
            raise MissingExtra("missing_extra", "onnxruntime is not installed")
        return found[0]

    monkeypatch.setattr(module, "embedder_of", embedder_of)
    return found


@pytest.fixture
def pulled(monkeypatch, tmp_path):
    """The rows that were pulled; where it holds an error, that is what came of it."""
    asked = []

    def pull(name, cache):
        if asked and isinstance(asked[0], OriginError):
            raise asked[0]
        asked.append(name)
        return type("Pulled", (), {"folder": tmp_path})

    monkeypatch.setattr(module, "pull", pull)
    return asked


def contract(*names):
    return Contract(task="text", data="", target="intent", candidates=names)


@pytest.mark.parametrize("torch", [True, False])
def test_published_weights_are_fetched_only_for_a_candidate_that_trains_them(
    embedder, pulled, monkeypatch, torch, tmp_path
):
    monkeypatch.setattr(module, "installed", lambda library: torch)
    found, notes = encoder_of(None, None, TEXTS)
    assert found.artefact is embedder[0].artefact
    assert (found.published, pulled) == ((tmp_path, ["minilm-l6"]) if torch else (None, []))
    assert notes == ()


def test_who_names_the_candidate_gets_the_weights(embedder, pulled, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "installed", lambda library: False)
    found, _ = encoder_of(None, None, contract("minilm_tuned", "majority"))
    assert found.published == tmp_path


def test_weights_that_cannot_be_had_cost_the_candidates_that_train_them_alone(embedder, pulled):
    pulled.append(OriginError("origin_unreachable", "no network"))
    found, (note,) = encoder_of(None, None, contract("minilm_tuned", "minilm_linear"))
    assert found.published is None
    assert "minilm_tuned" in note
    assert "minilm_linear" not in note
    with pytest.raises(OriginError):
        encoder_of(None, None, contract("minilm_tuned"))


def test_without_an_encoder_a_note_says_who_is_left_out(embedder, monkeypatch):
    embedder[0] = None
    monkeypatch.setattr(module, "installed", lambda library: False)
    found, (note,) = encoder_of(None, None, TEXTS)
    assert found is None
    assert "minilm_linear, minilm_neighbours: " in note
    with pytest.raises(MissingExtra):
        encoder_of(None, None, contract("minilm_linear"))


@pytest.mark.parametrize("names", [("majority",), ("majority", "tfidf_linear")])
def test_who_needs_no_encoder_gets_none(embedder, names):
    assert encoder_of(None, None, contract(*names)) == (None, ())


def test_rows_need_an_encoder_where_candidates_read_a_column(embedder):
    rows = replace(
        Contract(task="tabular", data="", target="x"), features={"note": FeatureNote(embed=True)}
    )
    found, notes = encoder_of(None, None, rows)
    assert found.artefact is embedder[0].artefact
    assert notes == ()
    embedder[0] = None
    found, (note,) = encoder_of(None, None, rows)
    assert found is None
    assert "the text of note" in note


def test_rows_need_no_encoder(embedder):
    assert encoder_of(None, None, Contract(task="tabular", data="", target="x")) == (None, ())
