"""A table's columns into those of an artefact: checked whole columns at a time.

What is checked is what `plait.core.schema.RowReader` checks of a row. A table may write numbers,
true and false as text: a single text among them makes a whole column of CSV text, and that text is
the one to blame.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Columns
from plait.core.errors import InvalidData, shown, suggestion
from plait.core.schema import Field, time_of
from plait.engines.answer import level_text
from plait.store.frame import Frame, RawColumn, objects
from plait.store.table_read import NUMBER

_number = re.compile(NUMBER).fullmatch
_BOOLEANS = {"true": True, "false": False}  # in text, as a CSV column is with one other text
_NOTHING = np.array(None, dtype=object)
_MOST = 5


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with cells of one column.

    Attributes:
        row: the first of them, counted from 1.
        field: its column.
        problem: what is wrong, with the value.
        cells: how many there are.
    """

    row: int
    field: str
    problem: str
    cells: int


def fit_columns(
    frame: Frame, fields: tuple[Field, ...], where: str, *, first: int = 1
) -> tuple[Columns, Sequence[Misfit]]:
    """Return the columns of `fields`, and what in them does not fit; then they mean nothing.

    Args:
        frame: at least the features, and any other columns.
        fields: of the artefact.
        where: what to call the table in an error.
        first: number of the frame's first row in the table, counted from 1.

    Raises:
        InvalidData: `data_column_missing`.
    """
    refuse_absent(fields, frame.names, where)
    known = {column.name: column for column in frame.columns}
    cells = [_Cells(known[field.name], field, first) for field in fields]
    misfits = [each for column in cells for each in column.misfits()]
    if misfits:
        return {}, misfits
    return {each.field.name: each.values() for each in cells}, ()


def read_columns(frame: Frame, fields: tuple[Field, ...], where: str, *, first: int = 1) -> Columns:
    """Return the columns of `fields`; see `fit_columns`.

    Raises:
        InvalidData: a feature is missing, or a value does not fit it; the row is named.
    """
    columns, misfits = fit_columns(frame, fields, where, first=first)
    if misfits:
        raise misfit_error(misfits, where)
    return columns


def misfit_error(misfits: Sequence[Misfit], where: str) -> InvalidData:
    """Return the error that names the first cell that does not fit, and counts the others."""
    worst = min(misfits, key=lambda each: each.row)
    cells = Counter[str]()
    for each in misfits:
        cells[each.field] += each.cells
    others = cells.total() - 1
    told = ", ".join(f"{name!r} {count:,}" for name, count in cells.most_common(_MOST))
    more = f"; {others:,} more {'cell fits' if others == 1 else 'cells fit'} as little (cells by "
    more += f"column: {told}{', ...' if len(cells) > _MOST else ''})"
    return InvalidData(
        "data_format",
        f"{worst.field!r} {worst.problem}{more if others else ''}",
        where=f"{where}, row {worst.row}",
        hint=f"mend the {'rows' if others else 'row'}, or train on data that looks like it",
    )


def refuse_absent(fields: tuple[Field, ...], names: Collection[str], where: str) -> None:
    """Refuse a table without the columns that an artefact needs.

    Raises:
        InvalidData: `data_column_missing`.
    """
    absent = [field.name for field in fields if field.name not in names]
    if absent:
        more = f", nor {', '.join(map(repr, absent[1:6]))}" if len(absent) > 1 else ""
        more += f" and {len(absent) - 6:,} others" if len(absent) > 6 else ""
        raise InvalidData(
            "data_column_missing",
            f"there is no column {absent[0]!r}{more}, which the contract needs",
            where=where,
            hint=suggestion(absent[0], names),
        )


class _Cells:
    """One column on its way to a field."""

    def __init__(self, column: RawColumn, field: Field, first: int) -> None:
        self.field = field
        self._column = column
        self._first = first
        if column.kind == "number":
            self._absent = np.isnan(column.values)
        else:
            self._absent = np.equal(column.values, _NOTHING).astype(np.bool_)

    def misfits(self) -> Iterator[Misfit]:
        """Yield what does not fit, one for all cells of one reason."""
        if not self.field.nullable:
            yield from self._told(self._absent, "is missing, and it never was in training")
        kind = self._column.kind
        if self.field.kind == "number" and kind == "number":
            yield from self._told(np.isinf(self._column.values), "is infinite")
        elif self.field.kind == "number" and kind != "boolean":
            numbers = self._spread([_number(text) is not None for text in self._there()], True)
            yield from self._told(~numbers, "is text, not a number")
            if numbers.all():
                yield from self._told(np.isinf(self._numbers()), "is infinite")
        elif self.field.kind == "boolean" and kind != "boolean":
            truths = self._spread(self._each(lambda value: _truth(value) is not None), True)
            yield from self._told(~truths, "is neither true nor false")
        elif self.field.kind == "time":
            times = self._spread(self._each(_is_time), True)
            yield from self._told(~times, "is no time such as 2024-05-31")

    def values(self) -> NDArray[Any]:
        """Return the values in the kind of the field; all of them fit."""
        kind, values = self._column.kind, self._column.values
        if self.field.kind == "number":
            return values if kind == "number" else self._numbers()
        if self.field.kind == "boolean":
            return values if kind == "boolean" else self._filled(self._each(_truth))
        if kind in ("string", "time"):
            return values
        # a frame may hold only levels that look like numbers where training saw text as well
        return self._filled(self._each(level_text))

    def _numbers(self) -> NDArray[Any]:
        found = np.full(len(self._absent), np.nan)
        found[~self._absent] = self._column.values[~self._absent].astype(np.float64)
        return found

    def _there(self) -> list[Any]:
        found: list[Any] = self._column.values[~self._absent].tolist()
        return found

    def _each(self, read: Callable[[Any], object]) -> list[Any]:
        """Return `read` of each value that is there, worked out once for equal ones."""
        there = self._there()
        known = {value: read(value) for value in set(there)}
        return [known[value] for value in there]

    def _filled(self, there: list[Any]) -> NDArray[Any]:
        """Return objects, None where a value is missing."""
        found = np.full(len(self._absent), None, dtype=object)
        found[~self._absent] = objects(there)
        return found

    def _spread(self, there: list[bool], absent: bool) -> NDArray[np.bool_]:
        """Return flags of all rows: those of the values that are there, and one for the others."""
        found = np.full(len(self._absent), absent)
        found[~self._absent] = there
        return found

    def _told(self, rows: NDArray[np.bool_], problem: str) -> Iterator[Misfit]:
        """Yield what is wrong with these rows, if there is one."""
        if rows.any():
            at = int(np.argmax(rows))
            cell = self._column.values[at : at + 1].tolist()[0]
            value = "" if self._absent[at] else f" ({shown(cell)})"
            yield Misfit(self._first + at, self.field.name, problem + value, int(rows.sum()))


def _is_time(value: object) -> bool:
    return isinstance(value, str) and time_of(value) is not None


def _truth(value: object) -> bool | None:
    """Return the truth that a text or number stands for; None where it is neither."""
    if isinstance(value, str):
        return _BOOLEANS.get(value.lower())
    return bool(value) if value in (0, 1) else None
