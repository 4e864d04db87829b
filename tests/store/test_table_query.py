import sys
from pathlib import Path

import apsw
import duckdb
import pytest

from plait.core.errors import InvalidData, MissingExtra
from plait.store.table_query import read_query

ROWS = "VALUES (1, 'ann', 0.5, '2024-01-05'), (2, 'bob', NULL, NULL)"


@pytest.fixture(params=["sqlite", "duckdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / "data.db"
    if request.param == "sqlite":
        connection = apsw.Connection(str(path))
    else:
        connection = duckdb.connect(str(path))
    connection.execute("CREATE TABLE loans (id INTEGER, name TEXT, share DOUBLE, day TEXT)")
    connection.execute(f"INSERT INTO loans {ROWS}")
    connection.close()
    return f"{request.param}:///{path}"


def test_a_query_answers_with_a_table(url: str):
    frame = read_query("SELECT *, id = 1 AS one FROM loans ORDER BY id; -- all", url)
    assert frame.names == ("id", "name", "share", "day", "one")
    assert [frame[name].kind for name in ("id", "name", "share", "day")] == [
        "number",
        "string",
        "number",
        "time",
    ]
    assert frame["id"].integer
    assert frame["name"].values.tolist() == ["ann", "bob"]
    assert repr(frame["share"].values.tolist()) == "[0.5, nan]"


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT nothing FROM loans", "data_connection"),
        ("SELECT * FROM borrowers", "data_connection"),
        ("SELEC", "data_connection"),
        ("DELETE FROM loans", "data_connection"),
        ("SELECT * FROM loans WHERE id > 9", "data_empty"),
        ("SELECT id, name, id FROM loans", "data_duplicate_column"),
    ],
)
def test_a_query_that_gives_no_table(url: str, sql: str, code: str):
    with pytest.raises(InvalidData) as caught:
        read_query(sql, url)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert read_query("SELECT count(*) AS n FROM loans", url)["n"].values.tolist() == [2.0]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////nowhere/data.db",
        "duckdb:////nowhere/data.db",
        "postgresql://me:secret@127.0.0.1:9/warehouse",
        "oracle://me:secret@host/warehouse",
        "warehouse",
    ],
)
def test_a_database_that_does_not_answer(url: str):
    with pytest.raises(InvalidData) as caught:
        read_query("SELECT 1", url)
    assert caught.value.code == "data_connection"
    assert "secret" not in str(caught.value)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'plait\[postgres\]'"):
        read_query("SELECT 1", "postgresql://host/warehouse")
