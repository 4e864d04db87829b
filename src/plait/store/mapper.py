"""Rows of SQL from records and back, by the names of their fields."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, cast

import orjson

from plait.core.ids import Json
from plait.store.database import Value, Values
from plait.store.record import (
    ArtefactRow,
    AuditRow,
    CollectionRow,
    DatasetRow,
    DecisionRow,
    DocumentRow,
    EvidenceRow,
    JobRow,
    KeyRow,
    LogRow,
    PassageRow,
    R,
    ReleaseRow,
    RequestRow,
    SourceRow,
    StepRow,
    VectorRow,
)

_JSON = {"body", "content", "arguments", "result", "error", "details", "metadata"}
_TUPLE = {"scopes", "roles", "headings"}


def dump(value: Json) -> str | None:
    """Return `value` as JSON text, and null as SQL's NULL.

    Raises:
        TypeError: it is not JSON.
    """
    return None if value is None else orjson.dumps(value, default=_plain).decode()


def load(text: Value) -> Json:
    """Return what `dump` wrote."""
    return None if text is None else cast(Json, orjson.loads(cast(str, text)))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


class Table(Generic[R]):
    """How one kind of record lies in SQL.

    Attributes:
        kind: the class of the record.
        columns: its fields, in order.
        insert: the statement that adds a row of `values()`.
        select: the statement, as yet without condition, whose rows `row()` reads.
        order: newest first.
    """

    def __init__(self, name: str, kind: type[R]) -> None:
        self.kind = kind
        self._make: Callable[..., R] = kind
        self.columns = tuple(field.name for field in dataclasses.fields(kind))
        self._loads: tuple[Callable[[Any], object] | None, ...] = tuple(map(_load, self.columns))
        names = ", ".join(self.columns)
        marks = ", ".join("?" * len(self.columns))
        # SQLite binds values and never names. Every value is bound; these names are written in
        # this file and in the dataclasses of `record.py`, so that nothing from outside is in them.
        self.insert = " ".join(("INSERT INTO", name, f"({names}) VALUES ({marks})"))
        self.select = " ".join(("SELECT", names, "FROM", name))
        self.order = "ORDER BY " + ("seq DESC" if "seq" in self.columns else _NEWEST)

    def values(self, record: R) -> Values:
        """Return what `insert` binds."""
        return tuple(_value(name, getattr(record, name)) for name in self.columns)

    def row(self, values: Values) -> R:
        """Return the record that a row of `select` holds."""
        pairs = zip(self.columns, self._loads, values, strict=True)
        fields = {name: value if read is None else read(value) for name, read, value in pairs}
        return self._make(**fields)  # of the right types, for the tables are STRICT


_NEWEST = "created DESC, rowid DESC"


def _load(name: str) -> Callable[[Any], object] | None:
    if name in _TUPLE:
        return lambda text: tuple(orjson.loads(text))
    if name == "cancel":
        return bool
    return load if name in _JSON else None


def _value(name: str, value: object) -> Value:
    if name in _JSON or name in _TUPLE:
        return dump(cast(Json, value))
    return cast(Value, value)


_TABLES: Mapping[type[Any], Table[Any]] = {
    kind: Table(name, kind)
    for name, kind in {
        "dataset": DatasetRow,
        "artefact": ArtefactRow,
        "evidence": EvidenceRow,
        "decision": DecisionRow,
        "release": ReleaseRow,
        "api_key": KeyRow,
        "request": RequestRow,
        "job": JobRow,
        "step": StepRow,
        "audit": AuditRow,
        "collection": CollectionRow,
        "document": DocumentRow,
        "source": SourceRow,
        "passage": PassageRow,
        "vector": VectorRow,
        "index_log": LogRow,
    }.items()
}


def table(kind: type[R]) -> Table[R]:
    """Return how records of that kind lie in SQL."""
    return _TABLES[kind]
