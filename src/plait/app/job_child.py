"""The child process of a job: `python -m plait.app.job_child PROJECT JOB`."""

import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

from plait.app.app import App
from plait.app.jobs import LEASE_SECONDS, MAX_ATTEMPTS
from plait.app.training import rerun, train
from plait.core.cancel import Cancel
from plait.core.errors import Cancelled, JobError, PlaitError
from plait.core.ids import Json
from plait.core.job import J, JobRun, Progress
from plait.store.base import Store
from plait.store.record import JobRow

log = logging.getLogger(__name__)


def _train(app: App, arguments: Mapping[str, Json], run: JobRun) -> Json:
    contract = app.contract(str(arguments["contract"]))
    return train(app.store, app.project.folder, contract, arguments, run)


def _rerun(app: App, arguments: Mapping[str, Json], run: JobRun) -> Json:
    return rerun(app.store, arguments, run)


KINDS: Mapping[str, Callable[[App, Mapping[str, Json], JobRun], Json]] = {
    "train": _train,
    "rerun": _rerun,
}


class LeasedRun:
    """A claimed job at work: keeps its steps, tells its progress, renews its lease."""

    def __init__(self, store: Store, job: JobRow, owner: str, folder: Path) -> None:
        self.folder = folder
        self.cancel = Cancel()
        self._store = store
        self._job = job
        self._owner = owner
        self._kept = dict(store.steps(job.id))
        self._progress = Progress("starting")
        self._told = 0.0
        self._done = Event()
        self._thread = Thread(target=self._renew_often, name="plait-lease", daemon=True)
        self._thread.start()

    def step(self, name: str, work: Callable[[], J]) -> J:
        """Do `work` once in the life of the job; see `plait.core.job.JobRun`."""
        self.cancel.check()
        if name in self._kept:
            kept: J = self._kept[name]  # type: ignore[assignment]  # what `work` returned before
            return kept
        result = work()
        self.cancel.check()
        self._store.step_put(self._job.id, name, result)
        self._kept[name] = result
        return result

    def progress(self, progress: Progress) -> None:
        """Tell how far the work has come, at most ten times a second."""
        self.cancel.check()
        self._progress = progress
        if time.monotonic() - self._told > 0.1:
            self._renew()

    def close(self) -> None:
        """Stop renewing the lease."""
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        self._told = time.monotonic()
        state = self._store.job_renew(
            self._job.id, self._owner, seconds=LEASE_SECONDS, progress=self._progress
        )
        if state == "lost":
            self.cancel.request("another process took the job over")
        elif state == "cancel":
            self.cancel.request("somebody cancelled the job")

    def _renew_often(self) -> None:
        while not self._done.wait(LEASE_SECONDS / 10):
            try:
                self._renew()
            except PlaitError as error:  # a busy store: the lease outlives several tries
                log.warning("renewing the lease of %s: %s", self._job.id, error)


def work(app: App, job_id: str) -> int:
    """Claim one job and do it; return the exit status."""
    owner = f"{os.getpid()}@{time.time():.3f}"
    job = app.store.job_claim(owner, seconds=LEASE_SECONDS, job_id=job_id)
    if job is None:
        return 0  # somebody else has it, or it has ended
    if job.attempts > MAX_ATTEMPTS:
        lost = JobError(
            "job_lost", f"job {job.id} died {MAX_ATTEMPTS} times", hint="`plait jobs` shows where"
        )
        app.store.job_finish(job.id, owner, "failed", error=_told(lost))
        return 1
    run = LeasedRun(app.store, job, owner, app.project.store / "jobs" / job.id)
    try:
        result = KINDS[job.kind](app, job.arguments, run)
        app.store.job_finish(job.id, owner, "done", result=result)
        return 0
    except Cancelled as error:
        app.store.job_finish(job.id, owner, "cancelled", error=_told(error))
    except PlaitError as error:
        app.store.job_finish(job.id, owner, "failed", error=_told(error))
    except Exception as error:
        log.exception("job %s", job.id)
        place = traceback.extract_tb(error.__traceback__)[-1]
        unexpected = JobError(
            "job_failed",
            f"unexpected {type(error).__name__}: {error}",
            where=f"{Path(place.filename).name}:{place.lineno}",
            hint="this is a fault of plait: please report it",
        )
        app.store.job_finish(job.id, owner, "failed", error=_told(unexpected))
    finally:
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)
    return 1


def _told(error: PlaitError) -> dict[str, Json]:
    return {
        "code": error.code,
        "message": error.message,
        "where": error.where,
        "hint": error.hint,
    }


def main() -> int:
    """Run the job named on the command line, with low priority."""
    if sys.platform != "win32":
        os.nice(10)
    with App.open(Path(sys.argv[1])) as app:
        return work(app, sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
