import numpy as np
import pytest

from plait.app import embedder as module
from plait.app.embedder import embedder_of, find_weights
from plait.app.settings import load_project
from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.engines.onnx import OnnxEmbedder
from plait.store.record import ArtefactRow, AuditRow
from plait.store.sqlite import SqliteStore
from plait.testing.bert import write_tiny_bert
from plait.train.embedding import Made, make_encoder, measure_loss


@pytest.fixture
def made(monkeypatch, tmp_path):
    """How often the encoder was made, which here is a tiny one."""
    calls = []

    def make(name, folder, *, cache, progress):
        calls.append(name)
        write_tiny_bert(tmp_path / "source")
        artefact = make_encoder(tmp_path / "source", folder, origin="tests", licence="MIT")
        embedder = OnnxEmbedder(artefact)
        return Made(artefact, measure_loss(embedder, embedder))

    monkeypatch.setattr(module, "make_with_loss", make)
    monkeypatch.setattr(module, "_loaded", {})
    return calls


@pytest.fixture
def project(folder):
    return load_project(folder)


def test_it_is_made_once_and_kept_with_its_loss(made, project, monkeypatch):
    with SqliteStore(project.store) as store:
        first = embedder_of(store, project, "minilm-l6-int8")
        assert embedder_of(store, project, "minilm-l6-int8") is first
        assert find_weights(store, "minilm-l6-int8") == first.artefact.id
        (row,) = store.find(ArtefactRow)
        assert (row.id, row.contract) == (first.artefact.id, "minilm-l6-int8")
        (link,) = store.find(AuditRow)
        assert (link.action, link.target) == ("make", first.artefact.id)
        assert link.details["mean cosine"] == pytest.approx(1)
    monkeypatch.setattr(module, "_loaded", {})  # another process
    with SqliteStore(project.store) as store:
        again = embedder_of(store, project, "minilm-l6-int8")
    assert again.artefact.id == first.artefact.id
    one, two = (each.embed(["loan"], Context())[0] for each in (first, again))
    assert np.array_equal(one, two)
    assert made == ["minilm-l6"]


def test_a_damaged_folder_is_made_again_from_the_store(made, project, monkeypatch):
    with SqliteStore(project.store) as store:
        first = embedder_of(store, project, "minilm-l6-int8")
        (first.artefact.folder / "model.onnx").write_bytes(b"")
        monkeypatch.setattr(module, "_loaded", {})
        assert embedder_of(store, project, "minilm-l6-int8").embed(["a"], Context())
    assert len(made) == 1


def test_only_weights_that_plait_makes(made, project):
    with SqliteStore(project.store) as store, pytest.raises(UnknownName) as caught:
        embedder_of(store, project, "minilm")
    assert caught.value.code == "unknown_catalogue_row"
    assert caught.value.nearest == "minilm-l6-int8"
