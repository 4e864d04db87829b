"""Tables in memory, and what a row's features were in them as of its time.

One SELECT answers a row, whose values are its parameters, and a batch, in one query that joins; see
`plait.store.as_of_select` for why both give the same, bit for bit.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import local
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column, Columns, Scalar
from plait.core.errors import EngineError, InvalidData, InvalidSettings, suggestion
from plait.core.schema import time_of
from plait.store.as_of_select import HELD, TYPES, Select, parameter, row_column
from plait.store.as_of_tree import ROW
from plait.store.duck import OFFLINE, identifier
from plait.store.frame import ColumnKind, Frame, RawColumn, objects

log = logging.getLogger(__name__)
_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|BIGNUM|VARINT")
_UNUSUAL = re.compile(  # a line that is no usual time
    r"^(?!(?:NaT|(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?)$)",
    re.MULTILINE,
)
_PLACE = row_column("")  # of a row in its batch
_CLOSED = (  # GLOBAL: else it holds for the first connection alone, and not for its cursors
    "SET GLOBAL threads = 1",  # requests are answered side by side: each in its own thread
    "SET GLOBAL python_enable_replacements = false",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
)


@dataclass(frozen=True, slots=True)
class _Feature:
    """What a SELECT answers with: the SQL of its value in a batch and for one row."""

    name: str
    kind: ColumnKind
    many: str
    one: str


class AsOf:
    """Features that are looked up; safe to share between threads.

    Attributes:
        kinds: feature -> what its values are.
    """

    def __init__(
        self,
        selects: Mapping[str, Select],
        tables: Mapping[str, Frame],
        row: Mapping[str, ColumnKind],
    ) -> None:
        """Take the tables into memory.

        Args:
            selects: feature -> its SELECT.
            tables: those that are read.
            row: columns of a row that is asked for -> what they are; at least those that are read.

        Raises:
            InvalidSettings: `settings_wrong_value`, a SELECT cannot be run on these tables; the
                feature is named.
            InvalidData: `data_column_missing` or `data_format`, a table lacks its time, or has one
                that cannot be compared with that of a row; `data_too_large`.
        """
        self._row = {name: row[name] for each in selects.values() for name in each.reads}
        self._connection = duckdb.connect(config={**OFFLINE})
        self._connection.execute("SET GLOBAL pandas_analyze_sample = 0")
        self._connection.execute("SET GLOBAL temp_directory = ''")
        self._connection.execute(f"CREATE SCHEMA {HELD}")
        with suppress(duckdb.Error):  # without this extension nothing depends on the zone
            self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        for name, frame in tables.items():
            readers = {each: select for each, select in selects.items() if name in select.tables}
            keys = [key for select in readers.values() for key in select.keys]
            for select in readers.values():
                time = select.tables[name]
                if time:
                    _check_time(name, frame, time, self._row[select.time])
                    keys.append(time)
            self._take(name, frame, keys)
        for sql in _CLOSED:
            self._connection.execute(sql)
        self._features = [self._bound(name, each) for name, each in selects.items()]
        self.kinds = {each.name: each.kind for each in self._features}
        given = (f"${parameter(at)}" for at in range(len(self._row)))  # else one might be unused
        self._one = "SELECT " + ", ".join([*(each.one for each in self._features), *given])
        listed = ", ".join(each.many for each in self._features)
        cells = ", ".join(
            f"{_cast(parameter(at), kind)} AS {identifier(row_column(name))}"
            for at, (name, kind) in enumerate(self._row.items())
        )
        place = identifier(_PLACE)
        asked = " ".join(("SELECT", f"{place}, {cells}", "FROM asked"))
        alias = identifier(ROW)
        self._many = " ".join(
            ("SELECT", listed, "FROM", f"({asked}) AS {alias}", "ORDER BY", f"{alias}.{place}")
        )
        self._own = local()

    def values(self, columns: Columns, rows: int) -> dict[str, Column]:
        """Return the features of some rows: lists of one value, or arrays of more.

        Args:
            columns: every column that is read, `rows` values each.
            rows: how many.

        Raises:
            EngineError: `engine_failed`, a query failed on what the tables or the row hold.
        """
        if not rows:
            return {name: [] for name in self.kinds}
        try:
            return self._of_one(columns) if rows == 1 else self._of_many(columns, rows)
        except (duckdb.Error, ValueError, RuntimeError) as error:  # of a text that is none
            names = " and ".join(self.kinds)
            log.warning("%s cannot be looked up: %s", names, _first(error))
            kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
            raise EngineError(  # what was said may hold a cell of another's row
                "engine_failed",
                f"{names} cannot be looked up: a {kind} in its SQL, which the log tells",
                hint="look at the values that the SQL converts; try_cast takes what it can",
            ) from None

    def _of_one(self, columns: Columns) -> dict[str, Column]:
        values = {
            parameter(at): _plain(columns[name][0], kind)
            for at, (name, kind) in enumerate(self._row.items())
        }
        cursor = self._cursor()
        (found,) = cursor.execute(self._own.one, values).fetchall()
        return {
            each.name: [_finite(value) if each.kind == "number" else value]
            for each, value in zip(self._features, found, strict=False)
        }

    def _of_many(self, columns: Columns, rows: int) -> dict[str, Column]:
        asked: dict[str, NDArray[Any]] = {
            parameter(at): _array(columns[name], kind)
            for at, (name, kind) in enumerate(self._row.items())
        }
        cursor = self._cursor()
        cursor.register("asked", {**asked, _PLACE: np.arange(rows)})
        try:
            found = cursor.execute(self._many).fetchnumpy()
        finally:
            cursor.unregister("asked")
        return {each.name: _answers(found[each.name], each.kind) for each in self._features}

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return this thread's own connection to the tables."""
        if not hasattr(self._own, "cursor"):
            self._own.cursor = self._connection.cursor()
            (self._own.one,) = self._own.cursor.extract_statements(self._one)  # parsed once
        cursor: duckdb.DuckDBPyConnection = self._own.cursor
        return cursor

    def _take(self, name: str, frame: Frame, order: Sequence[str]) -> None:
        """Keep a table, sorted by what it is searched by: then few of its blocks are read."""
        cells = ", ".join(
            f"{_cast(f'c{at}', each.kind)} AS {identifier(each.name)}"
            for at, each in enumerate(frame.columns)
        )
        there = {each.name.lower(): each.name for each in frame.columns}
        by = dict.fromkeys(there[key.lower()] for key in order if key.lower() in there)
        arrays = {f"c{at}": _array(each.values, each.kind) for at, each in enumerate(frame.columns)}
        try:
            self._connection.register("read", arrays)
            rows = self._connection.view("read").project(cells)
            if by:
                rows = rows.order(", ".join(map(identifier, by)))
            rows.create(f"{HELD}.{identifier(name)}")
        except (duckdb.Error, ValueError, RuntimeError) as error:
            raise InvalidData(
                "data_too_large",
                f"it cannot be held in memory: {_first(error)}",
                where=name,
                hint="leave out rows or columns that no feature needs",
            ) from None
        self._connection.unregister("read")

    def _bound(self, name: str, select: Select) -> _Feature:
        """Return what a SELECT answers with, once DuckDB knows every name in it."""
        empty = ", ".join(
            f"TRY_CAST(NULL AS {TYPES[kind]}) AS {identifier(row_column(column))}"
            for column, kind in self._row.items()
        )
        row = f"(SELECT {empty}) AS {identifier(ROW)}"  # TRY_CAST: see `bared`
        try:
            many, one = select.over_rows(), select.over_parameters(self._row)
            alone = " ".join(("DESCRIBE SELECT * FROM", select.over_nothing(self._row)))
            described = self._connection.execute(alone).fetchall()
            self._connection.execute(" ".join(("DESCRIBE SELECT", many, "AS x FROM", row)))
            plan = self._plan(" ".join(("SELECT", select.bared(), "AS x FROM", row)))
            _check_plan(name, plan)
        except (duckdb.Error, UnicodeError) as error:
            raise _wrong(name, _said(error), "look at the tables' columns and the row's") from None
        except RecursionError:
            raise _wrong(name, "it is nested too deep", "write it in plainer SQL") from None
        if len(described) != 1:
            message = f"it selects {len(described)} columns, and a feature is one value"
            raise _wrong(name, message, "select one expression")
        form = str(described[0][1])
        kind = _kind(form)
        if kind is None:
            hint = "a feature is a number, a text, true or false, or a time"
            if form == "INTERVAL":
                hint += ": date_diff('day', earlier, later) is a number"
            raise _wrong(name, f"its value is of the type {form}", hint)
        return _Feature(
            name,
            kind,
            many=f"{_shaped(many, form, kind)} AS {identifier(name)}",
            one=_shaped(one, form, kind),
        )

    def _plan(self, sql: str) -> object:
        """Return how DuckDB understands SQL, with the type of everything in it."""
        query = "SELECT json_serialize_plan($sql::VARCHAR)"
        plan = json.loads(self._connection.execute(query, {"sql": sql}).fetchall()[0][0])
        if plan["error"]:
            raise duckdb.Error(f"Error: {plan['error_message']}")
        return plan["plans"]


