"""DuckDB as plait uses it: a tool for tables, offline, that leaves nothing behind."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

OFFLINE: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def open_duck(scratch: Path, file: str = "") -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory, or in `file` of `scratch`; it never fetches an extension."""
    database = str(scratch / file) if file else ":memory:"
    connection = duckdb.connect(database, config={**OFFLINE, "temp_directory": str(scratch)})
    connection.execute("SET pandas_analyze_sample = 0")  # no guesses at what Python objects are
    return connection


def identifier(name: str) -> str:
    """Return `name` as SQL writes a column."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as SQL writes a string."""
    return "'" + text.replace("'", "''") + "'"
