import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from plait.app.jobs import MAX_ATTEMPTS, Jobs, error_record, job_error, log_file
from plait.app.settings import load_project
from plait.core.context import LOCAL
from plait.core.errors import (
    Cancelled,
    InvalidData,
    InvalidSettings,
    JobError,
    StoreError,
    UnknownName,
)
from plait.core.job import ENDED, JobSpec
from plait.store.record import DecisionRow, JobRow
from plait.store.sqlite import SqliteStore


@pytest.fixture
def store(project):
    with SqliteStore(project.store) as opened:
        yield opened


@pytest.fixture
def jobs(store, project):
    found = Jobs(store, project)
    yield found
    found.close()


@pytest.fixture
def spec():
    arguments = {"contract": "repaid", "add": [], "seed": 0, "release": True, "by": "local"}
    return JobSpec(kind="train", arguments=arguments)


@pytest.fixture
def broken(folder: Path, spec):
    """A job that fails as soon as it reads its data."""
    (folder / "loans.csv").unlink()
    return spec


@pytest.fixture
def dying(tmp_path: Path, monkeypatch):
    """A Python that says a word and dies, whatever it is asked to run."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def ended(jobs: Jobs, job: str, seconds: float = 20.0) -> JobRow:
    """Wait until a job has ended."""
    end = time.monotonic() + seconds
    while (row := jobs.get(job)).state not in ENDED:
        assert time.monotonic() < end, row
        time.sleep(0.02)
    return row


def test_the_same_wish_is_one_job_until_it_has_ended(jobs, spec):
    first = jobs.submit(spec, LOCAL)
    assert jobs.submit(spec, LOCAL) == first
    other = jobs.submit(JobSpec(kind="train", arguments={**spec.arguments, "seed": 1}), LOCAL)
    assert other.id != first.id
    jobs.cancel(first.id)
    assert jobs.submit(spec, LOCAL).id not in (first.id, other.id)


def test_jobs_are_listed_newest_first_and_unfinished_ones_oldest_first(jobs, spec):
    rows = [jobs.submit(replace(spec, nonce=str(number)), LOCAL) for number in range(3)]
    assert jobs.list() == rows[::-1]
    assert jobs.list(limit=1) == rows[2:]
    jobs.cancel(rows[1].id)
    assert jobs.unfinished() == [rows[0], rows[2]]


def test_an_unknown_job_is_named(jobs):
    for call in (jobs.get, jobs.cancel, jobs.result):
        with pytest.raises(UnknownName, match="no job 'job_9'"):
            call("job_9")


def test_a_job_is_done_in_a_process_and_tells_how_far_it_is(jobs, store, project, spec):
    seen = []
    row = jobs.result(jobs.submit(spec, LOCAL).id, seen.append)
    assert row.state == "done"
    assert (row.done, row.total) == (row.total, 22)
    assert row.result == {"decision": store.find(DecisionRow)[0].id}
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert {"queued", "running", "done"} == {each.state for each in seen}
    assert seen[-1] == row
    assert list((project.store / "jobs").iterdir()) == []
    assert not log_file(project.store, row.id).exists()


def test_the_error_that_ends_a_job_comes_through_whole(folder, store, spec, monkeypatch):
    # the settings may bear another name, and a file in the folder one happens to stand in must not
    # be taken for a module of ours
    (folder / "plait.yaml").rename(folder / "other.yaml")
    (folder / "statistics.py").write_text("raise SystemExit('not this one')")
    (folder / "loans.csv").unlink()
    monkeypatch.chdir(folder)
    jobs = Jobs(store, load_project(Path("other.yaml")))
    job = jobs.submit(spec, LOCAL)
    with pytest.raises(InvalidData, match=r"loans\.csv") as raised:
        jobs.result(job.id)
    assert raised.value.code == "data_missing"
    assert raised.value.hint
    assert jobs.get(job.id).attempts == 1


def test_a_queued_job_is_cancelled_at_once(jobs, spec):
    job = jobs.submit(spec, LOCAL)
    assert jobs.cancel(job.id).state == "cancelled"
    with pytest.raises(Cancelled):
        jobs.result(job.id)


def test_a_running_job_stops_at_its_next_step_and_leaves_nothing(jobs, store, project, spec):
    job = jobs.submit(spec, LOCAL)

    def cancel(row: JobRow) -> None:
        if row.state == "running" and not row.cancel:
            jobs.cancel(job.id)

    with pytest.raises(Cancelled, match="somebody cancelled"):
        jobs.result(job.id, cancel)
    assert jobs.get(job.id).state == "cancelled"
    assert store.find(DecisionRow) == []
    assert list((project.store / "jobs").iterdir()) == []
    assert not log_file(project.store, job.id).exists()


def test_ctrl_c_cancels_the_job_that_one_works_on(jobs, spec):
    job = jobs.submit(spec, LOCAL)

    def interrupt(row: JobRow) -> None:
        if row.state == "running":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.result(job.id, interrupt)
    assert jobs.get(job.id).cancel
    with pytest.raises(Cancelled):
        jobs.result(job.id)


def test_the_same_wish_after_a_cancellation_is_a_new_job(jobs, store, spec):
    job = jobs.submit(spec, LOCAL)
    store.job_claim("another", 60.0)
    jobs.cancel(job.id)
    other = threading.Timer(0.3, store.job_finish, (job.id, "another", "cancelled"))
    other.start()
    again = jobs.submit(spec, LOCAL)
    assert again.id != job.id
    assert (again.state, jobs.get(job.id).state) == ("queued", "cancelled")
    other.join()


def test_a_job_that_somebody_else_holds_is_followed_only(jobs, store, project, spec):
    job = jobs.submit(spec, LOCAL)
    store.job_claim("another", 60.0)
    other = threading.Timer(0.3, store.job_finish, (job.id, "another", "done", {"x": 1}))
    other.start()
    assert jobs.result(job.id).result == {"x": 1}
    assert not (project.store / "logs").exists()  # no process was started
    other.join()


def test_ctrl_c_leaves_the_job_of_somebody_else_alone(jobs, store, spec):
    job = jobs.submit(spec, LOCAL)
    store.job_claim("another", 60.0)

    def interrupt(_: JobRow) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.result(job.id, interrupt)
    assert not jobs.get(job.id).cancel


def test_a_job_whose_owner_fell_silent_is_taken_over(jobs, store, broken):
    job = jobs.submit(broken, LOCAL)
    store.job_claim("the dead", 0.5)
    with pytest.raises(InvalidData):
        jobs.result(job.id)
    assert jobs.get(job.id).attempts == 2


def test_an_orphan_is_cancelled_at_once(jobs, store, spec):
    job = jobs.submit(spec, LOCAL)
    store.job_claim("the dead", 0.0)
    assert jobs.cancel(job.id).state == "cancelled"


@pytest.mark.usefixtures("dying")
def test_a_job_that_always_dies_is_lost_and_its_last_words_are_kept(jobs, project, spec):
    job = jobs.submit(spec, LOCAL)
    started = time.monotonic()
    with pytest.raises(JobError, match="died 5 times at its start") as raised:
        jobs.result(job.id)
    assert raised.value.code == "job_lost"
    assert time.monotonic() - started < 10.0  # the lease of 15 s was never waited for
    said = log_file(project.store, job.id)
    assert said.read_text() == "no such thing\n" * MAX_ATTEMPTS
    assert str(said) in raised.value.hint


def test_a_process_that_cannot_be_started_is_an_error_and_frees_the_job(
    jobs, spec, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    job = jobs.submit(spec, LOCAL)
    with pytest.raises(JobError, match="cannot be started"):
        jobs.result(job.id)
    assert jobs.get(job.id).lease_until <= time.time()


def test_a_store_that_takes_no_log_is_an_error_and_frees_the_job(jobs, project, spec):
    (project.store / "logs").write_text("in the way")
    job = jobs.submit(spec, LOCAL)
    with pytest.raises(StoreError):
        jobs.result(job.id)
    assert jobs.get(job.id).lease_until <= time.time()


def test_settings_broken_in_between_end_the_job_with_their_own_error(jobs, folder, spec):
    job = jobs.submit(spec, LOCAL)
    (folder / "plait.yaml").write_text("project: desk\ncontract: {}\n")
    with pytest.raises(InvalidSettings, match=r"plait\.yaml:2") as raised:
        jobs.result(job.id)
    assert raised.value.code == "settings_unknown_key"
    assert jobs.get(job.id).attempts == 1


def test_a_server_takes_up_what_waits_and_what_was_orphaned(jobs, store, broken):
    now = time.time()
    rows = [
        JobRow(
            id=f"job_{number}",
            tenant="default",
            privacy=1,
            created=now - 10 + number,
            key=str(number),
            kind="train",
            arguments=broken.arguments,
        )
        for number in range(2)
    ]
    for row in rows:
        store.job_submit(row)
    store.job_claim("the dead", 0.0)
    jobs.watch()
    found = [ended(jobs, row.id) for row in rows]
    assert [row.error["code"] for row in found] == ["data_missing"] * 2
    assert [row.attempts for row in found] == [2, 1]


def test_a_server_leaves_a_fresh_job_to_the_terminal_that_submitted_it(jobs, project, spec):
    job = jobs.submit(spec, LOCAL)
    jobs.watch()
    time.sleep(1.5)
    assert jobs.get(job.id).state == "queued"
    jobs.cancel(job.id)


def test_a_server_goes_on_looking_when_the_store_was_busy(project, broken, caplog):
    class Busy(SqliteStore):
        looks = 0

        def find(self, kind, /, **wanted):
            Busy.looks += 1
            if Busy.looks == 1:
                raise StoreError("store_busy", "another process held the store")
            return super().find(kind, **wanted)

    with Busy(project.store) as store:
        jobs = Jobs(store, project)
        jobs.watch()
        while Busy.looks < 3:
            time.sleep(0.05)
        jobs.close()
    assert "another process held the store" in caplog.text


def test_an_error_survives_its_record():
    error = InvalidData("data_empty", "nothing in it", where="loans.csv", hint="add rows")
    row = JobRow(
        id="job_1",
        tenant="default",
        privacy=1,
        created=0.0,
        key="",
        kind="train",
        arguments={},
        state="failed",
        error=error_record(error),
    )
    again = job_error(row)
    assert (type(again), again.code, str(again)) == (InvalidData, "data_empty", str(error))
    newer = job_error(replace(row, error={**error_record(error), "code": "of_a_newer_plait"}))
    assert (newer.code, newer.message) == ("job_failed", "nothing in it [of_a_newer_plait]")
    assert job_error(replace(row, state="cancelled", error=None)).code == "cancelled"
