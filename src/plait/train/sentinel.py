"""Numbers that stand for "missing": 999 among counts that end at 15.

Only four shapes are believed, for an honest number read as missing is damage, while a sentinel
read as a number is mostly an outlier that trees shrug off. A code is a number written as people
write "missing": 77, 88, 99, 666, 777 and longer, of either sign.

- a code apart: beyond every number that is no code, by at least twice their range; by ten times
  when one row alone has it. A negative code in two rows or more is apart where no other number is
  below zero.
- a code in the tail: at least three digits, in at least ten rows, beyond half of which at most 2 %
  of the other rows lie, each of their numbers in a fifth as many rows at most, 20 numbers in all.
- minus one or minus nine: below at least 20 other numbers, none of which is negative, and in five
  times as many rows as any number up to nine.
- any number apart: but zero, in three rows or more, beyond at least 20 other numbers by twenty
  times their range.
"""

import numpy as np
from numpy.typing import NDArray

_CODES = np.array(
    sorted(
        [float(digit * length) for digit in "789" for length in range(2, 9)]
        + [float("6" * length) for length in range(3, 9)]
    )
)
_ROUNDING = 1e-6  # 999999 comes back as 999999.375 from some 32-bit floats

_APART, _APART_ALONE, _APART_NO_CODE = 2, 10, 20
_TAIL, _TAIL_ROWS = 0.02, 10
_EXCESS = 5
_MANY = 20

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_Flags = NDArray[np.bool_]


def sentinels_of(values: _Floats) -> tuple[float, ...]:
    """Return the numbers of a column that stand for "missing", ascending.

    Args:
        values: (n,) numbers as they are in the data; NaN is missing already.

    Example:
        >>> sentinels_of(np.array([0.0, 3.0, 1.0, 2.0, 999.0, 999.0]))
        (999.0,)
    """
    numbers, rows = np.unique(values[np.isfinite(values)], return_counts=True)
    codes = _are_codes(numbers)
    found = codes & (_apart(numbers, rows, codes) | _in_tail(numbers, rows))
    found |= _minus(numbers, rows)
    found |= _repeated_apart(numbers, rows, found)
    return tuple(numbers[found].tolist())


def _are_codes(numbers: _Floats) -> _Flags:
    """Tell which numbers are written as people write "missing"."""
    sizes = np.abs(numbers)
    nearest = np.take(_CODES, np.searchsorted(_CODES, sizes * (1 - _ROUNDING)), mode="clip")
    return np.asarray(np.abs(nearest - sizes) <= _ROUNDING * sizes)


def _apart(numbers: _Floats, rows: _Ints, codes: _Flags) -> _Flags:
    """Tell which numbers are far beyond all that are no codes."""
    rest = numbers[~codes]
    if len(rest) < 2:
        return np.zeros(len(numbers), dtype=np.bool_)
    low, high = rest[0], rest[-1]
    distance = np.maximum(numbers - high, low - numbers)
    needed = np.where(rows > 1, _APART, _APART_ALONE) * (high - low)
    below_zero = (low >= 0) & (numbers < 0) & (rows > 1)
    return np.asarray((distance >= needed) | below_zero)


def _in_tail(numbers: _Floats, rows: _Ints) -> _Flags:
    """Tell which numbers of three digits or more pile up where the data has all but ended."""
    piled = (np.abs(numbers) >= 100) & (rows >= _TAIL_ROWS) & (len(numbers) > _MANY)
    for index in np.flatnonzero(piled):
        there = (
            numbers >= numbers[index] / 2 if numbers[index] > 0 else numbers <= numbers[index] / 2
        )
        there[index] = False
        thin = rows[there].sum() <= _TAIL * (rows.sum() - rows[index])
        piled[index] = thin and rows[index] >= _EXCESS * rows[there].max(initial=0)
    return np.asarray(piled)


def _minus(numbers: _Floats, rows: _Ints) -> _Flags:
    """Tell whether -1 or -9 marks what is missing among many numbers that are not negative."""
    marks = np.isin(numbers, (-1.0, -9.0))
    rest = ~marks
    if rest.sum() < _MANY or numbers[rest][0] < 0:
        return np.zeros(len(numbers), dtype=np.bool_)
    usual = rows[rest & (numbers <= 9)].max(initial=1)
    return np.asarray(marks & (rows >= _EXCESS * usual))


def _repeated_apart(numbers: _Floats, rows: _Ints, found: _Flags) -> _Flags:
    """Tell whether the outermost number left is far beyond the others though it is no code."""
    apart = np.zeros(len(numbers), dtype=np.bool_)
    left = np.flatnonzero(~found)
    if len(left) <= _MANY:
        return apart
    for outermost, rest in ((left[0], left[1:]), (left[-1], left[:-1])):
        low, high = numbers[rest[0]], numbers[rest[-1]]
        distance = max(numbers[outermost] - high, low - numbers[outermost])
        far = distance >= _APART_NO_CODE * (high - low)
        apart[outermost] = far and rows[outermost] >= 3 and numbers[outermost] != 0
    return apart
