from pathlib import Path

import pytest

from plait.core.errors import Refused, StoreError
from plait.store.backup import restore
from plait.store.database import FILE
from plait.store.lock import ServeLock
from plait.store.migration import BACKUPS
from plait.store.record import ArtefactRow, DecisionRow
from plait.store.schema import MIGRATIONS
from plait.store.sqlite import SqliteStore


@pytest.fixture
def backup(tmp_path: Path, store: SqliteStore, decision) -> Path:
    store.put(decision("dec_1"))
    blob = store.blob_put(b"weights")
    manifest = {"files": {"model.txt": {"sha256": blob, "size": 7}}}
    store.put(
        ArtefactRow(
            id="art_1", tenant="default", privacy=1, created=1.0, contract="loans", body=manifest
        )
    )
    store.backup(tmp_path / "backup")
    return tmp_path / "backup"


def blob_of(folder: Path) -> Path:
    return next((folder / "blobs").glob("??/*"))


def test_restoring_to_a_new_folder(tmp_path: Path, backup: Path, decision):
    restore(backup, tmp_path / "new")
    with SqliteStore(tmp_path / "new") as store:
        assert store.get(DecisionRow, "dec_1") == decision("dec_1")
        assert store.blob_path(blob_of(backup).name).read_bytes() == b"weights"


def test_restoring_over_a_store_needs_to_be_meant(tmp_path: Path, backup: Path, decision):
    with SqliteStore(tmp_path / "other") as store:
        store.put(decision("dec_2"))
    with pytest.raises(Refused, match="--overwrite"):
        restore(backup, tmp_path / "other")
    restore(backup, tmp_path / "other", overwrite=True)
    with SqliteStore(tmp_path / "other") as store:
        assert [row.id for row in store.find(DecisionRow)] == ["dec_1"]
    (kept,) = (tmp_path / "other" / BACKUPS).iterdir()
    with SqliteStore(kept) as store:
        assert [row.id for row in store.find(DecisionRow)] == ["dec_2"]


@pytest.mark.parametrize("damage", [None, b"", b"garbage" * 1000])
def test_restoring_mends_a_damaged_store(tmp_path: Path, backup: Path, damage: bytes | None):
    SqliteStore(tmp_path / "other").close()
    if damage is None:
        (tmp_path / "other" / FILE).unlink()
    else:
        (tmp_path / "other" / FILE).write_bytes(damage)
    restore(backup, tmp_path / "other", overwrite=True)
    with SqliteStore(tmp_path / "other") as store:
        assert [row.id for row in store.find(DecisionRow)] == ["dec_1"]


def test_a_store_in_use_is_not_replaced(tmp_path: Path, backup: Path):
    with ServeLock(tmp_path / "other"), pytest.raises(StoreError) as caught:
        restore(backup, tmp_path / "other")
    assert caught.value.code == "store_in_use"


def test_a_bad_backup_changes_nothing(tmp_path: Path, backup: Path, decision):
    with SqliteStore(tmp_path / "other") as store:
        store.put(decision("dec_2"))
    blob_of(backup).unlink()
    with pytest.raises(Refused, match="1 files that its rows name are missing"):
        restore(backup, tmp_path / "other", overwrite=True)
    whole = (backup / FILE).read_bytes()
    (backup / FILE).write_bytes(whole[:-4096] + b"\xff" * 4096)
    with pytest.raises(StoreError) as caught:
        restore(backup, tmp_path / "other", overwrite=True)
    assert caught.value.code == "store_damaged"
    with pytest.raises(Refused):
        restore(tmp_path / "nowhere", tmp_path / "other", overwrite=True)
    with SqliteStore(tmp_path / "other") as store:
        assert [row.id for row in store.find(DecisionRow)] == ["dec_2"]


def test_damaged_blobs_and_newer_backups_are_refused(tmp_path: Path, backup: Path):
    blob_of(backup).write_bytes(b"changed")
    with pytest.raises(StoreError) as caught:
        restore(backup, tmp_path / "new")
    assert caught.value.code == "blob_missing"
    newer = tmp_path / "newer"
    SqliteStore(newer, migrations=(*MIGRATIONS, lambda connection: None)).close()
    with pytest.raises(StoreError) as caught:
        restore(newer, tmp_path / "new")
    assert caught.value.code == "store_newer"
