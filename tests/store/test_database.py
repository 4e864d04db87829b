from pathlib import Path
from threading import Thread

import pytest

from plait.core.errors import StoreError
from plait.store.database import FILE, Database


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path)
    opened.rows("PRAGMA journal_mode = WAL")
    with opened.transaction() as connection:
        connection.execute("CREATE TABLE number (x INTEGER UNIQUE) STRICT")
    yield opened
    opened.close()


def test_a_transaction_is_all_or_nothing(database: Database):
    def fail() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO number VALUES (1)")
            raise RuntimeError("the disk is fine, the caller is not")

    with pytest.raises(RuntimeError):
        fail()
    assert database.rows("SELECT x FROM number") == []
    with database.transaction() as connection:
        connection.execute("INSERT INTO number VALUES (2)")
    assert database.rows("SELECT x FROM number WHERE x = ?", (2,)) == [(2,)]


def test_threads_take_turns(database: Database):
    def add(first: int) -> None:
        for number in range(first, first + 20):
            with database.transaction() as connection:
                connection.execute("INSERT INTO number VALUES (?)", (number,))
                assert database.rows("SELECT x FROM number WHERE x = ?", (number,))

    threads = [Thread(target=add, args=(first,)) for first in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.rows("SELECT x FROM number")) == 60


def test_readers_do_not_wait_for_a_writer(database: Database):
    reader = Database(database.folder)
    with database.transaction() as connection:
        connection.execute("INSERT INTO number VALUES (1)")
        assert reader.rows("SELECT x FROM number") == []
    assert reader.rows("SELECT x FROM number") == [(1,)]
    reader.close()


def test_a_second_writer_waits_and_then_gives_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("plait.store.database.BUSY_MILLISECONDS", 50)
    other = Database(database.folder)
    with database.transaction(), pytest.raises(StoreError) as caught, other.transaction():
        pass
    assert caught.value.code == "store_busy"
    other.close()


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
def test_how_durable_a_commit_is(database: Database, synchronous, level: int):
    other = Database(database.folder, synchronous)
    assert other.rows("PRAGMA synchronous") == [(level,)]
    assert other.rows("PRAGMA foreign_keys") == [(1,)]
    other.close()


def test_a_copy_is_of_one_moment_and_replaces_all(database: Database, tmp_path: Path):
    (tmp_path / "copy").mkdir()
    with database.transaction() as connection:
        connection.execute("INSERT INTO number VALUES (1)")
    database.copy_to(tmp_path / "copy")
    with database.transaction() as connection:
        connection.execute("UPDATE number SET x = 2")
    database.copy_to(tmp_path / "copy")
    copy = Database(tmp_path / "copy")
    assert copy.rows("SELECT x FROM number") == [(2,)]
    copy.close()
    assert (tmp_path / "copy" / FILE).stat().st_size > 0
