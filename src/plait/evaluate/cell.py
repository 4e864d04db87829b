"""A raw column read as cells: the levels of a category, or narrow ranges of a number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plait.evaluate.bin import Floats, Ints, equal_mass_bins

MOST_LEVELS = 50
"""A number with at most this many distinct values is read as levels: codes, counts, flags."""

MOST_CELLS = 1_000
"""A number with more distinct values is read as ranges of equal mass, at most this many. Of a
column of text the commonest levels are kept, as many, and the others share one cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells of one column.

    Attributes:
        codes: (n,) the cell of each row, 0 upwards; missing values have the highest.
        first: per cell, its least value as a person would write it; a level is its own least.
        last: per cell, its greatest value.
        numeric: whether the cells follow one another as numbers, the missing apart.
        ranges: whether they are ranges of a number with many values, and not levels.
        missing: whether the last cell is that of missing values.
    """

    codes: Ints
    first: Sequence[str]
    last: Sequence[str]
    numeric: bool
    ranges: bool
    missing: bool

    def __len__(self) -> int:
        return len(self.first)

    def describe(self, chosen: NDArray[np.bool_]) -> str:
        """Say which cells are chosen, as the end of the phrase 'where the column ...'.

        Args:
            chosen: (cells,) a mask; of ranges, one run and perhaps the missing.
        """
        if self.ranges:
            return self._describe_range(chosen)
        inside = [name for name, kept in zip(self.first, chosen, strict=True) if kept]
        outside = [name for name, kept in zip(self.first, chosen, strict=True) if not kept]
        if len(outside) == 1 < len(inside):
            return f"is not {outside[0]}"
        if len(inside) < 4:
            return f"is {_listed(inside)}"
        if len(outside) < 4:
            return f"is none of {', '.join(outside)}"
        return f"is one of {len(inside)} values ({', '.join(inside[:3])}, ...)"

    def _describe_range(self, chosen: NDArray[np.bool_]) -> str:
        absent = self.missing and bool(chosen[-1])
        values = len(self) - self.missing
        run = np.flatnonzero(chosen[:values])
        if not len(run):
            return "is missing"
        low, high = self.first[run[0]], self.last[run[-1]]
        if len(run) == values:
            return "is not missing"
        if run[0] == 0:
            phrase = f"is at most {high}"
        elif run[-1] == values - 1:
            phrase = f"is at least {low}"
        else:
            phrase = f"is {low} to {high}"
        return f"{phrase} or missing" if absent else phrase


def cells_of(column: NDArray[np.generic]) -> Cells:
    """Read a raw column as cells.

    Args:
        column: (n,) numbers, booleans, or objects, which count as levels by their text. NaN and
            None are missing.
    """
    if column.dtype.kind in "fiub":
        numbers = column.astype(np.float64)
        absent = np.isnan(numbers)
        return _of_numbers(numbers[~absent], absent)
    absent = np.array([value is None or value != value for value in column], dtype=np.bool_)
    return _of_texts([str(value) for value in column[~absent]], absent)


def _of_texts(present: list[str], absent: NDArray[np.bool_]) -> Cells:
    rows = Counter(present)
    kept = sorted(sorted(rows, key=lambda name: (-rows[name], name))[:MOST_CELLS])
    others = ["any other"] if len(rows) > MOST_CELLS else []
    code = {name: index for index, name in enumerate(kept)}
    codes = np.array([code.get(name, len(kept)) for name in present], dtype=np.int64)
    return _with_missing(codes, kept + others, absent)


def _of_numbers(present: Floats, absent: NDArray[np.bool_]) -> Cells:
    distinct, codes = np.unique(present, return_inverse=True)
    if len(distinct) <= MOST_LEVELS:
        return _with_missing(codes, _written(distinct), absent, numeric=True)
    codes = equal_mass_bins(present, MOST_CELLS)
    ends = np.cumsum(np.bincount(codes))
    ascending = np.sort(present)
    first = _written(ascending[np.append(0, ends[:-1])])
    return _with_missing(codes, first, absent, numeric=True, last=_written(ascending[ends - 1]))


def _with_missing(
    present: Ints,
    first: list[str],
    absent: NDArray[np.bool_],
    *,
    numeric: bool = False,
    last: list[str] | None = None,
) -> Cells:
    """Put the rows that have no value back, in a cell of their own behind the others."""
    codes = np.full(len(absent), len(first), dtype=np.int64)
    codes[~absent] = present
    some = bool(absent.any())
    extra = ["missing"] if some else []
    return Cells(codes, first + extra, (last or first) + extra, numeric, last is not None, some)


def _written(values: Floats) -> list[str]:
    return [f"{value:.6g}" for value in values]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
