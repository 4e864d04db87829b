"""What the operations of an expression do: to the values of one row, and to whole columns.

Both give the same numbers, bit for bit: sums and comparisons are IEEE's, and what NumPy may round
otherwise is the C library's in both. Missing in is missing out; what has no finite value, such as
x / 0, log(-1) or what overflows, is missing too.
"""

import datetime
import math
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.schema import time_of

Array: TypeAlias = NDArray[Any]

NAN = math.nan
MOST = sys.float_info.max


def _defined(work: Callable[..., float]) -> Callable[..., float]:
    """Return the same with a missing answer to missing values, and where there is no finite one."""

    def found(*numbers: float) -> float:
        for number in numbers:
            if number != number:
                return NAN
        try:
            value = work(*numbers)
        except (ValueError, OverflowError, ZeroDivisionError):
            return NAN
        return value if -MOST <= value <= MOST else NAN

    return found


def _add(a: float, b: float) -> float:
    c = a + b
    return c if -MOST <= c <= MOST else NAN


def _sub(a: float, b: float) -> float:
    c = a - b
    return c if -MOST <= c <= MOST else NAN


def _mul(a: float, b: float) -> float:
    c = a * b
    return c if -MOST <= c <= MOST else NAN


def _div(a: float, b: float) -> float:
    if b == 0.0:
        return NAN
    c = a / b
    return c if -MOST <= c <= MOST else NAN


def _same_text(a: str | None, b: str | None) -> float:
    return NAN if a is None or b is None else float(a == b)


def _other_text(a: str | None, b: str | None) -> float:
    return NAN if a is None or b is None else float(a != b)


def _part(part: Callable[[datetime.datetime], float]) -> Callable[[str | None], float]:
    """Return what reads a part of a time; of a text that is no time it is missing."""

    def found(text: str | None) -> float:
        moment = None if text is None else time_of(text)
        return NAN if moment is None else float(part(moment))

    return found


def _days(later: str | None, earlier: str | None) -> float:
    moments = [None if text is None else time_of(text) for text in (later, earlier)]
    if moments[0] is None or moments[1] is None:
        return NAN
    return (moments[0] - moments[1]) / datetime.timedelta(days=1)


ROW: Mapping[str, Callable[..., float]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _defined(math.pow),
    "neg": lambda a: -a,
    "lt": _defined(lambda a, b: float(a < b)),
    "le": _defined(lambda a, b: float(a <= b)),
    "gt": _defined(lambda a, b: float(a > b)),
    "ge": _defined(lambda a, b: float(a >= b)),
    "eq": _defined(lambda a, b: float(a == b)),
    "ne": _defined(lambda a, b: float(a != b)),
    "and": _defined(lambda a, b: float(a != 0.0 and b != 0.0)),
    "or": _defined(lambda a, b: float(a != 0.0 or b != 0.0)),
    "not": _defined(lambda a: float(a == 0.0)),
    "if": lambda test, yes, no: NAN if test != test else yes if test != 0.0 else no,
    "if_missing": lambda a, b: a if a == a else b,
    "is_missing": lambda a: float(a is None or a != a),
    "min": _defined(min),
    "max": _defined(max),
    "clip": _defined(lambda a, low, high: min(max(a, low), high)),
    "abs": abs,
    "round": _defined(lambda a: float(round(a))),
    "sqrt": _defined(math.sqrt),
    "exp": _defined(math.exp),
    "log": _defined(math.log),
    "log1p": _defined(math.log1p),
    "eq_text": _same_text,
    "ne_text": _other_text,
    "year": _part(lambda moment: moment.year),
    "month": _part(lambda moment: moment.month),
    "day": _part(lambda moment: moment.day),
    "weekday": _part(lambda moment: moment.weekday()),
    "hour": _part(lambda moment: moment.hour),
    "days": _days,
}
"""What each operation does to the values of one row: floats with NaN for missing, texts or None."""


def _bounded(work: Callable[..., Array]) -> Callable[..., Array]:
    """Return the same on arrays, where what is not finite is missing."""

    def found(*columns: Array) -> Array:
        with np.errstate(all="ignore"):
            values = np.asarray(work(*columns), dtype=np.float64)
        return np.where(np.isfinite(values), values, NAN)

    return found


def _told(work: Callable[..., Array]) -> Callable[..., Array]:
    """Return the same on arrays, missing where any of them is."""

    def found(*columns: Array) -> Array:
        absent = reduce(np.logical_or, map(np.isnan, columns))
        return np.where(absent, NAN, work(*columns))

    return found


def _chosen(test: Array, yes: Array, no: Array) -> Array:
    found: Array = np.where(np.isnan(test), NAN, np.where(test != 0.0, yes, no))
    return found


def _filled(values: Array, other: Array) -> Array:
    found: Array = np.where(np.isnan(values), other, values)
    return found


def _least(first: Array, second: Array) -> Array:
    found: Array = np.where(second < first, second, first)
    return found


def _most(first: Array, second: Array) -> Array:
    found: Array = np.where(second > first, second, first)
    return found


def _clip(values: Array, low: Array, high: Array) -> Array:
    return _least(_most(values, low), high)


BATCH: Mapping[str, Callable[..., Array]] = {
    "add": _bounded(np.add),
    "sub": _bounded(np.subtract),
    "mul": _bounded(np.multiply),
    "div": _bounded(lambda a, b: np.where(b == 0.0, NAN, a / b)),
    "neg": lambda a: -a,
    "lt": _told(np.less),
    "le": _told(np.less_equal),
    "gt": _told(np.greater),
    "ge": _told(np.greater_equal),
    "eq": _told(np.equal),
    "ne": _told(np.not_equal),
    "and": _told(lambda a, b: (a != 0.0) & (b != 0.0)),
    "or": _told(lambda a, b: (a != 0.0) | (b != 0.0)),
    "not": _told(lambda a: a == 0.0),
    "if": _chosen,
    "if_missing": _filled,
    "min": _told(_least),
    "max": _told(_most),
    "clip": _told(_clip),
    "abs": np.abs,
    "round": _bounded(lambda a: np.rint(a) + 0.0),
    "sqrt": _bounded(np.sqrt),
}
"""The same on whole columns, where NumPy's arithmetic is IEEE's; other operations go row by row."""