def _check_time(name: str, frame: Frame, time: str, wanted: ColumnKind) -> None:
    """Look for the column that says when the rows of a table were known."""
    where = f"tables.{name}.time"
    if time not in frame.names:
        reason = f"{time!r} is no column of {name}"
        hint = suggestion(time, frame.names)
        raise InvalidData("data_column_missing", reason, where=where, hint=hint)
    found = frame[time].kind
    if found != wanted or found not in ("time", "number"):
        raise InvalidData(
            "data_format",
            f"{time!r} of {name} is a {found}, and the row's time is a {wanted}",
            where=where,
            hint="give both as times such as 2026-05-31, or both as numbers",
        )


def _check_plan(feature: str, plan: object) -> None:
    """Refuse what a SELECT leaves to be guessed: 007 would be 7, and a month 30 days."""
    for node in _nodes(plan):
        if node.get("type") == "OPERATOR_CAST" and not _tried(node):
            child = node.get("child") or node["children"][0]
            of, to = _types([child]), _types([node])  # a constant has none
            if "VARCHAR" in of and "VARCHAR" not in to:
                text = repr(child["alias"]) if child.get("alias") else "a text"
                form = node["return_type"]["id"]
                message = f"{text} is compared with what is none, and would be taken for a {form}"
                hint = "write both alike: cast(row.COLUMN as varchar), try_cast(COLUMN as double)"
                raise _wrong(feature, message, hint)
        aggregated = node.get("expression_class") == "BOUND_AGGREGATE"
        keys = ("children",) if aggregated else ("groups", "distinct_targets")
        if any("INTERVAL" in _types(node.get(key)) for key in keys):
            message = "an INTERVAL is aggregated or grouped, and a month is not 30 days"
            raise _wrong(feature, message, "make it a number: date_diff('day', earlier, later)")


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    """Return every node of a tree."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _nodes(each)


def _types(expressions: object) -> str:
    """Return the types of some expressions of a plan, and all that these are made of."""
    found = expressions if isinstance(expressions, list) else []
    return json.dumps([each.get("return_type") for each in found if isinstance(each, dict)])


def _tried(cast: Mapping[str, Any]) -> bool:
    """Tell whether a CAST is the user's, which were all made TRY_CAST."""
    return bool({**cast, **(cast.get("function_data") or {})}.get("try_cast"))


