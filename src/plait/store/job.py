"""Leased jobs and their kept steps, in SQL."""

import apsw

from plait.core.clock import Clock
from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.core.job import JobState, Progress
from plait.store.base import Lease
from plait.store.database import Database
from plait.store.mapper import dump, load, table
from plait.store.record import JobRow

_JOB = table(JobRow)


class Jobs:
    """The jobs of a store; the verbs are those of `plait.store.base.Store`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def submit(self, row: JobRow, once: bool) -> JobRow:
        """See `Store.job_submit`."""
        ended = "('failed', 'cancelled')" if once else "('failed', 'cancelled', 'done')"
        same = f"WHERE tenant = ? AND kind = ? AND key = ? AND state NOT IN {ended}"
        with self._database.transaction() as connection:
            found = connection.execute(
                f"{_JOB.select} {same} {_JOB.order} LIMIT 1", (row.tenant, row.kind, row.key)
            ).fetchall()
            if found:
                return _JOB.row(found[0])
            connection.execute(_JOB.insert, _JOB.values(row))
        return row

    def claim(self, owner: str, seconds: float, job_id: str) -> JobRow | None:
        """See `Store.job_claim`."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            # a dead owner cannot hear that it should stop: its job ends here
            connection.execute(
                "UPDATE job SET state = 'cancelled', updated = ?"
                " WHERE state = 'running' AND cancel AND lease_until <= ?",
                (now, now),
            )
            found = connection.execute(
                "UPDATE job SET state = 'running', owner = ?, lease_until = ?, updated = ?,"
                " attempts = attempts + 1 WHERE id = (SELECT id FROM job WHERE ? IN ('', id)"
                " AND (state = 'queued' OR (state = 'running' AND lease_until <= ?))"
                " ORDER BY created, rowid LIMIT 1) RETURNING id",
                (owner, now + seconds, now, job_id, now),
            ).fetchall()
            return _get(connection, str(found[0][0])) if found else None

    def renew(self, job_id: str, owner: str, seconds: float, progress: Progress | None) -> Lease:
        """See `Store.job_renew`."""
        now = self._clock.now()
        told = (None,) * 3 if progress is None else (progress.step, progress.done, progress.total)
        with self._database.transaction() as connection:
            found = connection.execute(
                "UPDATE job SET lease_until = ?, updated = ?, step = coalesce(?, step),"
                " done = coalesce(?, done), total = coalesce(?, total)"
                " WHERE id = ? AND owner = ? AND state = 'running' RETURNING cancel",
                (now + seconds, now, *told, job_id, owner),
            ).fetchall()
        if not found:
            return "lost"
        return "cancel" if found[0][0] else "held"

    def finish(self, job_id: str, owner: str, state: JobState, result: Json, error: Json) -> bool:
        """See `Store.job_finish`."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE job SET state = ?, result = ?, error = ?, updated = ?"
                " WHERE id = ? AND owner = ? AND state = 'running'",
                (state, dump(result), dump(error), self._clock.now(), job_id, owner),
            )
            ended = connection.changes() == 1
            if ended:  # nobody goes on with it: its steps, which may tell of rows, go
                connection.execute("DELETE FROM step WHERE job = ?", (job_id,))
            return ended

    def cancel(self, job_id: str) -> JobRow | None:
        """See `Store.job_cancel`."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE job SET cancel = 1, updated = ?, state = CASE"
                " WHEN state = 'queued' OR lease_until <= ? THEN 'cancelled' ELSE state END"
                " WHERE id = ? AND state IN ('queued', 'running')",
                (now, now, job_id),
            )
            return _get(connection, job_id)

    def step_put(self, job_id: str, name: str, result: Json) -> None:
        """See `Store.step_put`. A step belongs to whom its job belongs."""
        with self._database.transaction() as connection:
            if not connection.execute("SELECT 1 FROM job WHERE id = ?", (job_id,)).fetchall():
                raise UnknownName(
                    "unknown_job", f"no job {job_id!r}", hint="`plait jobs` lists them"
                )
            connection.execute(
                "INSERT OR IGNORE INTO step SELECT id, ?, tenant, subject, privacy, ?, ?"
                " FROM job WHERE id = ?",
                (name, self._clock.now(), dump(result), job_id),
            )
            if connection.changes():  # it gets somewhere: only deaths in one place are counted
                connection.execute("UPDATE job SET attempts = 0 WHERE id = ?", (job_id,))

    def steps(self, job_id: str) -> dict[str, Json]:
        """See `Store.steps`."""
        found = self._database.rows(
            "SELECT name, result FROM step WHERE job = ? ORDER BY rowid", (job_id,)
        )
        return {str(name): load(result) for name, result in found}


def _get(connection: apsw.Connection, job_id: str) -> JobRow | None:
    found = connection.execute(f"{_JOB.select} WHERE id = ?", (job_id,)).fetchall()
    return _JOB.row(found[0]) if found else None
