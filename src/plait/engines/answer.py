"""A model's raw scores into what people read: calibrated probabilities, a level, an interval.

A batch and a single row get the same numbers, bit for bit: every formula is applied in the same
order, and exponentials are the C library's in both, since NumPy's may differ in the last bit.
"""

import math
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Protocol, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Column
from plait.core.errors import EngineError
from plait.core.schema import Field, FieldKind, Schema
from plait.engines.pipeline import Calibration, Pipeline

Level: TypeAlias = bool | int | float | str
Scores: TypeAlias = NDArray[np.float64]


class Answer(Protocol):
    """Turns k raw scores per row into columns; k is the number of classes, or 1 below three."""

    def row(self, raw: Sequence[float]) -> dict[str, Column]:
        """Answer one row: k scores -> lists of one value.

        Raises:
            EngineError: `engine_failed`, when a score is NaN or infinite.
        """
        ...

    def batch(self, raw: Scores) -> dict[str, Column]:
        """Answer n rows: (n, k) scores -> arrays of n values; otherwise as `row`."""
        ...

    def shares(self, contributions: Scores, raw: Scores, /) -> Scores:
        """Turn contributions to the raw scores into contributions to the answer.

        Args:
            contributions: (n, k, fields).
            raw: (n, k) scores.

        Returns:
            (n, fields): log-odds for classes, positive towards the predicted one; for a regression
            the target's unit, positive upwards.
        """
        ...


def answer_of(pipeline: Pipeline) -> Answer:
    """Return what answers as the pipeline says."""
    match pipeline.problem:
        case "binary":
            return _Binary(pipeline)
        case "multiclass":
            return _Multiclass(pipeline)
        case "regression":
            return _Regression(pipeline)
        case _:
            assert_never(pipeline.problem)


def level_text(level: Level) -> str:
    """Return a level of the target as it stands in column names: `true`, `3`, `2.5`, `yes`."""
    if isinstance(level, bool):
        return "true" if level else "false"
    return str(level).removesuffix(".0") if isinstance(level, float) else str(level)


def probability_columns(classes: Sequence[Level]) -> tuple[str, ...]:
    """Return the names of the columns of probabilities, in the order of the classes."""
    return tuple(f"probability_{level_text(level)}" for level in classes)


def output_schema(pipeline: Pipeline) -> Schema:
    """Return the columns that `pipeline` answers with, reasons apart."""
    fields = [_prediction_field(pipeline.classes)]
    for name in probability_columns(pipeline.classes):
        fields.append(Field(name=name, kind="number", low=0.0, high=1.0))
    if pipeline.interval is not None:
        fields.extend(Field(name=name, kind="number") for name in ("lower", "upper"))
    return Schema(tuple(fields))


class _Binary:
    def __init__(self, pipeline: Pipeline) -> None:
        calibrate = pipeline.calibrate or Calibration()
        self._slope, self._offset = calibrate.slope, calibrate.offset
        self._threshold = 0.5 if pipeline.threshold is None else pipeline.threshold
        self._classes = pipeline.classes
        self._levels = _level_array(pipeline.classes)
        self._names = probability_columns(pipeline.classes)

    def row(self, raw: Sequence[float]) -> dict[str, Column]:
        odds = self._slope * raw[0] + self._offset
        if not math.isfinite(odds):
            raise _not_finite()
        power = math.exp(-abs(odds))  # never overflows, and keeps the digits of a small probability
        likely, unlikely = 1.0 / (1.0 + power), power / (1.0 + power)
        negative, positive = (unlikely, likely) if odds >= 0.0 else (likely, unlikely)
        first, second = self._names
        return {
            "prediction": [self._classes[positive >= self._threshold]],
            first: [negative],
            second: [positive],
        }

    def batch(self, raw: Scores) -> dict[str, Column]:
        negative, positive = self._probabilities(raw)
        first, second = self._names
        decided = (positive >= self._threshold).astype(np.intp)
        return {"prediction": self._levels[decided], first: negative, second: positive}

    def shares(self, contributions: Scores, raw: Scores) -> Scores:
        _, positive = self._probabilities(raw)
        towards = np.where(positive >= self._threshold, self._slope, -self._slope)
        shares: Scores = contributions[:, 0] * towards[:, None]
        return shares

    def _probabilities(self, raw: Scores) -> tuple[Scores, Scores]:
        odds = _finite(self._slope * raw[:, 0] + self._offset)
        power = _exp(-abs(odds))
        likely, unlikely = 1.0 / (1.0 + power), power / (1.0 + power)
        return np.where(odds >= 0, unlikely, likely), np.where(odds >= 0, likely, unlikely)


