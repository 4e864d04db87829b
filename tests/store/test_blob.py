import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import StoreError
from plait.core.ids import sha256
from plait.store.blob import Blobs
from plait.store.sqlite import SqliteStore


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Blobs:
    folder = tmp_path_factory.mktemp("store")
    SqliteStore(folder).close()
    return Blobs(folder)


@given(st.binary(max_size=2000))
def test_any_bytes_come_back(blobs: Blobs, data: bytes):
    assert blobs.put(data) == sha256(data)
    assert blobs.path(sha256(data)).read_bytes() == data


def test_a_failed_put_leaves_nothing(store: SqliteStore, tmp_path: Path):
    with pytest.raises(StoreError, match="No such file"):
        store.blob_put(tmp_path / "nothing")
    assert not list((store._folder / "blobs").iterdir())


def test_left_overs_of_killed_processes_are_cleared(tmp_path: Path):
    SqliteStore(tmp_path).close()
    old, young = tmp_path / "blobs" / "new-old", tmp_path / "blobs" / "new-young"
    old.touch()
    young.touch()
    os.utime(old, (time.time() - 1e6,) * 2)
    SqliteStore(tmp_path).close()
    assert not old.exists()
    assert young.exists()
