"""DuckDB as plait uses it: a tool for tables, offline, that leaves nothing behind."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb

OFFLINE: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
MEMORY_LIMIT = "1GB"


def open_duck(scratch: Path, file: str = "") -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory, or in `file` of `scratch`; it never fetches an extension.

    One in a file keeps little of it in memory, however long the table.
    """
    database = str(scratch / file) if file else ":memory:"
    config: dict[str, str | bool | int | float | list[str]] = {
        **OFFLINE,
        "temp_directory": str(scratch),
    }
    if file:
        config["memory_limit"] = MEMORY_LIMIT
    connection = duckdb.connect(database, config=config)
    connection.execute("SET pandas_analyze_sample = 0")  # no guesses at what Python objects are
    with suppress(duckdb.InvalidInputException):  # a notebook that cannot show one anyway
        connection.execute("SET enable_progress_bar = false")  # it would write to standard output
    return connection


def identifier(name: str) -> str:
    """Return `name` as SQL writes a column."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as SQL writes a string."""
    return "'" + text.replace("'", "''") + "'"
