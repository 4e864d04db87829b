"""What is to be predicted: one raw column read as classes or as a number."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Problem
from plait.core.errors import InvalidData, InvalidSettings, nearest_of
from plait.engines.answer import level_text
from plait.evaluate.split import MINIMUM_ROWS
from plait.store.frame import RawColumn
from plait.train.feature import missing, spoilt_numbers

Level: TypeAlias = bool | int | float | str
Truth: TypeAlias = NDArray[np.int64] | NDArray[np.float64]

LARGEST = 1e150
"""Of a number to predict: the square of one beyond overflows."""

MOST_CLASSES = 20
"""A numeric target with more distinct values than this is a quantity."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Target:
    """A target, in the rows that have one.

    Attributes:
        rows: (n,) indexes of these rows.
        values: (n,) class indexes as integers, or numbers as floats.
        classes: the levels in the order of the indexes, of the type they have in the data; the
            positive one of two is second. Empty for a regression.
        problem: what is predicted.
    """

    rows: NDArray[np.int64]
    values: Truth
    classes: tuple[Level, ...]
    problem: Problem


def read_target(
    column: RawColumn,
    positive: str = "",
    *,
    minimum: int = MINIMUM_ROWS,
    quantities: bool = True,
    asked: bool = False,
) -> Target:
    """Read the target.

    A number with a fraction, with more than 20 distinct values, or with a value that one row alone
    has, is a quantity, unless it has two values only; every other column is one of classes.

    Args:
        column: the target, every row of the data.
        positive: the level of two that counts as positive, as text; "" takes the last in order.
        minimum: rows that must have it.
        quantities: whether it may be one; if not, every number is a level.
        asked: whether it is known to be one, so that few distinct values are no levels.

    Raises:
        InvalidData: `data_target_kind` for a time, or a number that is infinite or beyond 1e150;
            `data_target_constant` with fewer than two values; `data_too_small` with fewer than
            `minimum` rows, or 2 rows of a class.
        InvalidSettings: `settings_wrong_value` when `positive` is none of two levels.
    """
    if column.kind == "time":
        raise InvalidData(
            "data_target_kind",
            "it is a time",
            where=column.name,
            hint="name a target of classes or numbers, such as a duration",
        )
    rows = np.flatnonzero(~missing(column))
    present = column.values[rows]
    if column.kind == "number":
        _check_finite(column.name, present, rows)
    levels, indexes, counts = np.unique(present, return_inverse=True, return_counts=True)
    _check_size(column.name, levels, counts, len(column.values), minimum)
    quantity = quantities and column.kind == "number" and len(levels) > 2
    if quantity and (asked or _is_quantity(levels, counts)):
        if positive:
            raise _wrong_positive(positive, column.name, [])
        values = present.astype(np.float64)
        return Target(rows=rows, values=values, classes=(), problem="regression")
    classes = tuple(_level(level) for level in levels.tolist())
    spoilt = spoilt_numbers(levels, counts, quoted=True) if column.kind == "string" else ""
    _check_classes(column.name, classes, counts, spoilt)
    if positive and positive_first(classes, positive, column.name):
        classes, indexes = classes[::-1], 1 - indexes
    problem: Problem = "binary" if len(classes) == 2 else "multiclass"
    return Target(rows=rows, values=indexes.astype(np.int64), classes=classes, problem=problem)


def positive_first(classes: tuple[Level, ...], positive: str, name: str) -> bool:
    """Tell whether the positive level is the first of two.

    Raises:
        InvalidSettings: `settings_wrong_value` when `positive` is none of two levels.
    """
    texts = [level_text(level) for level in classes]
    matches = [text == positive for text in texts]
    if not any(matches):  # YES for yes, unless the levels themselves differ in case alone
        matches = [text.casefold() == positive.casefold() for text in texts]
    if len(texts) != 2 or sum(matches) != 1:
        raise _wrong_positive(positive, name, texts)
    return matches[0]


def _is_quantity(levels: NDArray[np.float64], counts: NDArray[np.int64]) -> bool:
    fractions = bool((levels != np.floor(levels)).any())
    return len(levels) > MOST_CLASSES or fractions or bool(counts.min() < 2)


def _level(value: Level) -> Level:
    """Return a level in its type: a whole number as int, for a file may write 1 as 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _check_finite(name: str, values: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
    beyond = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if beyond.size:
        at = beyond[0]
        raise InvalidData(
            "data_target_kind",
            f"row {rows[at] + 1:,} has {values[at]:g}, which no candidate predicts"
            + (f"; so have {beyond.size - 1:,} more" if beyond.size > 1 else ""),
            where=name,
            hint="mend or empty the cells, or give the target in a larger unit",
        )


def _check_size(
    name: str, levels: NDArray[np.generic], counts: NDArray[np.int64], rows: int, minimum: int
) -> None:
    present = int(counts.sum())
    if len(levels) < 2:
        texts = [level_text(_level(level)) for level in levels.tolist()]
        held = f"is {texts[0]} in every row that has it" if texts else "is missing in every row"
        raise InvalidData(
            "data_target_constant",
            f"the target {held}",
            where=name,
            hint="name another target, or give rows of another outcome",
        )
    if present < minimum:
        raise InvalidData(
            "data_too_small",
            f"{present} of {rows} rows have the target, too few to compare anything",
            where=name,
            hint=f"give at least {minimum}",
        )


def _check_classes(
    name: str, classes: tuple[Level, ...], counts: NDArray[np.int64], spoilt: str
) -> None:
    if counts.min() < 2:
        rare = level_text(classes[counts.argmin()])
        hint = "give at least 2 rows of each class, or merge it into another"
        raise InvalidData(
            "data_too_small",
            f"one row only is {rare}, the rarest of {len(classes)} classes",
            where=name,
            hint=f"to predict a number mend or empty them: {spoilt}" if spoilt else hint,
        )


def _wrong_positive(positive: str, name: str, levels: list[str]) -> InvalidSettings:
    if len(levels) != 2:
        what = f"has {len(levels)} classes" if levels else "is a quantity"
        message, hint = f"{name} {what} and no positive level", "remove `positive`"
    else:
        near = nearest_of(positive, levels)
        message = f"{positive!r} is no level of {name}"
        hint = f"did you mean {near!r}?" if near else f"one of {', '.join(levels)}"
    return InvalidSettings("settings_wrong_value", message, where="positive", hint=hint)
