"""Brings a store's database to the version of this code, or refuses to touch it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import apsw

from plait.core.errors import StoreError
from plait.core.ids import new_id
from plait.store.blob import BLOBS
from plait.store.database import FILE, Database, connect
from plait.store.fault import damaged, faults
from plait.store.schema import APPLICATION_ID, MIGRATIONS, Migration

BACKUPS = "backups"


def migrate(folder: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make the store in `folder`, or apply what it lacks, all in one transaction.

    A process killed within leaves the version before. An existing database is copied to
    `backups/` first.

    Raises:
        StoreError: `store_newer`, or `store_damaged`; neither changes the file.
    """
    with faults(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # what people sent lies here
        file = folder / FILE
        # the blobs' folder is made last, so beside it an empty database is a lost one
        if (folder / BLOBS).exists() and not (file.exists() and file.stat().st_size):
            raise damaged(folder, f"{FILE} is missing or empty")
        connection = connect(folder)
        try:
            if version_of(connection, folder, len(migrations)) < len(migrations):
                connection.execute("PRAGMA journal_mode = WAL")
                _apply(connection, folder, migrations)
        finally:
            connection.close()
        (folder / BLOBS).mkdir(exist_ok=True)


def version_of(connection: apsw.Connection, folder: Path, newest: int) -> int:
    """Return how many migrations the database has; 0 when it is empty.

    Raises:
        StoreError: it is not plait's, or has more than `newest`.
    """
    version = int(connection.pragma("user_version"))
    tables = connection.execute("SELECT count(*) FROM sqlite_master").get
    if tables and connection.pragma("application_id") != APPLICATION_ID:
        raise damaged(folder, f"{FILE} is a database, but not one of plait's")
    if version > newest:
        raise StoreError(
            "store_newer",
            f"the store has version {version}, this plait knows {newest}",
            where=str(folder),
            hint="upgrade plait: pip install --upgrade plait",
        )
    return version


def keep_copy(folder: Path, label: str) -> None:
    """Copy the database in `folder` to a new folder among its backups."""
    kept = folder / BACKUPS / new_id(label)
    fresh = kept.with_name(f"{kept.name}.partial")
    fresh.mkdir(parents=True)
    database = Database(folder)
    try:
        database.copy_to(fresh)
        fresh.rename(kept)
    finally:
        database.close()
        shutil.rmtree(fresh, ignore_errors=True)


def _apply(connection: apsw.Connection, folder: Path, migrations: Sequence[Migration]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = int(connection.pragma("user_version"))  # another process may have been faster
        if 0 < version < len(migrations):
            keep_copy(folder, f"v{version}")
        for migration in migrations[version:]:
            migration(connection)
        connection.execute(f"PRAGMA user_version = {max(version, len(migrations))}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
