"""Write-behind: the records of requests, kept soon and never on a request's time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Event, Lock, Thread

from plait.core.errors import StoreError
from plait.store.database import Database, Value, Values
from plait.store.mapper import table
from plait.store.record import RequestRow

BATCH = 1_000
WAIT_SECONDS = 0.2
CONTENTS = 10_000
HEADERS = 100_000
_RETRY_SECONDS = 1.0


class Writer:
    """A queue of requests' records and the thread that writes it.

    The queue is emptied only after its rows are committed, so what is in it is exactly what is
    pending. From `CONTENTS` rows on it takes no more content; from `HEADERS` rows on the caller
    waits, because a header is never dropped.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = table(RequestRow)
        self._queue: deque[RequestRow] = deque()
        self._dropped = 0
        self._lock = Lock()  # held by whoever writes
        self._waiting = Event()  # there is something to write
        self._hurry = Event()  # there is a whole batch, or the store closes
        self._closing = Event()
        self._counting = Lock()
        self._thread = Thread(target=self._run, name="plait-writer", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Records not yet written."""
        return len(self._queue)

    @property
    def dropped(self) -> int:
        """Records whose content was dropped."""
        return self._dropped

    def record(self, row: RequestRow) -> None:
        """Take a record; see `Store.record`."""
        length = len(self._queue)
        if length >= CONTENTS:
            row = self._without_content(row)
        if length >= HEADERS:
            self.flush()
        self._queue.append(row)
        if not self._waiting.is_set():
            self._waiting.set()
        if length >= BATCH and not self._hurry.is_set():
            self._hurry.set()

    def flush(self) -> None:
        """Write, in this thread, all that was recorded before.

        Raises:
            StoreError: it could not be written; it stays in the queue.
        """
        with self._lock:
            left = len(self._queue)
            while left > 0:
                left -= self._write(min(left, BATCH))

    def close(self) -> None:
        """Write what is pending and end the thread."""
        self._closing.set()
        self._hurry.set()
        self._waiting.set()
        self._thread.join()
        try:
            self.flush()
        finally:
            self._database.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._waiting.wait()
            self._hurry.wait(WAIT_SECONDS)
            self._hurry.clear()
            self._waiting.clear()  # before the queue is read: what comes later sets it again
            try:
                self.flush()
            except StoreError:  # a busy or full disk: the rows wait, `flush` and `close` tell
                self._waiting.set()
                self._closing.wait(_RETRY_SECONDS)

    def _write(self, count: int) -> int:
        """Commit the oldest `count` rows and take them from the queue."""
        rows = [self._values(self._queue[index]) for index in range(count)]
        try:
            self._insert(rows)
        except UnicodeEncodeError:  # half a surrogate pair in some text must not hold the others up
            self._insert([tuple(map(_encodable, row)) for row in rows])
        for _ in rows:
            self._queue.popleft()
        return count

    def _insert(self, rows: Sequence[Values]) -> None:
        with self._database.transaction() as connection:
            connection.executemany(self._table.insert + " ON CONFLICT DO NOTHING", rows)

    def _values(self, row: RequestRow) -> Values:
        try:
            return self._table.values(row)
        except (
            TypeError,
            ValueError,
        ):  # something in it is not JSON: the header is kept all the same
            return self._table.values(replace(self._without_content(row), body={}))

    def _without_content(self, row: RequestRow) -> RequestRow:
        if row.content is None:
            return row
        with self._counting:
            self._dropped += 1
        return replace(row, content=None)


def _encodable(value: Value) -> Value:
    """Return a text that UTF-8 can say, any other value as it is."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
