import time
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from plait.core.errors import StoreError
from plait.store import database, writer
from plait.store.database import FILE
from plait.store.record import RequestRow
from plait.store.sqlite import SqliteStore

ROW = RequestRow(
    id="req_0",
    tenant="default",
    privacy=1,
    created=1.0,
    name="loans",
    decision="",
    artefact="",
    status="done",
    seconds=0.1,
    body={"spans": []},
    content={"rows": [{"a": 1}]},
)


@pytest.fixture
def blocked(store: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """A store whose database another process holds, and the connection that holds it."""
    store._writer._database._connection.set_busy_timeout(50)
    monkeypatch.setattr(writer, "_RETRY_SECONDS", 0.05)
    holder = apsw.Connection(str(store._folder / FILE))
    holder.execute("BEGIN IMMEDIATE")
    yield store, holder
    if holder.in_transaction:
        holder.execute("ROLLBACK")
    holder.close()


def test_rows_are_written_soon_without_being_asked(store: SqliteStore):
    with SqliteStore(store._folder) as other:
        store.record(ROW)
        until = time.monotonic() + 5
        while not other.find(RequestRow) and time.monotonic() < until:
            time.sleep(0.02)
        assert other.find(RequestRow) == [ROW]


def test_a_full_queue_drops_content_and_keeps_headers(blocked, monkeypatch: pytest.MonkeyPatch):
    store, holder = blocked
    monkeypatch.setattr(writer, "CONTENTS", 5)
    rows = [replace(ROW, id=f"req_{at}", created=float(at)) for at in range(8)]
    for row in rows:
        store.record(row)
    assert (store.pending, store.dropped) == (8, 3)
    holder.execute("ROLLBACK")
    expected = rows[:5] + [replace(row, content=None) for row in rows[5:]]
    assert store.find(RequestRow) == expected[::-1]
    assert store.pending == 0


def test_a_queue_of_headers_makes_the_caller_wait(blocked, monkeypatch: pytest.MonkeyPatch):
    store, holder = blocked
    monkeypatch.setattr(writer, "CONTENTS", 2)
    monkeypatch.setattr(writer, "HEADERS", 4)
    for at in range(4):
        store.record(replace(ROW, id=f"req_{at}"))
    with pytest.raises(StoreError) as caught:
        store.record(replace(ROW, id="req_4"))
    assert caught.value.code == "store_busy"
    holder.execute("ROLLBACK")
    store.record(replace(ROW, id="req_5"))
    assert len(store.find(RequestRow)) == 5


def test_what_could_not_be_written_is_tried_again(blocked):
    store, holder = blocked
    store.record(ROW)
    with pytest.raises(StoreError):
        store.flush()
    time.sleep(0.3)  # the thread tries, fails, and waits
    assert store.pending == 1
    holder.execute("ROLLBACK")
    until = time.monotonic() + 5
    while store.pending and time.monotonic() < until:
        time.sleep(0.02)
    assert store.pending == 0


def test_closing_tells_of_what_could_not_be_written(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 50)
    store = SqliteStore(tmp_path)
    holder = apsw.Connection(str(tmp_path / FILE))
    holder.execute("BEGIN IMMEDIATE")
    store.record(ROW)
    with pytest.raises(StoreError) as caught:
        store.close()
    assert caught.value.code == "store_busy"
    holder.close()


def test_text_that_utf8_cannot_say_holds_nobody_up(store: SqliteStore):
    store.record(replace(ROW, name="half a pair: \udcff"))
    store.record(replace(ROW, id="req_1", created=2.0))
    store.flush()
    assert [row.name for row in store.find(RequestRow)] == ["loans", "half a pair: ?"]
