import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plait.core.errors import StoreError
from plait.store.database import FILE
from plait.store.record import DecisionRow
from plait.store.sqlite import SqliteStore
from plait.testing.store import check_store

WRITER = """
import sys
from pathlib import Path
from plait.store.record import DecisionRow
from plait.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
for at in range(1_000_000):
    row_id = f"dec_{sys.argv[2]}_{at}"
    store.put(DecisionRow(id=row_id, tenant="default", privacy=1, created=float(at), contract="",
                          kind="", evidence="", artefact="", body={"at": at, "pad": "x" * 2000}))
    print(row_id, flush=True)
"""


def test_sqlite_keeps_the_promises_of_a_store(tmp_path: Path):
    check_store(SqliteStore, tmp_path)


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_what_was_acknowledged_survives_kill(tmp_path: Path, start, kills: int):
    chance = random.Random(kills)
    acknowledged = []
    for kill in range(kills):
        process = start(WRITER, tmp_path, kill)
        acknowledged.append(process.stdout.readline())
        time.sleep(chance.uniform(0.0, 0.2))
        process.kill()
        acknowledged += process.stdout.readlines()
    whole = {line.strip() for line in acknowledged if line.endswith("\n")}
    with SqliteStore(tmp_path) as store:
        rows = store.find(DecisionRow)
    assert whole <= {row.id for row in rows}
    assert len({row.id for row in rows}) == len(rows) <= len(whole) + kills
    assert all(row.id.endswith(f"_{row.body['at']}") for row in rows)


@pytest.mark.parametrize("damage", [b"", b"\0" * 8192, b"not a database, " * 900])
def test_a_damaged_file_is_one_clear_error(tmp_path: Path, decision, damage: bytes):
    with SqliteStore(tmp_path) as store:
        store.put(decision("dec_1"))
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(StoreError, match="plait store restore BACKUP") as caught:
        SqliteStore(tmp_path)
    assert caught.value.code == "store_damaged"
    assert "\n" not in str(caught.value)
    assert (tmp_path / FILE).read_bytes() == damage


def test_a_truncated_or_lost_file_is_one_clear_error(tmp_path: Path, decision):
    with SqliteStore(tmp_path) as store:
        store.put(*(decision(f"dec_{at}", pad="x" * 1000) for at in range(50)))
    whole = (tmp_path / FILE).read_bytes()
    for left in (len(whole) // 2, 100):
        (tmp_path / FILE).write_bytes(whole[:left])
        with pytest.raises(StoreError) as caught:
            SqliteStore(tmp_path)
        assert caught.value.code == "store_damaged"
    (tmp_path / FILE).unlink()
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path)
    assert caught.value.code == "store_damaged"


def test_a_folder_that_is_a_file(tmp_path: Path):
    (tmp_path / "store").write_text("I am a file")
    with pytest.raises(StoreError) as caught:
        SqliteStore(tmp_path / "store")
    assert caught.value.code == "store_unreachable"


def test_unknown_field_is_a_mistake_of_the_caller(store: SqliteStore):
    with pytest.raises(TypeError, match="no field 'colour'"):
        store.find(DecisionRow, colour="red")


def test_writers_in_other_processes_wait_their_turn(tmp_path: Path, start, decision):
    process = start(WRITER, tmp_path, 0)
    process.stdout.readline()
    with SqliteStore(tmp_path) as store:
        for at in range(20):
            store.put(decision(f"dec_mine_{at}"))
        assert len(store.find(DecisionRow, contract="loans")) == 20
    process.kill()
    assert process.wait() != 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists, not modes")
def test_a_new_store_is_its_owners_alone(tmp_path: Path):
    SqliteStore(tmp_path / "store").close()
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_opening_is_quick(tmp_path: Path):
    SqliteStore(tmp_path).close()
    took = []
    for _ in range(5):
        before = time.perf_counter()
        store = SqliteStore(tmp_path)
        took.append(time.perf_counter() - before)
        store.close()
    assert min(took) < 0.02


def test_store_opens_beside_the_core_only(tmp_path: Path):
    source = (
        "import sys, plait.store.sqlite; print('duckdb' in sys.modules, 'numpy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert answer.stdout.split() == ["False", "False"]
