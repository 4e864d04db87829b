"""Rows into a model's matrix, by the codes of a pipeline: a batch at once, or one row in a hurry.

Both ways give the same numbers, bit for bit, so a row is answered alike alone and among others.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column, Columns, Scalar
from plait.core.errors import EngineError
from plait.engines.pipeline import Code, LookupCode, NumberCode, OneHotCode, OrdinalCode

Matrix: TypeAlias = NDArray[np.float64]


class Encoder:
    """Turns columns into numbers; safe to share between threads.

    Attributes:
        fields: names of the fields it reads, in the order of the matrix.
        starts: first position of each field in the matrix; a field ends where the next one starts.
            The codes of a field that has several follow one another.
        width: columns of the matrix.
    """

    def __init__(self, codes: Sequence[Code]) -> None:
        ends = np.cumsum([0, *(code.width for code in codes)]).tolist()
        places: dict[str, int] = {}
        for code, start in zip(codes, ends, strict=False):
            places.setdefault(code.column, start)
        self.fields = tuple(places)
        self.starts: tuple[int, ...] = tuple(places.values())
        self.width: int = ends[-1]
        self._coders = tuple(map(_coder, codes, ends))
        self._by_name = tuple((coder.code.column, coder.row) for coder in self._coders)
        self._zeros = [0.0] * self.width

    def matrix(self, columns: Columns, rows: int) -> Matrix:
        """Return n rows as (n, width), C-contiguous; NaN where a missing value has no fill.

        Args:
            columns: every field of `fields`, `rows` values each; others are ignored.
            rows: how many.

        Raises:
            EngineError: `engine_failed`, when a field is absent or a number is not one.
        """
        matrix = np.zeros((rows, self.width))
        for coder in self._coders:
            block = matrix[:, coder.start : coder.start + coder.code.width]
            try:
                coder.batch(columns[coder.code.column], block)
            except (KeyError, TypeError, OverflowError) as error:
                raise unreadable(coder.code.column, error) from error
        return matrix

    def row(self, columns: Columns) -> list[float]:
        """Return the first row as `width` numbers; otherwise as `matrix`."""
        values = self._zeros.copy()
        name = ""
        try:
            for name, put in self._by_name:
                put(columns[name][0], values)
        except (KeyError, TypeError, OverflowError) as error:
            raise unreadable(name, error) from error
        return values


class _Coder(Protocol):
    """Puts one field into its positions, from `start` on; a position not written stays 0.0."""

    @property
    def code(self) -> Code: ...
    @property
    def start(self) -> int: ...
    def row(self, value: Scalar, values: list[float]) -> None: ...
    def batch(self, column: Column, block: Matrix) -> None: ...


@dataclass(frozen=True, slots=True)
class _Number:
    code: NumberCode
    start: int

    def row(self, value: Scalar, values: list[float]) -> None:
        code = self.code
        number = value if value.__class__ is float else number_of(value)
        if number != number or number in code.sentinels:
            if code.indicator:
                values[self.start + 1] = 1.0
            number = math.nan if code.fill is None else code.fill
        values[self.start] = (number - code.shift) / code.scale

    def batch(self, column: Column, block: Matrix) -> None:
        code = self.code
        numbers = numbers_of(column)
        absent = np.isnan(numbers)
        for sentinel in code.sentinels:
            absent |= numbers == sentinel
        if code.indicator:
            block[:, 1] = absent
        numbers[absent] = np.nan if code.fill is None else code.fill
        with np.errstate(over="ignore", invalid="ignore"):  # as Python's floats in `row`
            block[:, 0] = (numbers - code.shift) / code.scale


@dataclass(frozen=True, slots=True)
class _Ordinal:
    code: OrdinalCode
    start: int
    levels: "_Levels"

    def row(self, value: Scalar, values: list[float]) -> None:
        values[self.start] = self.levels[value]

    def batch(self, column: Column, block: Matrix) -> None:
        block[:, 0] = [self.levels[value] for value in column]


@dataclass(frozen=True, slots=True)
class _OneHot:
    code: OneHotCode
    start: int
    levels: "_Levels"

    def row(self, value: Scalar, values: list[float]) -> None:
        values[self.start + int(self.levels[value])] = 1.0

    def batch(self, column: Column, block: Matrix) -> None:
        at = np.array([self.levels[value] for value in column], dtype=np.intp)
        block[np.arange(len(at)), at] = 1.0


@dataclass(frozen=True, slots=True)
class _Lookup:
    code: LookupCode
    start: int
    rows: Mapping[Scalar, tuple[float, ...]]
    missing: tuple[float, ...]
    unknown: tuple[float, ...]

    def row(self, value: Scalar, values: list[float]) -> None:
        values[self.start : self.start + self.code.width] = self._of(value)

    def batch(self, column: Column, block: Matrix) -> None:
        block[:] = np.array([self._of(value) for value in column]).reshape(block.shape)

    def _of(self, value: Scalar) -> tuple[float, ...]:
        if value is None or value != value:
            return self.missing
        return self.rows.get(value, self.unknown)


class _Levels(dict[Scalar, float]):
    """The index of each level, with an answer for any other value."""

    def __init__(self, levels: Sequence[str], *, missing: float, unknown: float) -> None:
        super().__init__((level, float(index)) for index, level in enumerate(levels))
        self[None] = missing
        self._missing = missing
        self._unknown = unknown

    def __missing__(self, value: Scalar) -> float:
        return self._missing if value != value else self._unknown  # NaN is missing


def _coder(code: Code, start: int) -> _Coder:
    if isinstance(code, NumberCode):
        return _Number(code, start)
    if isinstance(code, OrdinalCode):
        levels = _Levels(code.levels, missing=math.nan, unknown=code.unknown)
        return _Ordinal(code, start, levels)
    if isinstance(code, LookupCode):
        rows: dict[Scalar, tuple[float, ...]] = {}
        rows.update(zip(code.keys, map(_with_nan, code.rows), strict=True))
        return _Lookup(code, start, rows, _with_nan(code.missing), _with_nan(code.unknown))
    last = float(len(code.levels))
    return _OneHot(code, start, _Levels(code.levels, missing=last, unknown=last))


def _with_nan(row: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(math.nan if value is None else value for value in row)


def number_of(value: Scalar) -> float:
    """Return a value as a float, a missing one as NaN; text is a TypeError, digits or not."""
    if value is None:
        return math.nan
    if isinstance(value, str | bytes):  # `float` would read its digits
        raise TypeError(f"{value!r} is no number")
    return float(value)


def numbers_of(column: Column) -> Matrix:
    """Return a column as new float64 numbers, None as NaN; text is a TypeError, digits or not."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column.astype(np.float64)
    return np.asarray(array("d", [math.nan if value is None else value for value in column]))


def unreadable(name: str, error: Exception) -> EngineError:
    """Return the error that says why a column cannot be read."""
    reason = "it is absent" if isinstance(error, KeyError) else str(error)
    return EngineError(
        "engine_failed",
        f"column {name!r} cannot be encoded: {reason}",
        where=name,
        hint="give every field of the artefact's input schema, of the kinds it states",
    )
