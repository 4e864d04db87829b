from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from plait.core.job import Progress
from plait.store.record import JobRow, StepRow
from plait.store.sqlite import SqliteStore
from plait.testing.clock import FakeClock

JOB = JobRow(
    id="job_1",
    tenant="acme",
    subject="ann",
    privacy=2,
    created=1.0,
    key="key",
    kind="train",
    arguments={},
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def jobs(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path, clock=clock) as store:
        yield store


def test_a_lease_lasts_its_seconds_and_not_longer(jobs: SqliteStore, clock: FakeClock):
    jobs.job_submit(JOB)
    held = jobs.job_claim("a", 10.0)
    assert held is not None
    assert held.lease_until == clock.now() + 10.0
    clock.advance(9.9)
    assert jobs.job_claim("b", 10.0) is None
    assert jobs.job_renew("job_1", "a", 10.0) == "held"
    clock.advance(9.9)
    assert jobs.job_claim("b", 10.0) is None
    clock.advance(0.2)
    taken = jobs.job_claim("b", 10.0)
    assert taken is not None
    assert (taken.owner, taken.attempts, taken.updated) == ("b", 2, clock.now())


def test_a_late_owner_keeps_what_nobody_took(jobs: SqliteStore, clock: FakeClock):
    jobs.job_submit(JOB)
    jobs.job_claim("a", 10.0)
    clock.advance(60.0)
    assert jobs.job_renew("job_1", "a", 10.0) == "held"


def test_progress_stays_until_it_is_told_anew(jobs: SqliteStore):
    jobs.job_submit(JOB)
    jobs.job_claim("a", 10.0)
    jobs.job_renew("job_1", "a", 10.0, Progress("fit", 3, 7))
    jobs.job_renew("job_1", "a", 10.0)
    row = jobs.get(JobRow, "job_1")
    assert row is not None
    assert (row.step, row.done, row.total) == ("fit", 3, 7)


def test_an_ended_job_stays_as_it_ended(jobs: SqliteStore):
    jobs.job_submit(JOB)
    jobs.job_claim("a", 10.0)
    assert jobs.job_finish("job_1", "a", "failed", error={"code": "job_failed"})
    ended = jobs.get(JobRow, "job_1")
    assert jobs.job_cancel("job_1") == ended
    assert jobs.job_renew("job_1", "a", 10.0) == "lost"
    assert not jobs.job_finish("job_1", "a", "done")
    assert jobs.job_claim("a", 10.0, "job_1") is None
    assert jobs.get(JobRow, "job_1") == ended


def test_many_submitters_make_one_job(jobs: SqliteStore):
    found: list[str] = []

    def submit(at: int) -> None:
        found.append(jobs.job_submit(replace(JOB, id=f"job_{at}")).id)

    threads = [Thread(target=submit, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [row.id for row in jobs.find(JobRow)] == found[:1]


def test_a_failed_job_may_be_tried_again(jobs: SqliteStore):
    jobs.job_submit(JOB)
    jobs.job_claim("a", 10.0)
    jobs.job_finish("job_1", "a", "failed")
    again = replace(JOB, id="job_2")
    assert jobs.job_submit(again, once=True) == again


def test_a_step_belongs_to_whom_its_job_belongs(jobs: SqliteStore):
    jobs.job_submit(JOB)
    jobs.step_put("job_1", "read", [1, 2])
    (step,) = jobs.find(StepRow, job="job_1")
    assert (step.tenant, step.subject, step.privacy, step.result) == ("acme", "ann", 2, [1, 2])
