import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from plait.app import job_child
from plait.app.job_child import LeasedRun, take_folder, work
from plait.app.training import Ended
from plait.core.errors import Cancelled, InvalidData, StoreError
from plait.core.job import Progress
from plait.store.record import AuditRow, JobRow
from plait.store.sqlite import SqliteStore

LONG = 60.0


@pytest.fixture
def store(tmp_path: Path):
    with SqliteStore(tmp_path / "store") as opened:
        opened.job_submit(
            JobRow(
                id="job_1",
                tenant="default",
                privacy=1,
                created=1.0,
                key="key",
                kind="fake",
                arguments={"x": 1},
            )
        )
        yield opened


@pytest.fixture
def take(tmp_path: Path):
    """Claims the job for an owner and returns it at work."""
    taken = []

    def make(
        store: SqliteStore, owner: str = "me", lease_seconds: float = LONG, **more: object
    ) -> LeasedRun:
        assert store.job_claim(owner, lease_seconds, "job_1")
        parts = {"folder": tmp_path, "lease_seconds": lease_seconds, **more}
        run = LeasedRun(store, "job_1", owner, **parts)
        taken.append(run)
        return run

    yield make
    for run in taken:
        run.close()


@pytest.fixture
def do(store, folder, monkeypatch):
    """Does the job, by the given function, and returns what came of it."""

    def make(run: LeasedRun, kind, owner: str = "me") -> tuple[bool, JobRow]:
        monkeypatch.setitem(job_child.KINDS, "fake", kind)
        store_row = store.get(JobRow, "job_1")
        assert store_row.owner == owner
        ended = work(store, store_row, run, folder / "plait.yaml", Path("job.log"))
        return ended, store.get(JobRow, "job_1")

    return make


