"""What can go wrong on a disk, as one kind of error that says what to do."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from plait.core.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def faults(folder: Path) -> Iterator[None]:
    """Raise a `StoreError` about the store in `folder` for what SQLite or the disk raise within."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        found = _fault(error, folder)
        if found is None:  # a mistake of ours, not of the disk
            raise
        raise found from error


def damaged(folder: Path, message: str) -> StoreError:
    """Return the error of a store that has lost its content."""
    return StoreError(
        "store_damaged",
        message,
        where=str(folder),
        hint="bring back a backup: plait store restore BACKUP",
    )


def _fault(error: apsw.Error | OSError, folder: Path) -> StoreError | None:
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return damaged(folder, f"the database is damaged: {error}")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreError(
            "store_busy",
            "another process held the store for more than 10 s",
            where=str(folder),
            hint="try again when it is done",
        )
    if isinstance(error, apsw.FullError) or number in _FULL:
        return StoreError(
            "store_full", "the disk is full", where=str(folder), hint="free some space, try again"
        )
    refused = isinstance(error, apsw.CantOpenError) and not os.access(folder, os.W_OK)
    if isinstance(error, apsw.ReadOnlyError) or number in _READ_ONLY or refused:
        return StoreError(
            "store_read_only",
            "the store cannot be written",
            where=str(folder),
            hint="make the folder writable, or name another with `store:` in plait.yaml",
        )
    if isinstance(error, apsw.CantOpenError | apsw.IOError | OSError):
        return StoreError(
            "store_unreachable",
            f"the store cannot be reached: {error}",
            where=str(folder),
            hint="check that the disk is mounted and the folder is what you meant",
        )
    return None
