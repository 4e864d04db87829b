import shutil

import pytest

from plait.core.errors import StoreError, UnknownName
from plait.core.privacy import Privacy
from plait.engines.base import load
from plait.registry.artefact import artefact_folder, artefact_manifest, register_artefact
from plait.store.record import ArtefactRow


@pytest.fixture
def kept(store, linear):
    artefact = linear()
    register_artefact(store, artefact, contract="loan", tenant="default", privacy=Privacy.INTERNAL)
    return artefact


def test_an_artefact_runs_from_what_the_store_kept(store, kept, tmp_path):
    folder = artefact_folder(store, kept.id, tmp_path / "run")
    assert load(folder).artefact.id == kept.id
    assert artefact_manifest(store, kept.id) == kept.manifest


def test_keeping_it_again_changes_nothing(store, kept):
    register_artefact(store, kept, contract="loan", tenant="default", privacy=Privacy.INTERNAL)
    assert len(store.find(ArtefactRow)) == 1


def test_the_folder_is_made_once(store, kept, tmp_path):
    first = artefact_folder(store, kept.id, tmp_path / "run")
    made = (first / "manifest.json").stat().st_mtime_ns
    assert artefact_folder(store, kept.id, tmp_path / "run") == first
    assert (first / "manifest.json").stat().st_mtime_ns == made


@pytest.mark.parametrize("harm", ["gone", "file gone", "file cut", "file changed"])
def test_a_damaged_folder_is_made_again(store, kept, tmp_path, harm):
    folder = artefact_folder(store, kept.id, tmp_path / "run")
    name = next(iter(kept.manifest.files))
    if harm == "gone":
        shutil.rmtree(folder)
    elif harm == "file gone":
        (folder / name).unlink()
    elif harm == "file cut":
        (folder / name).write_bytes(b"")
    else:
        (folder / name).write_bytes(bytes(kept.manifest.files[name].size))
    assert load(artefact_folder(store, kept.id, tmp_path / "run")).artefact.id == kept.id
    assert [each.name for each in (tmp_path / "run").iterdir()] == [kept.id]


def test_a_missing_blob_is_named(store, kept, tmp_path):
    note = next(iter(kept.manifest.files.values()))
    store.blob_path(note.sha256).unlink()
    with pytest.raises(StoreError) as caught:
        artefact_folder(store, kept.id, tmp_path / "run")
    assert caught.value.code == "blob_missing"


def test_an_unknown_artefact_is_named(store, tmp_path):
    with pytest.raises(UnknownName, match="art_0"):
        artefact_folder(store, "art_0", tmp_path / "run")


def test_a_place_that_cannot_be_written_is_an_error_of_the_store(store, kept, tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(StoreError, match="run"):
        artefact_folder(store, kept.id, tmp_path / "run")