def until(true, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_step_is_done_once_in_the_life_of_a_job(store, take):
    first = take(store, lease_seconds=0.0)
    assert first.step("read", lambda: {"rows": 3}) == {"rows": 3}
    assert first.step("read", lambda: pytest.fail("done before")) == {"rows": 3}
    first.close()
    second = take(store, "another")
    assert second.step("read", lambda: pytest.fail("done before")) == {"rows": 3}
    assert second.step("none", lambda: None) is None
    assert second.step("none", lambda: pytest.fail("done before")) is None


def test_a_step_that_failed_is_done_again(store, take):
    run = take(store)
    with pytest.raises(ZeroDivisionError):
        run.step("divide", lambda: 1 / 0)
    assert run.step("divide", lambda: 2) == 2


def test_progress_is_written_soon_and_not_for_every_word(store, take):
    run = take(store)
    for done in range(1000):
        run.progress(Progress("fit", done, 1000))
    until(lambda: store.get(JobRow, "job_1").done == 999)
    row = store.get(JobRow, "job_1")
    assert (row.step, row.total) == ("fit", 1000)


def test_the_lease_is_renewed_while_the_work_is_silent(store, take):
    take(store, lease_seconds=0.6)
    time.sleep(1.5)
    assert store.job_claim("another", LONG) is None


def test_the_lease_outlives_a_busy_store(tmp_path, take, caplog):
    class Busy(SqliteStore):
        fails = False
        failed = Event()

        def job_renew(self, *told, **named):
            if Busy.fails:
                Busy.fails = False
                Busy.failed.set()
                raise StoreError("store_busy", "another process held the store")
            return super().job_renew(*told, **named)

    row = JobRow(
        id="job_1", tenant="default", privacy=1, created=1.0, key="", kind="fake", arguments={}
    )
    with Busy(tmp_path / "busy") as store:
        store.job_submit(row)
        run = take(store, lease_seconds=2.0)
        Busy.fails = True
        assert Busy.failed.wait(5.0)
        run.progress(Progress("fit", 7, 9))
        until(lambda: store.get(JobRow, "job_1").done == 7)
        run.close()
    assert "another process held the store" in caplog.text


def test_a_cancelled_job_hears_of_it_at_its_next_word(store, take):
    run = take(store, lease_seconds=1.0)
    store.job_cancel("job_1")
    until(lambda: run.cancel.requested)
    with pytest.raises(Cancelled, match="somebody cancelled the job"):
        run.progress(Progress("fit"))
    with pytest.raises(Cancelled):
        run.step("fit", lambda: pytest.fail("it was cancelled"))


def test_work_that_does_not_stop_is_left(store, take, monkeypatch):
    monkeypatch.setattr("plait.app.job_child.PATIENCE_SECONDS", 0.2)
    left = Event()
    run = take(store, lease_seconds=1.0, leave=left.set)
    assert not left.wait(0.5)
    store.job_cancel("job_1")
    assert left.wait(5.0)
    assert run.cancel.requested


def test_who_lost_the_lease_stops_and_keeps_no_step(store, take):
    run = take(store, lease_seconds=1.0)
    store.job_renew("job_1", "me", 0.0)
    assert store.job_claim("another", LONG)
    with pytest.raises(Cancelled, match="another process took the job over"):
        run.step("fit", lambda: until(lambda: run.cancel.requested))
    assert store.steps("job_1") == {}
    with pytest.raises(Cancelled):
        run.hold()


def test_the_next_owner_gets_the_folder_of_the_last(tmp_path):
    first = take_folder(tmp_path / "job_1", "one")
    (first / "model").write_text("fitted")
    second = take_folder(tmp_path / "job_1", "two")
    assert (second / "model").read_text() == "fitted"
    assert not first.exists()
    assert take_folder(tmp_path / "job_2", "one").is_dir()


def test_a_done_job_keeps_its_result_and_what_it_wrote(store, take, do):
    def kind(store, project, arguments, run):
        assert project.settings.project == "desk"
        assert arguments == {"x": 1}
        run.progress(Progress("last", 3, 3))
        return Ended({"y": 2}, lambda: store.audit("me", "decide", "it", {}))

    ended, row = do(take(store), kind)
    assert (ended, row.state, row.result) == (True, "done", {"y": 2})
    assert (row.step, row.done) == ("last", 3)
    assert [each.action for each in store.find(AuditRow)] == ["decide"]


def test_what_a_job_wrote_is_undone_when_not_all_of_it_can_be_kept(store, take, do):
    def keep() -> None:
        store.audit("me", "decide", "it", {})
        raise StoreError("store_full", "the disk is full")

    ended, row = do(take(store), lambda *_: Ended({}, keep))
    assert (ended, row.state, row.error["code"]) == (True, "failed", "store_full")
    assert store.find(AuditRow) == []


@pytest.mark.parametrize("late", ["cancelled", "taken over"])
def test_nothing_is_kept_of_a_job_that_ends_too_late(store, take, do, late):
    def kind(store, *_):
        if late == "cancelled":
            store.job_cancel("job_1")
        else:
            store.job_renew("job_1", "me", 0.0)
            assert store.job_claim("another", LONG)
        return Ended({}, lambda: store.audit("me", "decide", "it", {}))

    ended, row = do(take(store), kind)
    assert store.find(AuditRow) == []
    assert row.result is None
    if late == "cancelled":
        assert (ended, row.state) == (True, "cancelled")
    else:
        assert (ended, row.state, row.owner) == (False, "running", "another")


def test_an_error_of_ours_ends_a_job_as_it_is(store, take, do):
    def kind(*_):
        raise InvalidData("data_empty", "nothing in it", where="loans.csv", hint="add rows")

    ended, row = do(take(store), kind)
    assert (ended, row.state) == (True, "failed")
    assert row.error == {
        "code": "data_empty",
        "message": "nothing in it",
        "where": "loans.csv",
        "hint": "add rows",
    }


def test_an_unexpected_error_says_where_and_names_the_log(store, take, do, caplog):
    ended, row = do(take(store), lambda *_: 1 / 0)
    assert (ended, row.state, row.error["code"]) == (True, "failed", "job_failed")
    assert row.error["message"] == "unexpected ZeroDivisionError: division by zero"
    assert row.error["where"].startswith("test_job_child.py:")
    assert "job.log" in row.error["hint"]
    assert "Traceback" in caplog.text


def test_memory_that_runs_out_is_no_fault_of_plait(store, take, do):
    def kind(*_):
        raise MemoryError("Unable to allocate 3 GiB")

    ended, row = do(take(store), kind)
    assert (ended, row.state) == (True, "failed")
    assert row.error["message"] == "the memory ran out: Unable to allocate 3 GiB"
    assert "fault" not in str(row.error)


def test_a_kind_of_a_newer_plait_is_refused(store, take, do, monkeypatch):
    run = take(store)
    monkeypatch.delitem(job_child.KINDS, "fake", raising=False)
    row = store.get(JobRow, "job_1")
    assert work(store, row, run, Path("plait.yaml"), Path("job.log"))
    assert "does not know jobs of kind 'fake'" in store.get(JobRow, "job_1").error["message"]


def test_a_place_that_cannot_be_written_ends_the_job_with_its_code(store, folder, tmp_path):
    (tmp_path / "store" / job_child.FOLDERS).write_text("a file where a folder belongs")
    assert store.job_claim("me", LONG, "job_1")
    arguments = [str(folder / "plait.yaml"), str(tmp_path / "store"), "job_1", "me", str(LONG)]
    subprocess.run([sys.executable, "-m", "plait.app.job_child", *arguments], check=True)
    row = store.get(JobRow, "job_1")
    assert row.state == "failed"
    assert row.error["code"].startswith("store_")
