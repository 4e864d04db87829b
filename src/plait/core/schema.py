"""What the fields of a row are, and how a row from outside is read by them."""

import datetime
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, cast

from plait.core.columns import Row, Scalar
from plait.core.errors import InvalidRequest, nearest_of, shown, suggestion
from plait.core.ids import Json

FieldKind: TypeAlias = Literal["number", "boolean", "category", "text", "time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a row.

    Attributes:
        name: as in the data.
        kind: `number`, `boolean`, `category` (few levels), `text` (many) or `time`.
        nullable: whether it may be missing.
        integer: a number without fractions in the data it was inferred from.
        low: smallest number seen, sentinels apart.
        high: largest number seen, sentinels apart.
        levels: the levels of a category, most frequent first.
        sentinels: numbers that stand for "missing", such as 999.
        label: what a person calls it; "" when the name says it.
        unit: `percent`, `usd`, `years`, ...; "" when there is none.
        also: what else people call it, by which its value is found in what they write.
    """

    name: str
    kind: FieldKind
    nullable: bool = False
    integer: bool = False
    low: float | None = None
    high: float | None = None
    levels: tuple[str, ...] = ()
    sentinels: tuple[float, ...] = ()
    label: str = ""
    unit: str = ""
    also: tuple[str, ...] = ()

    def record(self) -> dict[str, Json]:
        """Return the field ready for JSON, without what is at its default."""
        found: dict[str, Json] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                found[each.name] = list(value) if isinstance(value, tuple) else value
        return found

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Field":
        """Return the field that `record()` wrote."""
        values: dict[str, Any] = dict(record)
        for name in ("levels", "sentinels", "also"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of a table, in order."""

    fields: tuple[Field, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order."""
        return tuple(field.name for field in self.fields)

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def record(self) -> list[Json]:
        """Return the schema ready for JSON."""
        return [field.record() for field in self.fields]

    @classmethod
    def read(cls, record: Sequence[Mapping[str, Json]]) -> "Schema":
        """Return the schema that `record()` wrote."""
        return cls(tuple(Field.read(each) for each in record))


def time_of(text: str) -> datetime.datetime | None:
    """Return a time in ISO 8601, UTC where it names no zone; None when the text is none.

    A time that UTC would have before the year 1 or after 9999 is none either.
    """
    try:
        found = datetime.datetime.fromisoformat(text)
        if found.tzinfo is None:
            return found.replace(tzinfo=datetime.UTC)
        found.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
    return found


class RowReader:
    """Checks rows from outside against a schema and turns them into columns.

    Strict on purpose: a number as text, a missing field or an unknown one is the caller's mistake,
    and an answer computed from a guess is worse than an error. A level never seen in training is
    not a mistake; the encoder has a place for it. Nor is a column of the data that training left
    out: a row may be sent as it was trained on.
    """

    def __init__(self, schema: Schema, ignored: Collection[str] = ()) -> None:
        """Read rows by `schema`; whatever stands in a column of `ignored` is passed over."""
        self._names = schema.names
        self._known = frozenset(schema.names)
        self._told = self._known.union(ignored)
        self._numbers = tuple((f.name, f) for f in schema.fields if f.kind == "number")
        self._others = tuple(
            (f.name, _USUAL.get(f.kind, str), f) for f in schema.fields if f.kind != "number"
        )

    def columns(self, rows: Sequence[Row]) -> dict[str, list[Scalar]]:
        """Return one list per field of the schema.

        Raises:
            InvalidRequest: a row is no mapping, misses a field, has an unknown one, or a value of a
                wrong type.
        """
        columns: dict[str, list[Scalar]] = {name: [] for name in self._names}
        for index, row in enumerate(rows):
            if row.__class__ is not dict and not isinstance(row, Mapping):
                raise _not_a_row(row, index)
            if not self._known.issuperset(row) and not self._told.issuperset(row):
                raise self._unknown(row, index)
            for name, field in self._numbers:  # usual values inline: every request passes here
                value = row.get(name)
                usual = (value.__class__ is float and -math.inf < value < math.inf) or (
                    value.__class__ is int and -_WORD < value < _WORD
                )
                columns[name].append(value if usual else _value(row, field, index))
            for name, kind, field in self._others:
                value = row.get(name)
                usual = value.__class__ is kind
                columns[name].append(value if usual else _value(row, field, index))
        return columns

    def _unknown(self, row: Row, index: int) -> InvalidRequest:
        name = min(str(each) for each in row if each not in self._told)
        near = nearest_of(name, sorted(self._told))
        return InvalidRequest(
            "row_unknown_field",
            f"unknown field {shown(name)}",
            where=f"rows[{index}]",
            hint=f"did you mean {near!r}?" if near else suggestion(name, self._names),
        )


_ABSENT = object()
_WORD = 2**63
_CLASSES: dict[FieldKind, tuple[type, ...]] = {"number": (float, int, bool), "boolean": (bool,)}
_USUAL: dict[FieldKind, type] = {"boolean": bool, "time": object}
"""The class of a value that needs no check; of a time there is none."""

_WORDS: dict[FieldKind, str] = {
    "number": "a number",
    "boolean": "true or false",
    "time": "a time such as 2024-05-31",
}


def _value(row: Row, field: Field, index: int) -> Scalar:
    """Return the value of one field, with every check."""
    value = row.get(field.name, _ABSENT)
    if value is None or value is _ABSENT or (isinstance(value, float) and math.isnan(value)):
        if field.nullable:
            return None
        raise InvalidRequest(
            "row_missing_field",
            f"{field.name!r} is {'missing' if value is _ABSENT else 'null'}, "
            "and it never was in training",
            where=f"rows[{index}]",
            hint=f"send {_wanted(field)}",
        )
    fits = value.__class__ in _CLASSES.get(field.kind, (str,))
    if not fits or (field.kind == "time" and time_of(cast(str, value)) is None):
        raise _wrong("row_wrong_type", field, index, f"{shown(value)}, not {_wanted(field)}")
    if field.kind == "number" and abs(cast(float, value)) > sys.float_info.max:
        raise _wrong("row_not_finite", field, index, f"{shown(value)}, not a finite number")
    return cast(Scalar, value)


def _wrong(code: str, field: Field, index: int, found: str) -> InvalidRequest:
    return InvalidRequest(
        code,
        f"{field.name!r} is {found}",
        where=f"rows[{index}].{field.name}",
        hint=f"send {_wanted(field)}{' or null' if field.nullable else ''}",
    )


def _not_a_row(row: object, index: int) -> InvalidRequest:
    return InvalidRequest(
        "request_shape",
        f"the row is {shown(row)}, not an object",
        where=f"rows[{index}]",
        hint='send {"field": value, ...}',
    )


def _wanted(field: Field) -> str:
    return _WORDS.get(field.kind, "a string")