class _Multiclass:
    def __init__(self, pipeline: Pipeline) -> None:
        self._slope = (pipeline.calibrate or Calibration()).slope
        self._classes = pipeline.classes
        self._levels = _level_array(pipeline.classes)
        self._names = probability_columns(pipeline.classes)

    def row(self, raw: Sequence[float]) -> dict[str, Column]:
        scores = [self._slope * score for score in raw]
        if not all(map(math.isfinite, scores)):
            raise _not_finite()
        top = max(scores)
        powers = [math.exp(score - top) for score in scores]
        total = reduce(add, powers)  # `sum` rounds otherwise than arrays do, from Python 3.12 on
        probabilities = [power / total for power in powers]
        best = probabilities.index(max(probabilities))
        answer: dict[str, Column] = {"prediction": [self._classes[best]]}
        for name, probability in zip(self._names, probabilities, strict=True):
            answer[name] = [probability]
        return answer

    def batch(self, raw: Scores) -> dict[str, Column]:
        probabilities = self._probabilities(raw)
        answer: dict[str, Column] = {"prediction": self._levels[probabilities.argmax(axis=0)]}
        return answer | dict(zip(self._names, probabilities, strict=True))

    def shares(self, contributions: Scores, raw: Scores) -> Scores:
        """Only differences between the scores mean anything, so they are taken to their mean."""
        best = self._probabilities(raw).argmax(axis=0)
        own = contributions[np.arange(len(best)), best]
        shares: Scores = self._slope * (own - contributions.mean(axis=1))
        return shares

    def _probabilities(self, raw: Scores) -> Scores:
        """Return (k, n) probabilities."""
        scores = _finite(self._slope * raw.T)
        powers = _exp(scores - scores.max(axis=0))
        probabilities: Scores = powers / reduce(add, powers)
        return probabilities


class _Regression:
    def __init__(self, pipeline: Pipeline) -> None:
        self._half_width = None if pipeline.interval is None else pipeline.interval.half_width

    def row(self, raw: Sequence[float]) -> dict[str, Column]:
        (value,) = raw
        if not math.isfinite(value):
            raise _not_finite()
        if self._half_width is None:
            return {"prediction": [value]}
        lower, upper = value - self._half_width, value + self._half_width
        return {"prediction": [value], "lower": [lower], "upper": [upper]}

    def batch(self, raw: Scores) -> dict[str, Column]:
        value = _finite(raw[:, 0])
        if self._half_width is None:
            return {"prediction": value}
        lower, upper = value - self._half_width, value + self._half_width
        return {"prediction": value, "lower": lower, "upper": upper}

    def shares(self, contributions: Scores, _raw: Scores) -> Scores:
        shares: Scores = contributions[:, 0]
        return shares


def _level_array(classes: Sequence[Level]) -> NDArray[np.generic]:
    """Return the levels as an array of their own type; text and mixtures stay Python's objects."""
    kinds = {type(level) for level in classes}
    if len(kinds) == 1 and str not in kinds:
        return np.array(classes)
    levels = np.empty(len(classes), dtype=object)
    levels[:] = classes
    return levels


_KINDS: dict[type[Level], FieldKind] = {bool: "boolean", int: "number", float: "number"}


def _prediction_field(classes: Sequence[Level]) -> Field:
    types = {type(level) for level in classes}
    kinds = {_KINDS.get(each, "category") for each in types} or {"number"}
    kind = kinds.pop() if len(kinds) == 1 else "category"
    levels = tuple(map(level_text, classes)) if kind == "category" else ()
    return Field(name="prediction", kind=kind, integer=types == {int}, levels=levels)


def _exp(exponents: Scores) -> Scores:
    powers = np.fromiter(map(math.exp, exponents.ravel().tolist()), np.float64, exponents.size)
    return powers.reshape(exponents.shape)


def _finite(scores: Scores) -> Scores:
    if not np.isfinite(scores).all():
        raise _not_finite()
    return scores


def _not_finite() -> EngineError:
    return EngineError(
        "engine_failed",
        "the model's score is not a finite number",
        hint="look for numbers far outside those of the training data",
    )
