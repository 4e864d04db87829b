"""Jobs: long work in child processes that can die at any moment and go on later.

A job is a row in the store. Whoever starts it holds a lease, which the child renews while it works,
and the result of every finished step is kept. When the child or the machine dies the lease runs
out, somebody else takes the job over, and the kept steps are not done again.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from plait.app.settings import Project, child_environment
from plait.core.context import Principal
from plait.core.errors import Cancelled, JobError, PlaitError, UnknownName, every_error
from plait.core.ids import Json, new_id
from plait.core.job import ENDED, JobSpec
from plait.core.privacy import Privacy
from plait.store.base import Store
from plait.store.fault import faults
from plait.store.record import JobRow

LEASE_SECONDS = 15.0
MAX_ATTEMPTS = 5
_POLL_SECONDS = 0.1
_WATCH_SECONDS = 1.0
_GRACE_SECONDS = 2.0

if sys.platform == "win32":
    _APART = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _APART = 0

log = logging.getLogger(__name__)


class Jobs:
    """Submits, runs, follows and cancels the jobs of one store."""

    def __init__(
        self, store: Store, project: Project, *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        """Work on the jobs of `store`; one whose owner was silent for `lease_seconds` is free."""
        self._store = store
        self._project = project
        self._lease_seconds = lease_seconds
        self._children: dict[str, _Child] = {}
        self._stop = Event()
        self._thread: Thread | None = None

    def submit(self, spec: JobSpec, principal: Principal) -> JobRow:
        """Queue a job, durably; an unfinished one of the same key is returned instead.

        One that was asked to stop is no such: its end is waited for.
        """
        now = time.time()
        row = JobRow(
            id=new_id("job"),
            tenant=principal.tenant,
            privacy=Privacy.INTERNAL,
            created=now,
            updated=now,
            key=spec.key,
            kind=spec.kind,
            arguments=spec.arguments,
        )
        while (found := self._store.job_submit(row)).cancel:
            for _ in self.run(found.id):
                pass
        return found

    def get(self, job: str, *, tenant: str | None = None) -> JobRow:
        """Return a job, of any tenant or of one.

        Raises:
            UnknownName: there is none of that id.
        """
        row = self._store.get(JobRow, job, tenant=tenant)
        if row is None:
            raise _unknown(job)
        return row

    def list(self, limit: int = 50, *, tenant: str | None = None) -> list[JobRow]:
        """Return the newest jobs, newest first, of every tenant or of one."""
        return self._store.find(JobRow, tenant=tenant, limit=limit)

    def unfinished(self) -> Sequence[JobRow]:
        """Return every job that has not ended, the oldest first."""
        found = self._store.find(JobRow, state="queued") + self._store.find(JobRow, state="running")
        return sorted(found, key=lambda row: row.created)

    def cancel(self, job: str) -> JobRow:
        """Ask a job to stop. A queued one ends at once, a running one at its next step.

        Raises:
            UnknownName: there is none of that id.
        """
        row = self._store.job_cancel(job)
        if row is None:
            raise _unknown(job)
        return row

    def run(self, job: str) -> Iterator[JobRow]:
        """Work on a job until it ends, yielding its row whenever it changes.

        The work is done in a child process. When somebody else holds the job it is only followed,
        and taken over when their lease runs out. Leaving the iterator lets the child go on.

        Raises:
            UnknownName: there is none of that id.
        """
        shown: JobRow | None = None
        while True:
            row = self.get(job)
            if row != shown:
                yield row
                shown = row
            if row.state in ENDED:
                break
            if not self._at_work(job) and _free(row, time.time()):
                self._start(job)
            time.sleep(_POLL_SECONDS)
        if job in self._children:
            self._children.pop(job).process.wait()

    def result(self, job: str, watch: Callable[[JobRow], None] | None = None) -> JobRow:
        """Work on a job until it is done and return its row.

        Ctrl-C cancels the job, unless another process works on it.

        Raises:
            PlaitError: the error that ended the job, or that it was cancelled.
        """
        row = self.get(job)
        try:
            for row in self.run(job):
                if watch is not None:
                    watch(row)
        except KeyboardInterrupt:
            if self._at_work(job):
                self.cancel(job)
            raise
        if row.state == "done":
            return row
        raise job_error(row)

    def watch(self) -> None:
        """Take up waiting and orphaned jobs in a thread, one at a time, until `close`."""
        self._thread = Thread(target=self._watch, name="plait-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take up no more jobs. Running children go on and end by themselves."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        for job, child in self._children.items():
            if self.get(job).state in ENDED:  # then the process is on its way out
                child.process.wait()

    def _watch(self) -> None:
        job = ""
        while not self._stop.wait(_WATCH_SECONDS):
            try:
                if not self._at_work(job):
                    job = self._start_next()
            except PlaitError as error:  # a busy store, a full disk: the next look comes soon
                log.warning("looking for jobs: %s", error)

    def _start_next(self) -> str:
        """Start the oldest job that nobody works on, and return its id; "" when there is none."""
        # a terminal that submitted a job starts it at once: leave it a moment to do so
        now = time.time()
        for row in self.unfinished():
            if _free(row, now) and row.created < now - _GRACE_SECONDS:
                self._start(row.id)
                return row.id
        return ""

    def _at_work(self, job: str) -> bool:
        """Tell whether a process of ours works on a job; if it died, the job is free at once."""
        child = self._children.get(job)
        if child is None:
            return False
        if child.process.poll() is None:
            return True
        self._store.job_renew(job, child.owner, 0.0)
        self._children.pop(job, None)
        return False

    def _start(self, job: str) -> None:
        """Claim a job and start its process, unless somebody else was faster, or it is lost.

        Whatever kills the process, even before it can say a word, the claim has been counted.
        """
        owner = new_id("owner")
        row = self._store.job_claim(owner, self._lease_seconds, job)
        if row is None:
            return
        if row.attempts > MAX_ATTEMPTS:
            lost = JobError(
                "job_lost",
                f"the process of job {job} died {MAX_ATTEMPTS} times at {row.step or 'its start'}",
                hint=f"what it said is in {log_file(self._project.store, job)}",
            )
            self._store.job_finish(job, owner, "failed", error=error_record(lost))
            return
        try:
            self._children[job] = _Child(self._spawn(job, owner), owner)
        except PlaitError:
            self._store.job_renew(job, owner, 0.0)  # nobody works on it
            raise

    def _spawn(self, job: str, owner: str) -> "subprocess.Popen[bytes]":
        project = self._project
        told = [project.file, project.store, job, owner, self._lease_seconds]
        # -P: a file in the caller's folder must not pass for a module of ours
        command = [sys.executable, "-P", "-m", "plait.app.job_child", *map(str, told)]
        said = log_file(project.store, job)
        with faults(project.store):
            said.parent.mkdir(exist_ok=True)
            stream = said.open("ab")
        with stream:
            try:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    env=child_environment(),
                    start_new_session=True,  # Ctrl-C in the terminal reaches us, not the child
                    creationflags=_APART,  # the same on Windows
                )
            except OSError as error:
                raise JobError(
                    "job_failed",
                    f"the process of job {job} cannot be started: {error.strerror}",
                    hint="try again when the machine has memory and processes to spare",
                ) from error


@dataclass(frozen=True, slots=True)
class _Child:
    """A process at work on a job.

    Attributes:
        process: of ours.
        owner: under which name it holds the lease.
    """

    process: "subprocess.Popen[bytes]"
    owner: str


def log_file(store: Path, job: str) -> Path:
    """Return where the processes of a job write what they have to say; only a failure stays."""
    return store / "logs" / f"{job}.log"


def error_record(error: PlaitError) -> dict[str, Json]:
    """Return an error as a job's row keeps it."""
    return {
        "code": error.code,
        "message": error.message,
        "where": error.where,
        "hint": error.hint,
    }


def job_error(row: JobRow) -> PlaitError:
    """Return the error that ended a job."""
    if not isinstance(row.error, dict):  # it was cancelled before anybody worked on it
        return Cancelled("cancelled", f"job {row.id} was cancelled")
    code, message, where, hint = (str(row.error[part]) for part in _PARTS)
    for kind in every_error():
        if code in kind.codes:
            return kind(code, message, where=where, hint=hint)
    return JobError("job_failed", f"{message} [{code}]", where=where, hint=hint)


_PARTS = ("code", "message", "where", "hint")


def _free(row: JobRow, now: float) -> bool:
    """Tell whether nobody works on a job."""
    return row.state == "queued" or (row.state == "running" and row.lease_until <= now)


def _unknown(job: str) -> UnknownName:
    return UnknownName("unknown_job", f"no job {job!r}", hint="`plait jobs` lists them")
