"""One server per store: a lock that dies with the process that holds it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plait.core.errors import StoreError
from plait.store.fault import faults

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILE = "serve.lock"
_FAR = 1 << 30  # the byte that is locked, beyond the pid, which others must be able to read


class ServeLock:
    """The right to serve the store in a folder. Held until `close` or the end of the process.

    Writers beside a server, such as `plait train`, need no lock.
    """

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            StoreError: `store_in_use`, naming the process that holds it.
        """
        with faults(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._file)
        except OSError:
            holder = os.read(self._file, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreError(
                "store_in_use",
                f"process {holder} serves this store already",
                where=str(folder),
                hint="stop it, or serve another project; several servers need another store",
            ) from None
        os.truncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._file)

    def __enter__(self) -> "ServeLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Try to take the lock of a file, which is made, and yield whether it is ours until the end."""
    with faults(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            _lock(file)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _lock(file: int) -> None:
    if sys.platform == "win32":
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
