"""The conformance suite that every store must pass."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from plait.core.errors import PlaitError, StoreError
from plait.core.job import Progress
from plait.store.base import Store
from plait.store.record import (
    AuditRow,
    DatasetRow,
    DecisionRow,
    JobRow,
    KeyRow,
    ReleaseRow,
    RequestRow,
)
from plait.testing.document import check_documents

Make = Callable[[Path], Store]


def check_store(make: Make, folder: Path) -> None:
    """Check that stores opened by `make(folder)` keep the promises of `plait.store.base.Store`.

    Args:
        make: opens the store in a folder; several may be open on one folder.
        folder: an empty folder; every check uses one of its own within.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    for check in (
        _rows,
        _together,
        _immutable,
        _keys,
        _blobs,
        _releases,
        _requests,
        _jobs,
        _leases,
        _claimers,
        _steps,
        _audit,
        _backup,
        check_documents,
    ):
        check(make, folder / check.__name__)


def _rows(make: Make, folder: Path) -> None:
    with make(folder) as store:
        rows = [replace(_DECISION, id=f"dec_{at}", created=float(at)) for at in range(5)]
        rows[3] = replace(rows[3], tenant="other")
        store.put(*reversed(rows))
    with make(folder) as store:
        _same(store.get(DecisionRow, "dec_2"), rows[2], "a row comes back as it was put")
        _same(store.get(DecisionRow, "dec_9"), None, "an unknown id gives None")
        _same(store.get(DecisionRow, "dec_3", tenant="default"), None, "tenants are apart")
        _same(store.find(DecisionRow), rows[::-1], "find gives the newest first")
        _same(store.find(DecisionRow, limit=2), rows[:2:-1], "find heeds the limit")
        _same(store.find(DecisionRow, before=1.0), rows[:1], "before leaves out its own moment")
        _same(store.find(DecisionRow, tenant="other"), [rows[3]], "find heeds the tenant")
        _same(store.find(DecisionRow, contract="none"), [], "find heeds equality")
        _same(store.find(DecisionRow, kind="declared", created=2.0), [rows[2]], "of all fields")


def _together(make: Make, folder: Path) -> None:
    def write(store: Store) -> None:
        store.put(_DECISION)
        store.release(_RELEASE)
        store.audit("me", "decide", "dec_1", {})
        store.job_finish("job_1", "me", "done")

    def fail(store: Store) -> None:
        with store.transaction():
            write(store)
            raise StoreError("store_busy", "on purpose")

    with make(folder) as store, make(folder) as other:
        store.job_submit(_JOB)
        store.job_claim("me", 60.0)
        counter = other.change_counter()
        _raises(lambda: fail(store), "store_busy", "an error comes through")
        kept = [store.find(DecisionRow), store.find(ReleaseRow), store.find(AuditRow)]
        _same(kept, [[], [], []], "and undoes all that was written within")
        _same(other.change_counter(), counter, "nobody hears of it")
        with store.transaction():
            write(store)
            _same(other.find(DecisionRow), [], "nothing is seen before the end")
        _same(other.find(DecisionRow), [_DECISION], "then everything is")
        job = other.get(JobRow, "job_1")
        _same(job and job.state, "done", "the job's end too")
        _same((len(other.releases()), other.audit_check()), (1, None), "once, and the chain whole")


def _immutable(make: Make, folder: Path) -> None:
    with make(folder) as store:
        store.put(_DECISION)
        store.put(replace(_DECISION, created=9.0))
        _same(store.find(DecisionRow), [_DECISION], "putting an equal row again changes nothing")
        store.put(replace(_DECISION, tenant="other"))
        _same(len(store.find(DecisionRow)), 2, "two tenants may make the same thing")
        other = replace(_DECISION, body={"winner": "another"})
        fresh = replace(_DECISION, id="dec_fresh")
        _raises(lambda: store.put(fresh, other), "store_conflict", "an id names one content")
        _same(store.get(DecisionRow, "dec_fresh"), None, "put keeps all rows or none")


