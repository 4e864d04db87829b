"""Files by their content: the name is the SHA-256 of the bytes."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from plait.core.errors import StoreError
from plait.store.fault import faults

BLOBS = "blobs"
_FRESH = "new-"
_STALE_SECONDS = 86_400


class Blobs:
    """The files of a store. A file appears whole or not at all, and never changes."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._folder = store / BLOBS
        with faults(store):
            for left in self._folder.glob(f"{_FRESH}*"):  # by processes that were killed
                if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                    left.unlink(missing_ok=True)

    def put(self, data: bytes | Path) -> str:
        """Keep bytes, or a copy of a file; return the SHA-256. A damaged copy is mended."""
        fresh = self._folder / f"{_FRESH}{uuid4().hex}"
        with faults(self._store):
            try:
                with fresh.open("xb") as stream:
                    if isinstance(data, Path):
                        with data.open("rb") as source:
                            shutil.copyfileobj(source, stream, 1 << 20)
                    else:
                        stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                sha256 = _hash(fresh)
                target = self._place(sha256)
                target.parent.mkdir(exist_ok=True)
                os.replace(fresh, target)
                _sync_folder(target.parent)
                _sync_folder(self._folder)
            finally:
                fresh.unlink(missing_ok=True)
        return sha256

    def path(self, sha256: str) -> Path:
        """Return the file, after reading it whole.

        Raises:
            StoreError: `blob_missing`, it is not there or has other bytes.
        """
        path = self._place(sha256)
        with faults(self._store):
            there = path.is_file()
            if there and _hash(path) == sha256:
                return path
        raise StoreError(
            "blob_missing",
            f"the stored file {sha256[:12]} {'differs from its hash' if there else 'is missing'}",
            where=str(path),
            hint="train or pull again what it belongs to, or: plait store restore BACKUP",
        )

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of each file."""
        for path in self._folder.glob("??/*"):
            yield path.name

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
