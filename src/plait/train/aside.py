"""Columns that a contract names for something else than to learn from: groups, times, people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Contract, Problem
from plait.core.errors import InvalidData, InvalidSettings
from plait.core.schema import time_of
from plait.engines.answer import level_text
from plait.evaluate.bin import Floats
from plait.store.frame import RawColumn, objects
from plait.train.feature import check_column, missing


def aside_names(contract: Contract) -> list[tuple[str, str]]:
    """Return the columns after their part in the contract: `group`, `time`, `fairness.group`."""
    fair = contract.fairness.groups if contract.fairness else ()
    named = [("group", contract.group), ("time", contract.time)]
    named += [("fairness.group", name) for name in fair]
    return [(part, name) for part, name in named if name]


def check_aside(columns: Sequence[RawColumn], contract: Contract) -> None:
    """Look for the columns.

    Raises:
        InvalidData: `data_column_missing` when one is absent, or has no value.
        InvalidSettings: `settings_wrong_value` when one is the target, or the group that fairness
            is judged by is a feature.
    """
    names = [column.name for column in columns]
    for part, name in aside_names(contract):
        check_column(name, f"{name!r} in {part}", names)
        if missing(columns[names.index(name)]).all():
            raise InvalidData(
                "data_column_missing",
                f"the column in {part} has no value in any row",
                where=name,
                hint=f"fill it, or remove `{part}` from the contract",
            )
        learnt = part == "fairness.group" and name in contract.named
        if name == contract.target or learnt:
            raise InvalidSettings(
                "settings_wrong_value",
                f"{name!r} is {'a feature' if learnt else 'the target'} and stands in {part}",
                where=part,
                hint="name another column",
            )


def check_judged(contract: Contract, problem: Problem) -> None:
    """Refuse what is required and could not be judged: nobody could say that it is met.

    Raises:
        InvalidSettings: `settings_wrong_value`, when `fairness` is asked for and the answer is no
            choice of two, or `calibrated` where there are no probabilities.
    """
    many = "is a number" if problem == "regression" else "has more than two levels"
    if contract.fairness is not None and problem != "binary":
        raise InvalidSettings(
            "settings_wrong_value",
            f"fairness compares how often groups get one of two answers, and {contract.target} "
            f"{many}",
            where="fairness",
            hint="name a target of two levels, or remove `fairness`",
        )
    if contract.require.calibrated and problem == "regression":
        raise InvalidSettings(
            "settings_wrong_value",
            f"probabilities are calibrated, and {contract.target} {many}",
            where="require.calibrated",
            hint="remove `calibrated`, or ask for an `interval`",
        )


def set_aside(contract: Contract) -> frozenset[str]:
    """Return the columns that are no features, though nobody excluded them."""
    return frozenset(name for _, name in aside_names(contract)) - contract.chosen


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
    for part, name in aside_names(contract):
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
    moment = time_of(str(value))
    if moment is None:
        raise InvalidData(
            "data_format",
            f"{str(value)[:40]!r} is no time",
            where=name,
            hint="give numbers, or times such as 2026-05-31 or 2026-05-31T14:05:00+02:00",
        )
    return moment.timestamp()


def _texts(column: RawColumn) -> NDArray[np.generic]:
    absent = missing(column)
    return objects(
        "" if gone else level_text(value)
        for value, gone in zip(column.values.tolist(), absent.tolist(), strict=True)
    )
