"""Whether an answer only rises, or only falls, as one feature grows and all else stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column, Columns
from plait.core.contract import Direction, Problem
from plait.core.errors import InvalidSettings, suggestion
from plait.core.protocol import Runnable
from plait.core.schema import Field, Schema
from plait.evaluate.bin import Floats

WHERE = "require.monotone"
TOLERANCE = 1e-9
"""Of the largest answer: a smaller step back is a matter of rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """How far an answer moved against its direction.

    Attributes:
        feature: that grew.
        direction: in which the answer may move.
        rows: real rows that were swept.
        steps: values of the feature that each row was given.
        share: of the rows whose answer moved back somewhere.
        largest: the farthest that any answer moved back, in the unit of the answer.
    """

    feature: str
    direction: Direction
    rows: int
    steps: int
    share: float
    largest: float

    @property
    def holds(self) -> bool:
        """Whether no answer moved back."""
        return self.share == 0.0


def monotone_signs(
    monotone: Mapping[str, Direction], input: Schema, problem: Problem
) -> dict[str, int]:
    """Return 1 for each feature with which the answer may rise, -1 where it may fall.

    Raises:
        InvalidSettings: `settings_wrong_value`, when a feature is unknown or has no order, or the
            answer is one of three classes or more, which neither rise nor fall.
    """
    for name in monotone:
        if name not in input.names:
            hint = suggestion(name, input.names)
            raise _wrong(name, f"{name!r} is no feature", hint)
        if input[name].kind not in ("number", "boolean"):
            message = f"{name!r} is a {input[name].kind}, which neither grows nor shrinks"
            raise _wrong(name, message, "name a number, or give the levels as numbers")
        if problem == "multiclass":
            message = "one of three levels or more neither rises nor falls"
            raise _wrong(name, message, f"remove {name!r}, or predict a number or one of two")
    return {name: 1 if way == "increasing" else -1 for name, way in monotone.items()}


def sweep(
    runnable: Runnable,
    columns: Columns,
    field: Field,
    direction: Direction,
    *,
    answer: str,
    most_rows: int = 200,
    most_steps: int = 50,
) -> Sweep:
    """Give real rows every value of a feature in turn and look where the answer moves back.

    These are the curves of individual conditional expectation (Goldstein et al. 2015). The values
    are quantiles of those in the rows, the ends of the range included; missing values and
    sentinels have no place in the order and are left out.

    Args:
        runnable: what answers.
        columns: real rows, at least one.
        field: the feature, a number or a boolean.
        direction: in which the answer may move.
        answer: the column to look at: `prediction`, or `probability_<level>`.
        most_rows: rows beyond so many are left out, evenly.
        most_steps: values of the feature to give each row.
    """
    total = len(columns[field.name])
    kept = np.unique(np.linspace(0, total - 1, min(most_rows, total)).astype(np.int64))
    steps = _steps(field, np.asarray(columns[field.name], dtype=object), most_steps)
    table = {name: np.repeat(_array(column)[kept], len(steps)) for name, column in columns.items()}
    table[field.name] = np.tile(_array(steps), len(kept))
    found = np.asarray(runnable.predict(table)[answer], dtype=np.float64)
    curves = found.reshape(len(kept), len(steps)) * (1 if direction == "increasing" else -1)
    back = _fallen(curves)
    moved = back > TOLERANCE * float(np.abs(curves).max(initial=0.0))
    return Sweep(
        feature=field.name,
        direction=direction,
        rows=len(kept),
        steps=len(steps),
        share=float(moved.mean()),
        largest=float(back.max(initial=0.0)) if moved.any() else 0.0,
    )


def _fallen(curves: Floats) -> Floats:
    """Return how far each curve ever falls below where it was before."""
    if curves.shape[1] == 0:
        return np.zeros(len(curves))
    fallen: Floats = (np.maximum.accumulate(curves, axis=1) - curves).max(axis=1)
    return fallen


def _steps(field: Field, values: NDArray[np.generic], most: int) -> Sequence[float | bool]:
    """Return the values to give, ascending."""
    if field.kind == "boolean":
        return [False, True]
    numbers = np.array([np.nan if each is None else each for each in values], dtype=np.float64)
    numbers = numbers[np.isfinite(numbers) & ~np.isin(numbers, field.sentinels)]
    ends = [end for end in (field.low, field.high) if end is not None]
    every = np.unique(np.concatenate([numbers, np.array(ends, dtype=np.float64)]))
    if len(every) > most:
        every = np.unique(np.quantile(every, np.linspace(0, 1, most), method="nearest"))
    steps: list[float] = every.tolist()
    return steps


def _array(column: Column) -> NDArray[np.generic]:
    if isinstance(column, np.ndarray):
        return column
    values = np.empty(len(column), dtype=object)
    values[:] = list(column)
    return values


def _wrong(name: str, message: str, hint: str) -> InvalidSettings:
    return InvalidSettings("settings_wrong_value", message, where=f"{WHERE}.{name}", hint=hint)
