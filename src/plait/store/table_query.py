"""Reading a table that a query answers with, from a database named by a URL."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib import import_module
from typing import TypeAlias
from urllib.parse import urlsplit

import apsw
import duckdb

from plait.core.errors import InvalidData
from plait.core.extras import missing
from plait.store.duck import OFFLINE
from plait.store.frame import Frame, RawColumn, check_names

Answer: TypeAlias = tuple[list[str], Sequence[Sequence[object]]]
_TIMEOUT_SECONDS = 10


def read_query(sql: str, url: str) -> Frame:
    """Return what one SELECT answers with.

    Args:
        sql: the SELECT.
        url: `sqlite:///path`, `duckdb:///path` or `postgresql://user:password@host/database`.
            Every database is opened for reading only.

    Raises:
        InvalidData: `data_connection`, the database cannot be reached or refuses the query;
            `data_empty`, it answers with no rows; `data_duplicate_column`.
        MissingExtra: the driver is not installed.
    """
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"  # without the password
    if parts.scheme not in _DATABASES:
        known = ", ".join(f"{scheme}://" for scheme in _DATABASES)
        raise _refused(where, f"the address begins with none of {known}")
    names, rows = _DATABASES[parts.scheme](sql, url, where)
    check_names(names, where)
    if not rows:
        raise InvalidData(
            "data_empty", "the query answers with no rows", where=where, hint="widen the query"
        )
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return Frame(tuple(RawColumn.of(name, values) for name, values in columns))


def _sqlite(sql: str, url: str, where: str) -> Answer:
    try:
        with closing(apsw.Connection(_path(url), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            cursor = connection.execute(sql)
            names = [str(each[0]) for each in cursor.description]
            return names, cursor.fetchall()
    except apsw.ExecutionCompleteError:  # apsw tells no names when there are no rows
        return [], []
    except apsw.Error as error:
        raise _refused(where, str(error)) from None


def _duckdb(sql: str, url: str, where: str) -> Answer:
    try:
        with closing(duckdb.connect(_path(url), read_only=True, config={**OFFLINE})) as connection:
            cursor = connection.execute(sql)
            names = [str(each[0]) for each in cursor.description or ()]
            return names, cursor.fetchall()
    except duckdb.Error as error:
        raise _refused(where, str(error)) from None


def _postgres(sql: str, url: str, where: str) -> Answer:
    try:
        psycopg = import_module("psycopg")
    except ImportError:
        raise missing("psycopg") from None
    try:
        with psycopg.connect(url, connect_timeout=_TIMEOUT_SECONDS) as connection:
            connection.read_only = True
            cursor = connection.execute(sql)
            return [each.name for each in cursor.description or ()], cursor.fetchall()
    except psycopg.Error as error:
        raise _refused(where, str(error)) from None


_DATABASES: Mapping[str, Callable[[str, str, str], Answer]] = {
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "postgresql": _postgres,
    "postgres": _postgres,
}


def _path(url: str) -> str:
    """Return what follows `scheme:///`: a relative path, or with a fourth `/` an absolute one."""
    return url.partition(":///")[2]


def _refused(where: str, message: str) -> InvalidData:
    return InvalidData(
        "data_connection",
        " ".join(message.split()),
        where=where,
        hint="check the address, the password and the query",
    )
