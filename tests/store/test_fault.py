import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from plait.core.errors import StoreError
from plait.store import database
from plait.store.fault import faults
from plait.store.record import DecisionRow
from plait.store.sqlite import SqliteStore


def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """Mount something on `folder`; only the superuser may, and nothing else is a full disk."""
    folder.mkdir()
    try:
        subprocess.run(["mount", *arguments, str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a full or read-only disk is mounted, and only the superuser may")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "tiny", "-t", "tmpfs", "-o", "size=400k", "tmpfs")


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    SqliteStore(tmp_path / "origin" / "store").close()
    for folder in mounted(tmp_path / "frozen", "--bind", str(tmp_path / "origin")):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield folder


def fill(store: SqliteStore, decision) -> int:
    """Put rows until the store refuses; return how many it took."""
    kept, refusal = 0, None
    while refusal is None:
        try:
            store.put(decision(f"dec_{kept}", pad="x" * 5000))
            kept += 1
        except StoreError as error:
            refusal = error
    assert refusal.code == "store_full"
    assert "\n" not in str(refusal)
    return kept


def test_full_disk(tiny: Path, decision):
    with SqliteStore(tiny / "store") as store:
        kept = fill(store, decision)
        with pytest.raises(StoreError) as caught:
            store.blob_put(b"x" * 500_000)
        assert caught.value.code == "store_full"
        assert len(store.find(DecisionRow)) == kept > 0
        assert not list((tiny / "store" / "blobs").iterdir())


def test_full_database(tmp_path: Path, decision, monkeypatch: pytest.MonkeyPatch):
    def small(folder: Path) -> apsw.Connection:
        connection = connect(folder)
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    connect = database.connect
    monkeypatch.setattr(database, "connect", small)
    with SqliteStore(tmp_path) as store:
        assert len(store.find(DecisionRow)) == 0
        kept = fill(store, decision)
        assert len(store.find(DecisionRow)) == kept > 0


def test_read_only_disk(frozen: Path):
    for folder in (frozen / "store", frozen / "new"):
        with pytest.raises(StoreError) as caught, SqliteStore(folder) as store:
            store.audit("me", "look", "it", {})
        assert caught.value.code == "store_read_only"


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (apsw.BusyError("database is locked"), "store_busy"),
        (apsw.LockedError("table is locked"), "store_busy"),
        (apsw.CorruptError("malformed"), "store_damaged"),
        (apsw.NotADBError("not a database"), "store_damaged"),
        (apsw.FullError("full"), "store_full"),
        (OSError(errno.ENOSPC, "no space"), "store_full"),
        (apsw.ReadOnlyError("readonly"), "store_read_only"),
        (OSError(errno.EROFS, "read-only"), "store_read_only"),
        (PermissionError(errno.EACCES, "denied"), "store_read_only"),
        (apsw.CantOpenError("cannot open"), "store_unreachable"),
        (apsw.IOError("disk I/O error"), "store_unreachable"),
        (OSError(errno.EIO, "I/O"), "store_unreachable"),
    ],
)
def test_each_fault_has_a_code(tmp_path: Path, raised: Exception, code: str):
    with pytest.raises(StoreError) as caught, faults(tmp_path):
        raise raised
    assert caught.value.code == code
    assert caught.value.hint
    assert caught.value.where == str(tmp_path)


def test_our_own_mistakes_stay_what_they_are(tmp_path: Path):
    with pytest.raises(apsw.SQLError), faults(tmp_path):
        raise apsw.SQLError("no such column")
