"""One guarded connection to the database of a store."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Literal, TypeAlias

import apsw

from plait.store.fault import faults

FILE = "plait.db"
BUSY_MILLISECONDS = 10_000
Value: TypeAlias = "int | float | str | bytes | None"
Values: TypeAlias = "tuple[Value, ...]"


def connect(folder: Path) -> apsw.Connection:
    """Return a connection to the database in `folder`, made empty if there is none."""
    connection = apsw.Connection(str(folder / FILE))
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    return connection


class Database:
    """A connection that one thread uses at a time.

    `FULL` syncs the write-ahead log at every commit: what is committed survives a power cut.
    `NORMAL` leaves that to the next checkpoint: what is committed survives the death of the
    process, and a power cut may take the last seconds.
    """

    def __init__(self, folder: Path, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        self.folder = folder
        self._lock = RLock()
        with faults(folder):
            self._connection = connect(folder)
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._connection.execute(f"PRAGMA synchronous = {synchronous}")

    @contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Hold the only right to write; commit at the end, or undo everything on an error.

        One within another is a part of it. An error that leaves the inner one must leave the outer
        one too.
        """
        with self._lock, faults(self.folder):
            within = self._connection.in_transaction  # this thread's, for it has the lock
            if within:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Values]:
        """Return the rows a query answers with."""
        with self._lock, faults(self.folder):
            return self._connection.execute(sql, values).fetchall()

    def copy_to(self, folder: Path) -> None:
        """Write the database, as it is at one moment, over the one in `folder`, in one step."""
        with self._lock, faults(folder):
            target = connect(folder)
            try:
                with target.backup("main", self._connection, "main") as backup:
                    backup.step()
            finally:
                target.close()

    def close(self) -> None:
        """Close the connection; the last one to close moves the log into the database."""
        with self._lock, faults(self.folder):
            self._connection.close()
