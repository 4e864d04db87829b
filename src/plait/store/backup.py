"""Writing the whole store to another folder, and bringing it back.

A backup is itself a store: the database and the blobs.
"""

import shutil
from pathlib import Path

from plait.core.errors import InvalidSettings, Refused, StoreError
from plait.core.ids import new_id
from plait.store.blob import BLOBS, Blobs
from plait.store.database import FILE, Database, connect
from plait.store.fault import damaged, faults
from plait.store.lock import ServeLock
from plait.store.migration import BACKUPS, keep_copy, version_of
from plait.store.schema import MIGRATIONS

# every blob that a row names: datasets, and the files in artefacts' manifests
_NAMED = """
SELECT blob FROM dataset
UNION SELECT json_extract(file.value, '$.sha256') FROM artefact, json_each(body, '$.files') file
"""


def write_backup(database: Database, target: Path) -> None:
    """Write what `database` holds at this moment, and the blobs beside it, to `target`.

    Raises:
        InvalidSettings: `folder_in_use`, the target exists and is not an empty folder.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InvalidSettings(
            "folder_in_use", "the target exists", where=str(target), hint="name a new folder"
        )
    target = target.resolve()  # "." has no name
    fresh = target.with_name(f"{target.name}.partial")
    with faults(target):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)  # as private as the store
        database.copy_to(fresh)  # rows first: a blob is there before the row that names it
        shutil.copytree(
            database.folder / BLOBS, fresh / BLOBS, ignore=shutil.ignore_patterns("new-*")
        )
        fresh.replace(target)


def restore(backup: Path, folder: Path, *, overwrite: bool = False) -> None:
    """Bring the store in `folder` back to what `backup` holds.

    The backup is verified first. The database is replaced in one transaction; the one before is
    kept among the store's `backups`.

    Raises:
        Refused: `restore_refused`: there is a store and `overwrite` is not set, or the backup is
            none, or lacks files that its rows name.
        StoreError: the backup is damaged or newer, or a server uses the store.
    """
    if not (backup / FILE).is_file():
        raise Refused(
            "restore_refused",
            f"there is no {FILE} in it",
            where=str(backup),
            hint="name a folder that `plait store backup` wrote",
        )
    if (folder / FILE).exists() and not overwrite:
        raise Refused(
            "restore_refused",
            "there is a store already",
            where=str(folder),
            hint="say --overwrite to replace it; it is kept among its backups",
        )
    _verify(backup)
    source = Database(backup)
    try:
        with ServeLock(folder), faults(folder):
            (folder / BLOBS).mkdir(exist_ok=True)
            _bring_blobs(source, folder)
            _set_aside(folder)
            source.copy_to(folder)
    finally:
        source.close()


def _verify(backup: Path) -> None:
    with faults(backup):
        connection = connect(backup)
        try:
            version_of(connection, backup, len(MIGRATIONS))
            if connection.pragma("integrity_check") != "ok":
                raise damaged(backup, "the backup is damaged")
        finally:
            connection.close()


def _bring_blobs(source: Database, folder: Path) -> None:
    brought, blobs = Blobs(source.folder), Blobs(folder)
    for sha256 in brought.names():
        blobs.put(brought.path(sha256))  # raises when the bytes are not those of the name
    lacking = {str(row[0]) for row in source.rows(_NAMED)}.difference(blobs.names())
    if lacking:
        raise Refused(
            "restore_refused",
            f"{len(lacking)} files that its rows name are missing, such as {min(lacking)[:12]}",
            where=str(source.folder),
            hint="use another backup",
        )


def _set_aside(folder: Path) -> None:
    """Keep the database that is about to be replaced, even when it is damaged."""
    if not (folder / FILE).exists():
        return
    try:
        keep_copy(folder, "replaced")
    except StoreError as error:
        if error.code != "store_damaged":
            raise
        kept = folder / BACKUPS / new_id("damaged")
        kept.mkdir(parents=True)
        for file in folder.glob(f"{FILE}*"):
            file.rename(kept / file.name)
