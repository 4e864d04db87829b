"""A table in memory, by columns: numpy arrays, no data-frame library."""

import datetime
import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column, Columns
from plait.core.errors import InvalidData

ColumnKind: TypeAlias = Literal["number", "boolean", "string", "time"]
EXACT = 2**53  # up to here every whole number is a float
TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
_TIME = re.compile(TIME)


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column as it was found.

    Attributes:
        name: as in the source.
        kind: what its values are.
        values: of a `number` float64, NaN for missing; of a `boolean` True, False or None; of a
            `string` str or None; of a `time` an ISO 8601 date or moment as str, or None.
    """

    name: str
    kind: ColumnKind
    values: NDArray[Any]

    @property
    def integer(self) -> bool:
        """Whether it is a number, and nothing that is there has a fraction."""
        if self.kind != "number":
            return False
        there = self.values[~np.isnan(self.values)]
        return bool(there.size and np.all(np.abs(there) <= EXACT) and np.all(there % 1 == 0))

    @property
    def nullable(self) -> bool:
        """Whether a value is missing."""
        if self.kind == "number":
            return bool(np.isnan(self.values).any())
        return any(value is None for value in self.values)

    @classmethod
    def of(cls, name: str, values: Column) -> "RawColumn":
        """Return the column of `values`: a list or an array of scalars, dates or moments."""
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            return cls(name, "number", values.astype(np.float64))
        found = [None if value is None or value != value else value for value in values]
        there = [value for value in found if value is not None]
        if all(map(_is_number, there)):
            numeric = [np.nan if value is None else float(value) for value in found]
            return cls(name, "number", np.array(numeric, dtype=np.float64))
        if all(isinstance(value, bool | np.bool_) for value in there):
            return cls(name, "boolean", objects(v if v is None else bool(v) for v in found))
        texts = [None if value is None else _text(value) for value in found]
        time = all(_TIME.fullmatch(text) for text in texts if text is not None)
        return cls(name, "time" if time else "string", objects(texts))


@dataclass(frozen=True, slots=True)
class Frame:
    """A table: columns of equal length, and what was noticed when it was read."""

    columns: tuple[RawColumn, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Columns) -> "Frame":
        """Return the frame of plain columns."""
        return cls(tuple(RawColumn.of(name, values) for name, values in columns.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.columns[0].values) if self.columns else 0

    def __getitem__(self, name: str) -> RawColumn:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def objects(values: Iterable[object]) -> NDArray[np.object_]:
    """Return a one-dimensional array of objects, whatever they are."""
    found = list(values)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def check_names(names: Iterable[str], where: str) -> None:
    """Refuse two columns of one name.

    Names that differ only in case count as one, because they do in SQL and Parquet tools.

    Raises:
        InvalidData: `data_duplicate_column`.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(name.casefold())
        if other is not None:
            same = f"two columns are named {name!r}"
            alike = f"columns {other!r} and {name!r} differ only in case"
            raise InvalidData(
                "data_duplicate_column",
                same if other == name else alike,
                where=where,
                hint="rename one of them",
            )
        seen[name.casefold()] = name


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        return False
    return not isinstance(value, numbers.Integral) or abs(int(value)) <= EXACT


def _text(value: object) -> str:
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
