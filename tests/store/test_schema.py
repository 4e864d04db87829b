from pathlib import Path

import apsw
import pytest

from plait.store.mapper import table
from plait.store.record import Record
from plait.store.schema import MIGRATIONS


def newest() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    for migration in MIGRATIONS:
        migration(connection)
    return connection


@pytest.mark.parametrize("kind", Record.__args__)
def test_every_record_has_its_table(kind: type):
    connection = newest()
    name = table(kind).select.rpartition(" ")[2]
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
    assert columns == list(table(kind).columns)


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_audit_cannot_be_rewritten(store, statement: str):
    store.audit("me", "look", "it", {})
    connection = apsw.Connection(str(Path(store._folder) / "plait.db"))
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        connection.execute(statement)
    connection.close()


def test_content_can_always_be_found_by_owner_and_erased():
    connection = newest()
    tables = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        )
    ]
    for name in set(tables) - {"release", "api_key", "audit", "change", "index_log"}:
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert {"tenant", "subject", "privacy", "created"} <= columns
