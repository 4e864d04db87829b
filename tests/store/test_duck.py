from pathlib import Path

import duckdb
import pytest

from plait.store.duck import identifier, literal, open_duck


def test_it_never_fetches_an_extension(tmp_path: Path):
    connection = open_duck(tmp_path)
    with pytest.raises(duckdb.Error, match="httpfs"):
        connection.execute("FROM 'http://127.0.0.1:9/t.parquet'")
    names = "'autoinstall_known_extensions', 'autoload_known_extensions'"
    found = connection.execute(f"SELECT value FROM duckdb_settings() WHERE name IN ({names})")
    assert set(found.fetchall()) == {("false",)}
    connection.close()


@pytest.mark.parametrize("name", ["a", 'say "x"', "it's", "; DROP TABLE t"])
def test_quoting(tmp_path: Path, name: str):
    connection = open_duck(tmp_path)
    connection.execute(f"CREATE TABLE t AS SELECT {literal(name)} AS {identifier(name)}")
    answer = connection.execute("FROM t")
    assert answer.description[0][0] == name
    assert answer.fetchall() == [(name,)]
    connection.close()
