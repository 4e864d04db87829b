"""The store in one folder: SQLite for rows, files for blobs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import apsw

from plait.core.clock import SYSTEM_CLOCK, Clock
from plait.core.decision import Role
from plait.core.errors import StoreError
from plait.core.ids import Json
from plait.core.job import JobState, Progress
from plait.store.audit import Audit
from plait.store.backup import write_backup
from plait.store.base import Lease, Match
from plait.store.blob import Blobs
from plait.store.database import Database, Value
from plait.store.document import SqliteDocuments
from plait.store.job import Jobs
from plait.store.mapper import load, table
from plait.store.migration import migrate
from plait.store.record import (
    AuditRow,
    CollectionRow,
    Immutable,
    JobRow,
    KeyRow,
    R,
    ReleaseRow,
    Replaceable,
    RequestRow,
)
from plait.store.schema import MIGRATIONS, Migration
from plait.store.writer import Writer


class SqliteStore:
    """A store in one folder; what each verb does is said at `plait.store.base.Store`.

    Three connections: one writes durably, one reads and never waits for a writer, one belongs to
    the write-behind queue.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock = SYSTEM_CLOCK,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        """Open the store in `folder`; make or migrate it when need be.

        Raises:
            StoreError: the folder cannot be used, or holds a damaged or a newer store.
        """
        migrate(folder, migrations)
        self._folder = folder
        self._database = Database(folder)
        self._reader = Database(folder)
        self._writer = Writer(Database(folder, "NORMAL"))
        self._blobs = Blobs(folder)
        self._jobs = Jobs(self._database, clock)
        self._audit = Audit(self._database, clock)
        self.documents = SqliteDocuments(self._database, self._reader)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything that is written within, or nothing; see `Store.transaction`."""
        with self._database.transaction():
            yield

    # rows

    def put(self, *rows: Immutable | Replaceable) -> None:
        """Keep all of `rows` or none; see `Store.put`."""
        with self._database.transaction() as connection:
            for row in rows:
                if isinstance(row, KeyRow | CollectionRow):
                    _put_replaceable(connection, row)
                else:
                    _put_immutable(connection, row)

    def get(self, kind: type[R], row_id: str, /, *, tenant: str | None = None) -> R | None:
        """Return the row of that id; see `Store.get`."""
        found = self.find(kind, tenant=tenant, limit=1, id=row_id)
        return found[0] if found else None

    def find(
        self,
        kind: type[R],
        /,
        *,
        tenant: str | None = None,
        before: float | None = None,
        limit: int | None = None,
        **equals: Match,
    ) -> list[R]:
        """Return rows, newest first; see `Store.find`."""
        if kind is RequestRow and self._writer.pending:
            self._writer.flush()
        rows = table(kind)
        wanted: dict[str, Value] = {}
        for name, value in equals.items():
            if name not in rows.columns:
                raise TypeError(f"{kind.__name__} has no field {name!r}")
            wanted[f"{name} IS ?"] = value
        if tenant is not None:
            wanted["tenant = ?"] = tenant
        if before is not None:
            wanted["created < ?"] = before
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        most = -1 if limit is None else limit
        sql = f"{rows.select} {where} {rows.order} LIMIT ?"
        return [rows.row(each) for each in self._reader.rows(sql, (*wanted.values(), most))]

    # blobs

    def blob_put(self, data: bytes | Path) -> str:
        """Keep bytes or a file; return the SHA-256."""
        return self._blobs.put(data)

    def blob_path(self, sha256: str) -> Path:
        """Return the verified file of that hash."""
        return self._blobs.path(sha256)

    def blob_open(self, sha256: str) -> BinaryIO:
        """Return the verified bytes of that hash as a stream."""
        return self._blobs.path(sha256).open("rb")

    # releases

    def release(self, row: ReleaseRow) -> int:
        """Append a release; return its number."""
        rows = table(ReleaseRow)
        with self._database.transaction() as connection:
            connection.execute(rows.insert, (None, *rows.values(row)[1:]))  # seq is assigned
            return connection.last_insert_rowid()

    def releases(self) -> Mapping[tuple[str, Role], ReleaseRow]:
        """Return what is in force by contract and role."""
        rows = table(ReleaseRow)
        newest = "WHERE seq IN (SELECT max(seq) FROM release GROUP BY contract, role)"
        found = map(rows.row, self._reader.rows(f"{rows.select} {newest}"))
        return {(row.contract, row.role): row for row in found}

    def change_counter(self) -> int:
        """Return the number that grows with every release and key."""
        return int(self._reader.rows("SELECT counter FROM change")[0][0] or 0)

    # requests

    def record(self, row: RequestRow) -> None:
        """Keep the record of a request soon."""
        self._writer.record(row)

    def flush(self) -> None:
        """Wait until every recorded request is written."""
        self._writer.flush()

    @property
    def pending(self) -> int:
        """Requests recorded and not yet written."""
        return self._writer.pending

    @property
    def dropped(self) -> int:
        """Requests whose content was dropped."""
        return self._writer.dropped

    # jobs

    def job_submit(self, row: JobRow, *, once: bool = False) -> JobRow:
        """Queue a job, or return the one that makes it needless."""
        return self._jobs.submit(row, once)

    def job_claim(self, owner: str, seconds: float, job_id: str = "") -> JobRow | None:
        """Lease a job that is free."""
        return self._jobs.claim(owner, seconds, job_id)

    def job_renew(
        self, job_id: str, owner: str, seconds: float, progress: Progress | None = None
    ) -> Lease:
        """Hold on to a job and tell its progress."""
        return self._jobs.renew(job_id, owner, seconds, progress)

    def job_finish(
        self, job_id: str, owner: str, state: JobState, result: Json = None, error: Json = None
    ) -> bool:
        """End a job that is held."""
        return self._jobs.finish(job_id, owner, state, result, error)

    def job_cancel(self, job_id: str) -> JobRow | None:
        """Ask a job to stop."""
        return self._jobs.cancel(job_id)

    def step_put(self, job_id: str, name: str, result: Json) -> None:
        """Keep the result of a step."""
        self._jobs.step_put(job_id, name, result)

    def steps(self, job_id: str) -> dict[str, Json]:
        """Return the kept results of a job's steps."""
        return self._jobs.steps(job_id)

    # audit

    def audit(
        self,
        actor: str,
        action: str,
        target: str,
        details: Mapping[str, Json],
        tenant: str = "default",
    ) -> AuditRow:
        """Append to the audit chain."""
        return self._audit.append(actor, action, target, details, tenant)

    def audit_check(self) -> int | None:
        """Return the number of the first broken link, or None."""
        return self._audit.check()

    # the whole

    def backup(self, target: Path) -> None:
        """Write everything to a new folder."""
        self._writer.flush()
        write_backup(self._reader, target)

    def close(self) -> None:
        """Write what is pending and let go of every file."""
        try:
            self._writer.close()
        finally:
            self._reader.close()
            self._database.close()

    def __enter__(self) -> "SqliteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _put_replaceable(connection: apsw.Connection, row: Replaceable) -> None:
    rows = table(type(row))
    changes = ", ".join(f"{name} = excluded.{name}" for name in rows.columns if name != "id")
    connection.execute(f"{rows.insert} ON CONFLICT (id) DO UPDATE SET {changes}", rows.values(row))


def _put_immutable(connection: apsw.Connection, row: Immutable) -> None:
    rows = table(type(row))
    values = rows.values(row)
    connection.execute(f"{rows.insert} ON CONFLICT DO NOTHING", values)
    if connection.changes():
        return
    same = connection.execute(f"{rows.select} WHERE id = ? AND tenant = ?", (row.id, row.tenant))
    kept = rows.row(same.fetchall()[0])
    if kept.body != load(values[rows.columns.index("body")]):
        raise StoreError(
            "store_conflict",
            f"{row.id} is kept already, with another content",
            hint="an id is a hash of what it names: this row was changed after it was named",
        )