def _cast(column: str, kind: ColumnKind) -> str:
    """Return the SQL of a column that was handed over; a float's NaN is what we call missing."""
    if kind == "number":
        return f"nullif({column}, 'nan'::DOUBLE)"
    return f"CAST({column} AS {TYPES[kind]})"


def _array(values: Column, kind: ColumnKind) -> NDArray[Any]:
    """Return a column as DuckDB is handed it."""
    if kind == "number":
        numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        return numbers + 0.0  # no negative zero, which equals the other one and is not the same
    return _moments(list(values)) if kind == "time" else objects(values)


def _moments(values: Sequence[str | None]) -> NDArray[Any]:
    """Return times in UTC; the usual ones, which name no zone, without a look at each."""
    texts = ["NaT" if value is None else value for value in values]
    missing = sum(value is None for value in values)
    if not _UNUSUAL.search("\n".join(texts)) and texts.count("NaT") == missing:
        with suppress(ValueError):  # then one of them is none, and is named below
            return np.array(texts, dtype="datetime64[us]")
    return np.array([_moment(value) for value in values], dtype="datetime64[us]")


def _plain(value: Scalar, kind: ColumnKind) -> object:
    """Return a value of one row as DuckDB is handed it."""
    if value is None or value != value:
        return None
    if kind == "number":
        return float(value) + 0.0
    return _moment(value) if kind == "time" else value


