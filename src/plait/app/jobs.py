"""Jobs: long work in child processes that can die at any moment and go on later.

A job is a row in the store. Whoever claims it holds a lease; its child process renews the lease
while it works, and keeps the result of every finished step. When the process or the machine dies
the lease runs out, another runner claims the job, and the kept steps are not done again.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Thread

from plait.app.settings import Project, child_environment
from plait.core.context import Principal
from plait.core.errors import JobError, PlaitError, UnknownName, every_error
from plait.core.ids import new_id
from plait.core.job import ENDED, JobSpec
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.record import JobRow

LEASE_SECONDS = 15.0
POLL_SECONDS = 0.1
MAX_ATTEMPTS = 5


class Jobs:
    """Submits, runs, follows and cancels the jobs of one store."""

    def __init__(self, store: Store, project: Project) -> None:
        self._store = store
        self._project = project
        self._stop = Event()
        self._thread: Thread | None = None

    def submit(self, spec: JobSpec, principal: Principal) -> JobRow:
        """Queue a job, durably; an unfinished one of the same key is returned instead."""
        now = time.time()
        return self._store.job_submit(
            JobRow(
                id=new_id("job"),
                tenant=principal.tenant,
                privacy=Privacy.INTERNAL,
                created=now,
                updated=now,
                key=spec.key,
                kind=spec.kind,
                arguments=spec.arguments,
            ),
        )

    def get(self, job: str) -> JobRow:
        """Return a job.

        Raises:
            UnknownName: there is none of that id.
        """
        row = self._store.get(JobRow, job)
        if row is None:
            raise UnknownName("unknown_job", f"no job {job!r}", hint="`plait jobs` lists them")
        return row

    def list(self, limit: int = 50) -> list[JobRow]:
        """Return the newest jobs, newest first."""
        return self._store.find(JobRow, limit=limit)

    def cancel(self, job: str) -> JobRow:
        """Ask a job to stop; a queued one ends at once, a running one at its next progress."""
        self.get(job)
        self._store.job_cancel(job)
        return self.get(job)

    def run(self, job: str) -> Iterator[JobRow]:
        """Work on a job until it ends, yielding its row whenever it changes.

        The work is done in a child process. When somebody else holds the job it is only followed,
        and taken over when their lease runs out. Leaving the iterator lets the child go on.
        """
        shown: JobRow | None = None
        child: subprocess.Popen[bytes] | None = None
        while True:
            row = self.get(job)
            if shown is None or row != replace(shown, lease_until=row.lease_until):
                yield row
                shown = row
            if row.state in ENDED:
                break
            idle = child is None or child.poll() is not None
            if idle and (row.state == "queued" or row.lease_until < time.time()):
                child = self._start(job)
            time.sleep(POLL_SECONDS)
        if child is not None:
            child.wait()

    def result(self, job: str, watch: Callable[[JobRow], None] | None = None) -> JobRow:
        """Work on a job until it is done and return its row.

        Raises:
            PlaitError: the error that ended the job, or that it was cancelled.
        """
        row = self.get(job)
        for row in self.run(job):
            if watch is not None:
                watch(row)
        if row.state == "done":
            return row
        raise job_error(row)

    def watch(self) -> None:
        """Take up queued and orphaned jobs in a thread, one at a time, until `close`."""
        self._thread = Thread(target=self._watch, name="plait-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take up no more jobs. Running children go on and end by themselves."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        child: subprocess.Popen[bytes] | None = None
        while not self._stop.wait(1.0):
            if child is not None and child.poll() is None:
                continue
            now = time.time()
            waiting = self._store.find(JobRow, state="queued")
            orphans = [
                row for row in self._store.find(JobRow, state="running") if row.lease_until < now
            ]
            # a terminal that submitted a job starts it at once: leave it a moment to do so
            ready = [row for row in waiting if row.created < now - 2.0] + orphans
            if ready:
                child = self._start(ready[-1].id)

    def _start(self, job: str) -> subprocess.Popen[bytes]:
        """Start a child that claims the job; when it cannot, it ends at once."""
        command = [sys.executable, "-m", "plait.app.job_child", str(self._project.folder), job]
        environment = {**child_environment(), "PLAIT_STORE": str(self._project.store)}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.isatty(2) else subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches us, not the child
        )


def job_error(row: JobRow) -> PlaitError:
    """Return the error that a job's row tells of."""
    told = row.error if isinstance(row.error, dict) else {}
    code = str(told.get("code", "job_failed"))
    for kind in every_error():
        if code in kind.codes:
            return kind(
                code,
                str(told.get("message", f"job {row.id} ended as {row.state}")),
                where=str(told.get("where", "")),
                hint=str(told.get("hint", "")),
            )
    return JobError("job_failed", f"job {row.id} ended as {row.state}: {told}")
