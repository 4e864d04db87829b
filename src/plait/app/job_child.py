"""The child process of a job: `python -m plait.app.job_child SETTINGS STORE JOB OWNER SECONDS`."""

import faulthandler
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias, cast

from plait.app.ingesting import ingest
from plait.app.jobs import error_record, log_file
from plait.app.lineage import Lineage
from plait.app.settings import Project, load_project
from plait.app.training import Ended, rerun, train
from plait.core.cancel import Cancel
from plait.core.errors import Cancelled, JobError, PlaitError, StoreError
from plait.core.ids import Json
from plait.core.job import ENDED, J, JobRun, Progress
from plait.store.base import Store
from plait.store.fault import faults
from plait.store.record import JobRow
from plait.store.sqlite import SqliteStore

log = logging.getLogger(__name__)

Kind: TypeAlias = Callable[[Store, Project, Mapping[str, Json], JobRun], Ended]
KINDS: Mapping[str, Kind] = {"train": train, "rerun": rerun, "ingest": ingest}

FOLDERS = "jobs"
PATIENCE_SECONDS = 20.0
"""How long work that was asked to stop may go on in silence."""

_TOLD_SECONDS = 0.1


class LeasedRun:
    """A leased job at work: keeps its steps, tells its progress, renews its lease in a thread."""

    def __init__(
        self,
        store: Store,
        job: str,
        owner: str,
        *,
        folder: Path,
        lease_seconds: float,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """Take up the job that `owner` holds; `folder` exists and is its own.

        Work that was asked to stop and has said nothing for a while hangs, in a plug-in's fit say:
        then `leave` ends the process.
        """
        self.folder = folder
        self.cancel = Cancel()
        self._store = store
        self._job = job
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._progress = Progress("starting")
        self._renew()
        self._kept = dict(store.steps(job))
        self._news = Event()
        self._closing = Event()
        self._leave = leave
        self._thread = Thread(target=self._renew_often, name="plait-lease", daemon=True)
        self._thread.start()

    def step(self, name: str, work: Callable[[], J]) -> J:
        """Do `work` once in the life of the job; see `plait.core.job.JobRun`."""
        self.cancel.check()
        if name in self._kept:
            return cast(J, self._kept[name])
        result = work()
        self.cancel.check()
        self._store.step_put(self._job, name, result)
        self._kept[name] = result
        return result

    def progress(self, progress: Progress) -> None:
        """Tell how far the work has come; written soon, at most ten times a second."""
        self.cancel.check()
        self._progress = progress
        self._news.set()

    def hold(self) -> None:
        """Make sure that the job is still this process's, and is wanted.

        Raises:
            Cancelled: another process has it, or somebody asked it to stop.
        """
        self._renew()
        self.cancel.check()

    def close(self) -> None:
        """Stop renewing the lease."""
        self._closing.set()
        self._news.set()
        self._thread.join()

    def _renew(self) -> None:
        lease = self._store.job_renew(self._job, self._owner, self._lease_seconds, self._progress)
        if lease == "lost":
            self.cancel.request("another process took the job over")
        elif lease == "cancel":
            self.cancel.request("somebody cancelled the job")

    def _renew_often(self) -> None:
        asked = float("inf")
        while True:
            self._news.wait(self._lease_seconds / 10)
            if self._closing.wait(_TOLD_SECONDS):
                return
            self._news.clear()
            try:
                self._renew()
            except PlaitError as error:  # a busy store: the lease outlives several tries
                log.warning("renewing the lease of %s: %s", self._job, error)
            if not self.cancel.requested:
                continue
            asked = min(asked, time.monotonic())
            if time.monotonic() > asked + PATIENCE_SECONDS:
                self._leave()
                return


def work(store: Store, job: JobRow, run: LeasedRun, settings: Path, said: Path) -> bool:
    """Do a leased job and end it; False when it was another process's to end.

    Args:
        store: of the project.
        job: its row.
        run: the same job, at work.
        settings: file of the project's settings.
        said: where an unexpected error's traceback will be found.
    """
    try:
        kind, project = _kind(job.kind), load_project(settings)
        with Lineage(store, job, project) as lineage:
            ended = kind(store, project, job.arguments, run)
            with store.transaction():  # all of it or nothing, and only if the job is still ours
                run.hold()
                ended.keep()
                lineage.result = ended.result
                return store.job_finish(job.id, job.owner, "done", result=ended.result)
    except Cancelled as error:
        return store.job_finish(job.id, job.owner, "cancelled", error=error_record(error))
    except PlaitError as error:
        return store.job_finish(job.id, job.owner, "failed", error=error_record(error))
    except MemoryError as error:
        hint = "give it more, or fewer rows or columns"
        full = JobError("job_failed", f"the memory ran out: {error}", hint=hint)
        return store.job_finish(job.id, job.owner, "failed", error=error_record(full))
    except Exception as error:
        log.exception("job %s", job.id)
        place = traceback.extract_tb(error.__traceback__)[-1]
        unexpected = JobError(
            "job_failed",
            f"unexpected {type(error).__name__}: {error}",
            where=f"{Path(place.filename).name}:{place.lineno}",
            hint=f"this is a fault of plait: please report it, with {said}",
        )
        return store.job_finish(job.id, job.owner, "failed", error=error_record(unexpected))


def _kind(name: str) -> Kind:
    if name not in KINDS:
        message = f"this plait does not know jobs of kind {name!r}"
        raise JobError("job_failed", message, hint="pip install --upgrade plait")
    return KINDS[name]


def take_folder(jobs: Path, owner: str) -> Path:
    """Return a folder for `owner` among the job's, with what an earlier owner left in its own.

    An earlier owner that is alive after all loses its folder, and cannot disturb the new one.
    """
    mine = jobs / owner
    jobs.mkdir(parents=True, exist_ok=True)
    for left in jobs.iterdir():
        left.rename(mine)
        return mine
    mine.mkdir()
    return mine


def _tidy(store: Store, place: Path, job_id: str) -> None:
    """Remove what ended jobs left, and the log of this one unless it tells of a failure."""
    for left in (place / FOLDERS).iterdir():
        row = store.get(JobRow, left.name)
        if row is None or row.state in ENDED:
            shutil.rmtree(left, ignore_errors=True)
    row, said = store.get(JobRow, job_id), log_file(place, job_id)
    failed = row is not None and row.state == "failed"
    if said.exists() and not (failed and said.stat().st_size):
        with suppress(PermissionError):  # Windows holds on to what is open
            said.unlink()


def _leave(store: Store, job: JobRow) -> None:
    """End a job whose work does not stop, and this process with it; what was kept stays."""
    reason = f"the work did not stop within {PATIENCE_SECONDS:.0f} s, and was ended"
    with suppress(PlaitError):  # it may be another process's by now
        stopped = Cancelled("cancelled", reason)
        store.job_finish(job.id, job.owner, "cancelled", error=error_record(stopped))
    os._exit(1)  # the thread that hangs would have to be waited for


def main(settings: str, folder: str, job_id: str, owner: str, lease_seconds: str) -> None:
    """Do the job that `owner` was given, with low priority; the arguments come as text."""
    faulthandler.enable()
    if sys.platform != "win32":
        os.nice(10)
    place = Path(folder)
    with SqliteStore(place) as store:
        job = store.get(JobRow, job_id)
        if job is None or job.owner != owner:
            return  # it took this process longer than the lease to start
        try:
            with faults(place):
                scratch = take_folder(place / FOLDERS / job_id, owner)
        except StoreError as error:  # a full or read-only disk: to try again would not mend it
            store.job_finish(job_id, owner, "failed", error=error_record(error))
            return
        tempfile.tempdir = str(scratch)  # whatever a killed process leaves goes with the job
        run = LeasedRun(
            store, job_id, owner,
            folder=scratch, lease_seconds=float(lease_seconds), leave=partial(_leave, store, job),
        )  # fmt: skip
        try:
            ended = work(store, job, run, Path(settings), log_file(place, job_id))
        finally:
            run.close()
        if ended:
            _tidy(store, place, job_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