def _moment(value: object) -> datetime | None:
    """Return a time in UTC without its zone.

    Raises:
        InvalidData: `data_format`, the text is none.
    """
    if value is None:
        return None
    found = time_of(str(value))
    if found is None:
        hint = "write it as 2026-05-31 or 2026-05-31T14:05:00+02:00"
        raise InvalidData("data_format", f"{str(value)[:40]!r} is no time", hint=hint)
    return found.astimezone(UTC).replace(tzinfo=None)


def _kind(form: str) -> ColumnKind | None:
    if _NUMBER.fullmatch(form):
        return "number"
    if form.startswith(("DATE", "TIMESTAMP")):
        return "time"
    kinds: Mapping[str, ColumnKind] = {"BOOLEAN": "boolean", "VARCHAR": "string"}
    return kinds.get(form)


def _shaped(sql: str, form: str, kind: ColumnKind) -> str:
    """Return the SQL of a value as a column of its kind has it."""
    if kind == "number":
        return f"CAST({sql} AS DOUBLE)"
    if kind == "time":
        known = sql if form == "DATE" else f"CAST({sql} AS TIMESTAMP)"
        return f"replace(CAST({known} AS VARCHAR), ' ', 'T')"
    return sql


def _finite(value: float | None) -> float | None:
    """Return a number; None for a missing one, and for what is none."""
    return value + 0.0 if value is not None and abs(value) <= np.finfo(np.float64).max else None


def _answers(found: NDArray[Any], kind: ColumnKind) -> NDArray[Any]:
    """Return an array of DuckDB, masked where a value is missing, as `RawColumn` has it."""
    if kind == "number":
        numbers = np.ma.filled(found, np.nan).astype(np.float64) + 0.0
        return np.where(np.isfinite(numbers), numbers, np.nan)
    values = np.ma.getdata(found).astype(object)
    values[np.ma.getmaskarray(found)] = None
    return values


def raw_columns(kinds: Mapping[str, ColumnKind], values: Columns) -> tuple[RawColumn, ...]:
    """Return looked-up features as columns of a table."""
    return tuple(
        RawColumn.of(name, objects(values[name]))
        if kind in ("string", "time")
        else RawColumn(name, kind, _array(values[name], kind))
        for name, kind in kinds.items()
    )


def _first(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _said(error: Exception) -> str:
    """Return what DuckDB says of a SELECT, in the names that its author wrote."""
    said = _first(error).partition("Error: ")[2] or _first(error)
    said = said.replace("Values list", "the table")
    return said.replace('"row.', '"').replace("row.row.", "row.")


def _wrong(feature: str, message: str, hint: str) -> InvalidSettings:
    where = f"features.{feature}.sql"
    return InvalidSettings("settings_wrong_value", message, where=where, hint=hint)