def _keys(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.put(_KEY)
        counter = other.change_counter()
        store.put(replace(_KEY, revoked=5.0))
        _same(other.find(KeyRow, hash="h1"), [replace(_KEY, revoked=5.0)], "a key is replaced")
        _same(other.change_counter() > counter, True, "a changed key moves the counter")


def _blobs(make: Make, folder: Path) -> None:
    with make(folder) as store:
        name = store.blob_put(b"some bytes")
        copy = folder.with_name("copied")
        copy.write_bytes(b"some bytes")
        _same(store.blob_put(copy), name, "bytes and a file of the same bytes are one blob")
        path = store.blob_path(name)
        _same(path.read_bytes(), b"some bytes", "a blob comes back")
        with store.blob_open(name) as stream:
            _same(stream.read(), b"some bytes", "a blob can be streamed")
        _raises(lambda: store.blob_path("0" * 64), "blob_missing", "an unknown blob is missing")
        path.write_bytes(b"other byte")
        _raises(lambda: store.blob_path(name), "blob_missing", "a damaged blob is found out")
        store.blob_put(b"some bytes")
        _same(store.blob_path(name).read_bytes(), b"some bytes", "putting it again mends it")


def _releases(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        counter = other.change_counter()
        first = store.release(_RELEASE)
        _same(other.change_counter() > counter, True, "a release is seen by other openers")
        store.release(replace(_RELEASE, role="shadow", artefact="art_2"))
        last = store.release(replace(_RELEASE, artefact="art_3", created=0.0))
        _same(last > first, True, "seq rises")
        champion = replace(_RELEASE, seq=last, artefact="art_3", created=0.0)
        found = other.releases()
        _same(set(found), {("loans", "champion"), ("loans", "shadow")}, "one per role")
        _same(found["loans", "champion"], champion, "the newest release is in force")
        _same(other.find(ReleaseRow)[0], champion, "find gives the newest release first")


def _requests(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.record(_REQUEST)
        _same(store.get(RequestRow, "req_1"), _REQUEST, "a recorded request is seen at once")
        rows = [replace(_REQUEST, id=f"req_n{at}", created=2.0 + at) for at in range(2500)]
        for row in rows:
            store.record(row)
        _same(store.find(RequestRow, limit=1), rows[-1:], "find sees it too")
        store.flush()
        _same(store.pending, 0, "after flush nothing is pending")
        _same(store.dropped, 0, "nothing was dropped without need")
        _same(len(other.find(RequestRow)), 2501, "flushed requests are seen by other openers")
        unsayable: Any = object()  # what a caller must not pass
        store.record(replace(_REQUEST, id="req_bad", content={"what": unsayable}))
        _same(
            store.get(RequestRow, "req_bad"),
            replace(_REQUEST, id="req_bad", body={}, content=None),
            "the header survives",
        )
        store.record(replace(_REQUEST, id="req_last"))
    with make(folder) as store:
        last = store.get(RequestRow, "req_last")
        _same(last, replace(_REQUEST, id="req_last"), "close writes what is pending")


def _jobs(make: Make, folder: Path) -> None:
    with make(folder) as store:
        _same(store.job_submit(_JOB), _JOB, "a job is queued")
        twin = replace(_JOB, id="job_2")
        _same(store.job_submit(twin), _JOB, "an unended job of the key is returned instead")
        for each in (replace(twin, kind="other"), replace(twin, id="job_3", tenant="other")):
            _same(store.job_submit(each), each, "the key is one of a tenant and a kind")
            store.job_cancel(each.id)
        claimed = store.job_claim("me", 60.0)
        _same(claimed and (claimed.id, claimed.attempts), ("job_1", 1), "the oldest comes first")
        _same(store.job_finish("job_1", "me", "done", {"x": 1}), True, "the owner ends it")
        ended = store.get(JobRow, "job_1")
        _same(ended and (ended.state, ended.result), ("done", {"x": 1}), "its result is kept")
        _same(store.job_submit(twin, once=True), ended, "with once a done job suffices")
        again = replace(_JOB, id="job_4")
        _same(store.job_submit(again), again, "without, it is done again")
        cancelled = store.job_cancel("job_4")
        _same(cancelled and cancelled.state, "cancelled", "a queued job is cancelled at once")
        _same(store.job_cancel("job_9"), None, "an unknown job cannot be cancelled")
        _same(store.job_claim("me", 60.0), None, "nothing is left to claim")


def _leases(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        store.job_submit(_JOB)
        store.job_claim("a", 60.0)
        _same(other.job_claim("b", 60.0, "job_1"), None, "a leased job is nobody else's")
        _same(other.job_renew("job_1", "b", 60.0), "lost", "nor can another renew it")
        _same(other.job_finish("job_1", "b", "done"), False, "or end it")
        _same(store.job_renew("job_1", "a", 60.0, Progress("fit", 1, 3)), "held", "the owner can")
        _same(store.job_renew("job_1", "a", -1.0), "held", "and let the lease run out")
        taken = other.job_claim("b", 60.0)
        _same(taken and (taken.owner, taken.attempts), ("b", 2), "then another takes over")
        _same(taken and (taken.step, taken.done, taken.total), ("fit", 1, 3), "where it was")
        _same(store.job_finish("job_1", "a", "done"), False, "the first has lost it")
        store.job_cancel("job_1")
        _same(other.job_renew("job_1", "b", -1.0), "cancel", "the owner hears of a cancellation")
        _same(store.job_claim("a", 60.0), None, "a cancelled job is not taken over")
        dead = store.get(JobRow, "job_1")
        _same(dead and dead.state, "cancelled", "when its owner is dead it ends")
        store.job_submit(replace(_JOB, id="job_2"))
        store.job_claim("a", -1.0)
        dead = store.job_cancel("job_2")
        _same(dead and dead.state, "cancelled", "one whose owner is dead is cancelled at once")


def _claimers(make: Make, folder: Path) -> None:
    jobs, claimed = 20, list[str]()
    start = Barrier(4)

    def claim(store: Store, owner: str) -> None:
        start.wait()
        while job := store.job_claim(owner, 60.0):
            claimed.append(job.id)

    with make(folder) as one, make(folder) as two:
        for at in range(jobs):
            one.job_submit(replace(_JOB, id=f"job_{at}", key=f"key_{at}"))
        threads = [
            Thread(target=claim, args=(store, f"{at}")) for at, store in enumerate([one, two] * 2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    _same(sorted(claimed), sorted(f"job_{at}" for at in range(jobs)), "each is claimed once")


def _steps(make: Make, folder: Path) -> None:
    with make(folder) as store:
        store.job_submit(_JOB)
        _same(store.steps("job_1"), {}, "a fresh job has no steps")
        store.step_put("job_1", "read", {"rows": 3})
        store.step_put("job_1", "fit", None)
        store.step_put("job_1", "read", {"rows": 4})
        _same(list(store.steps("job_1").items()), [("read", {"rows": 3}), ("fit", None)], "steps")
        store.job_claim("a", -1.0)
        store.job_claim("b", -1.0)
        store.step_put("job_1", "fit", None)
        tried = store.get(JobRow, "job_1")
        _same(tried and tried.attempts, 2, "attempts are counted")
        store.step_put("job_1", "score", 0.5)
        tried = store.get(JobRow, "job_1")
        _same(tried and tried.attempts, 0, "from the last step that was finished")
        _raises(lambda: store.step_put("job_9", "read", 1), "unknown_job", "a step needs a job")


def _audit(make: Make, folder: Path) -> None:
    with make(folder) as store, make(folder) as other:
        _same(store.audit_check(), None, "an empty chain is whole")
        first = store.audit("me", "release", "loans", {"share": 0.1, "of": [1, "two"]})
        second = other.audit("you", "key.add", "key_1", {}, tenant="other")
        _same((first.previous, second.previous), ("", first.hash), "links hold each other")
        _same(store.find(AuditRow), [second, first], "links come back as they were")
        _same(store.audit_check(), None, "an untouched chain is whole")


def _backup(make: Make, folder: Path) -> None:
    target = folder.with_name("copy")
    with make(folder) as store:
        blob = store.blob_put(b"rows")
        store.put(replace(_DATASET, blob=blob))
        store.record(_REQUEST)
        store.backup(target)
        _raises(lambda: store.backup(target), "folder_in_use", "a backup is not overwritten")
    with make(target) as copy:
        _same(copy.find(DatasetRow), [replace(_DATASET, blob=blob)], "rows are in the backup")
        _same(copy.get(RequestRow, "req_1"), _REQUEST, "with those still pending")
        _same(copy.blob_path(blob).read_bytes(), b"rows", "and so are blobs")


def _same(found: object, expected: object, promise: str) -> None:
    assert found == expected, f"{promise}: {found!r}, expected {expected!r}"


def _raises(call: Callable[[], object], code: str, promise: str) -> None:
    try:
        call()
    except PlaitError as error:
        _same(error.code, code, promise)
    else:
        raise AssertionError(f"{promise}: nothing was raised, expected {code}")


_DATASET = DatasetRow(
    id="data_1",
    tenant="default",
    subject="",
    privacy=2,
    created=1.0,
    contract="loans",
    rows=3,
    blob="",
    body={"source": "loans.csv"},
)
_DECISION = DecisionRow(
    id="dec_1",
    tenant="default",
    subject="ann",
    privacy=1,
    created=1.0,
    contract="loans",
    kind="declared",
    evidence="",
    artefact="art_1",
    body={"winner": "linear", "scores": [0.1, 1e-300, 3], "ünïcode": None, "yes": True},
)
_RELEASE = ReleaseRow(
    tenant="default",
    created=1.0,
    contract="loans",
    role="champion",
    artefact="art_1",
    decision="dec_1",
    by="me",
)
_KEY = KeyRow(
    id="key_1",
    tenant="default",
    created=1.0,
    name="phone",
    hash="h1",
    scopes=("predict", "read"),
    roles=("clerk",),
    expires=99.5,
)
_REQUEST = RequestRow(
    id="req_1",
    tenant="default",
    subject="ann",
    privacy=2,
    created=1.0,
    name="loans",
    decision="dec_1",
    artefact="art_1",
    status="done",
    seconds=0.001,
    body={"spans": [{"name": "answer", "seconds": 0.0005}]},
    content={"rows": [{"income": 1.5, "name": "Zoë"}]},
)
_JOB = JobRow(
    id="job_1",
    tenant="default",
    subject="",
    privacy=1,
    created=1.0,
    key="key",
    kind="train",
    arguments={"contract": "loans"},
)
