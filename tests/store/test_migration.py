import random
import time
from pathlib import Path

import apsw
import pytest

from plait.core.errors import StoreError
from plait.store.database import FILE
from plait.store.mapper import table
from plait.store.migration import BACKUPS, migrate
from plait.store.record import DecisionRow, DocumentRow
from plait.store.schema import MIGRATIONS
from plait.store.sqlite import SqliteStore

NEWEST = len(MIGRATIONS)
SLOW = """
import sys, time
from pathlib import Path
from plait.store.schema import MIGRATIONS
from plait.store.sqlite import SqliteStore

def slow(connection):
    for at in range(20):
        connection.execute(f"CREATE TABLE extra_{at} (x)")
        connection.execute("UPDATE decision SET contract = contract || '!'")
        print(at, flush=True)
        time.sleep(0.005)

print("ready", flush=True)
SqliteStore(Path(sys.argv[1]), migrations=(*MIGRATIONS, slow))
print("done", flush=True)
"""
FRESH = """
import sys
from pathlib import Path
from plait.store.sqlite import SqliteStore
print("ready", flush=True)
SqliteStore(Path(sys.argv[1]))
"""


def second(connection: apsw.Connection) -> None:
    connection.execute("ALTER TABLE decision RENAME COLUMN contract TO deal")


def extra(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE extra (x)")


def version(folder: Path) -> int:
    connection = apsw.Connection(str(folder / FILE))
    found = connection.pragma("user_version")
    connection.close()
    return found


def test_migrating_keeps_the_rows_and_a_copy_of_before(tmp_path: Path, decision):
    with SqliteStore(tmp_path) as store:
        store.put(decision("dec_1"))
    with SqliteStore(tmp_path, migrations=(*MIGRATIONS, extra)) as store:
        assert store.get(DecisionRow, "dec_1") == decision("dec_1")
    assert version(tmp_path) == NEWEST + 1
    (copy,) = (tmp_path / BACKUPS).iterdir()
    assert version(copy) == NEWEST
    with SqliteStore(copy) as store:
        assert store.get(DecisionRow, "dec_1") == decision("dec_1")


@pytest.mark.parametrize("old", range(1, NEWEST))
def test_every_older_store_is_brought_up(tmp_path: Path, decision, old: int):
    migrate(tmp_path, MIGRATIONS[:old])
    connection = apsw.Connection(str(tmp_path / FILE))
    row = table(DecisionRow)
    connection.execute(row.insert, row.values(decision("dec_1")))
    connection.close()
    with SqliteStore(tmp_path) as store:
        assert store.get(DecisionRow, "dec_1") == decision("dec_1")
        assert store.find(DocumentRow) == []
    assert version(tmp_path) == NEWEST


def test_a_new_store_needs_no_copy(tmp_path: Path):
    SqliteStore(tmp_path, migrations=(*MIGRATIONS, extra)).close()
    assert version(tmp_path) == NEWEST + 1
    assert not (tmp_path / BACKUPS).exists()


def test_a_newer_store_is_left_alone(tmp_path: Path):
    SqliteStore(tmp_path, migrations=(*MIGRATIONS, second)).close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="upgrade plait") as caught:
        SqliteStore(tmp_path)
    assert caught.value.code == "store_newer"
    assert (tmp_path / FILE).read_bytes() == before


def test_a_failed_migration_changes_nothing(tmp_path: Path, decision):
    def broken(connection: apsw.Connection) -> None:
        second(connection)
        connection.execute("CREATE TABLE decision (x)")

    with SqliteStore(tmp_path) as store:
        store.put(decision("dec_1"))
    with pytest.raises(apsw.SQLError):
        SqliteStore(tmp_path, migrations=(*MIGRATIONS, broken))
    with SqliteStore(tmp_path) as store:
        assert store.get(DecisionRow, "dec_1") == decision("dec_1")


def test_somebody_elses_database_is_refused(tmp_path: Path):
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="not one of plait's"):
        SqliteStore(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_kill_within_a_migration_leaves_one_version_or_the_other(
    tmp_path: Path, start, decision, kills: int
):
    chance = random.Random(kills)
    with SqliteStore(tmp_path) as store:
        store.put(decision("dec_1"))
    for _ in range(kills):
        process = start(SLOW, tmp_path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.12))
        process.kill()
        told = process.stdout.readlines()
        if version(tmp_path) == NEWEST + 1:
            assert "19\n" in told
            break
        assert "done\n" not in told
        with SqliteStore(tmp_path) as store:
            assert store.get(DecisionRow, "dec_1") == decision("dec_1")
    with SqliteStore(tmp_path, migrations=(*MIGRATIONS, extra)) as store:
        kept = store.get(DecisionRow, "dec_1")
    assert kept is not None
    assert kept.contract in ("loans", "loans" + "!" * 20)


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_a_kill_while_a_store_is_made_leaves_one_that_opens(tmp_path: Path, start, kills: int):
    chance = random.Random(kills)
    for kill in range(kills):
        process = start(FRESH, tmp_path / str(kill))
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.03))
        process.kill()
        process.wait()
        SqliteStore(tmp_path / str(kill)).close()
