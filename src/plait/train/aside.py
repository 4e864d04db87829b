"""Columns that a contract names for something else than to learn from: groups, times, people."""

import datetime
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract
from plait.core.errors import InvalidData, InvalidSettings
from plait.engines.answer import level_text
from plait.evaluate.bin import Floats
from plait.store.frame import RawColumn, objects
from plait.train.feature import check_column, missing

_UTC = datetime.UTC


def aside_names(contract: Contract) -> dict[str, str]:
    """Return the columns by their part in the contract: `group`, `time`, `fairness.group`."""
    fair = contract.fairness.group if contract.fairness else ""
    named = {"group": contract.group, "time": contract.time, "fairness.group": fair}
    return {part: name for part, name in named.items() if name}


def check_aside(columns: Sequence[RawColumn], contract: Contract) -> None:
    """Look for the columns.

    Raises:
        InvalidData: `data_column_missing` when one is absent.
        InvalidSettings: `settings_wrong_value` when one is the target, or the group that fairness
            is judged by is a feature.
    """
    names = [column.name for column in columns]
    for part, name in aside_names(contract).items():
        check_column(name, f"{name!r} in {part}", names)
        learnt = part == "fairness.group" and name in contract.features
        if name == contract.target or learnt:
            raise InvalidSettings(
                "settings_wrong_value",
                f"{name!r} is {'a feature' if learnt else 'the target'} and stands in {part}",
                where=part,
                hint="name another column",
            )


def set_aside(contract: Contract) -> frozenset[str]:
    """Return the columns that are no features, though nobody excluded them."""
    return frozenset(aside_names(contract).values()) - frozenset(contract.features)


def read_aside(columns: Sequence[RawColumn], contract: Contract) -> dict[str, NDArray[np.generic]]:
    """Return their values.

    Args:
        columns: the rows to learn from; each has a time when the contract names one.
        contract: names the columns.

    Returns:
        column -> (n,) values: of the time floats that sort as the times do (of a text seconds since
        1970, UTC where it names no zone), of the others texts, "" for missing.

    Raises:
        InvalidData: `data_format` when a time cannot be read.
    """
    found: dict[str, NDArray[np.generic]] = {}
    for part, name in aside_names(contract).items():
        column = next(each for each in columns if each.name == name)
        found[name] = read_times(column) if part == "time" else _texts(column)
    return found


def timed(column: RawColumn) -> NDArray[np.bool_]:
    """Return (n,) flags of the rows that have a time."""
    there = ~missing(column)
    if column.kind == "number":
        there &= ~np.isinf(column.values)
    return there


def read_times(column: RawColumn) -> Floats:
    """Return (n,) floats that sort as the times do; NaN where there is none.

    Args:
        column: numbers, or texts in ISO 8601.

    Raises:
        InvalidData: `data_format`, with the first value that is no time.
    """
    if column.kind == "number":
        return np.where(timed(column), column.values, np.nan).astype(np.float64)
    return np.array([_seconds(value, column.name) for value in column.values.tolist()])


def groups_of(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return (n,) groups to split by: a row without one stands for itself."""
    alone = [f"\0{row}" if value == "" else value for row, value in enumerate(values.tolist())]
    return np.unique(np.array(alone, dtype=object).astype(str), return_inverse=True)[1]


def _seconds(value: object, name: str) -> float:
    if value is None:
        return float("nan")
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidData(
            "data_format",
            f"{str(value)[:40]!r} is no time",
            where=name,
            hint="give numbers, or times such as 2026-05-31 or 2026-05-31T14:05:00+02:00",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=_UTC)).timestamp()


def _texts(column: RawColumn) -> NDArray[np.generic]:
    absent = missing(column)
    return objects(
        "" if gone else level_text(value)
        for value, gone in zip(column.values.tolist(), absent.tolist(), strict=True)
    )
