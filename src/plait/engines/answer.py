"""A model's raw scores into what people read: probabilities, a level, an interval, a set.

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

from plait.core.columns import Column, Scalar
from plait.core.errors import EngineError
from plait.core.schema import Field, FieldKind, Schema
from plait.engines.curve import Curve
from plait.engines.pipeline import Calibration, LevelSet, Pipeline

Level: TypeAlias = bool | int | float | str
Scores: TypeAlias = NDArray[np.float64]

_NEAR = 1e-9
"""Log-odds nearer to each other than this have a tangent, and no chord that could be computed."""


class Answer(Protocol):
    """Turns k raw scores per row into columns; see `scores_of` for k."""

    def row(self, raw: Sequence[float], group: Scalar = None) -> dict[str, Column]:
        """Answer one row: k scores -> lists of one value.

        Args:
            raw: the scores.
            group: what the row says in the field `by` of the pipeline.

        Raises:
            EngineError: `engine_failed`, when a score is NaN or infinite.
        """
        ...

    def batch(self, raw: Scores, groups: Column | None = None) -> dict[str, Column]:
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


def scores_of(pipeline: Pipeline) -> int:
    """Return how many raw scores a row has.

    One of two classes, one per class of more; of a regression one, or three: the answer, a low and
    a high quantile.
    """
    if pipeline.problem == "multiclass":
        return len(pipeline.classes)
    return 3 if pipeline.interval is not None and pipeline.interval.quantiles else 1


def calibrated_odds(raw: Scores, calibration: Calibration) -> Scores:
    """Return (n,) calibrated log-odds of the second of two classes, from its raw scores."""
    return Curve(calibration.knots).over(calibration.slope * raw + calibration.offset)


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


def steepness(calibration: Calibration, raw: Scores, moved: Scores) -> Scores:
    """Return how far the calibrated log-odds went for each unit that the fields moved the raw.

    On a curve that is the slope of the chord, so that what the fields did adds up exactly.

    Args:
        calibration: of two classes.
        raw: (n,) scores.
        moved: (n,) how far the fields moved them.
    """
    if not calibration.knots:
        return np.full(len(raw), calibration.slope)
    curve = Curve(calibration.knots)
    there, back = (calibration.slope * each + calibration.offset for each in (raw, raw - moved))
    far = abs(there - back) > _NEAR
    rise = curve.over(there) - curve.over(back)
    steep: Scores = np.divide(rise, there - back, out=curve.slopes(there), where=far)
    return calibration.slope * steep


def level_text(level: Level) -> str:
    """Return a level of the target as it stands in column names: `true`, `3`, `2.5`, `yes`."""
    if isinstance(level, bool):
        return "true" if level else "false"
    return str(level).removesuffix(".0") if isinstance(level, float) else str(level)


def probability_columns(classes: Sequence[Level]) -> tuple[str, ...]:
    """Return the names of the columns of probabilities, in the order of the classes."""
    return tuple(f"probability_{level_text(level)}" for level in classes)


def set_columns(classes: Sequence[Level]) -> tuple[str, ...]:
    """Return the names of the columns that say which levels are in the set, in their order."""
    return tuple(f"set_{level_text(level)}" for level in classes)


def output_schema(pipeline: Pipeline) -> Schema:
    """Return the columns that `pipeline` answers with, reasons apart."""
    fields = [_prediction_field(pipeline.classes)]
    for name in probability_columns(pipeline.classes):
        fields.append(Field(name=name, kind="number", low=0.0, high=1.0))
    if pipeline.interval is not None:
        fields.extend(Field(name=name, kind="number") for name in ("lower", "upper"))
    if pipeline.set is not None:
        fields.extend(Field(name=name, kind="boolean") for name in set_columns(pipeline.classes))
    return Schema(tuple(fields))


class _Binary:
    def __init__(self, pipeline: Pipeline) -> None:
        calibrate = self._calibration = pipeline.calibrate or Calibration()
        self._slope, self._offset = calibrate.slope, calibrate.offset
        self._curve = Curve(calibrate.knots) if calibrate.knots else None
        self._threshold = 0.5 if pipeline.threshold is None else pipeline.threshold
        self._classes = pipeline.classes
        self._levels = _level_array(pipeline.classes)
        self._names = probability_columns(pipeline.classes)
        self._set = _Set(pipeline) if pipeline.set else None

    def row(self, raw: Sequence[float], group: Scalar = None) -> dict[str, Column]:
        odds = self._slope * raw[0] + self._offset
        if not math.isfinite(odds):
            raise _not_finite()
        if self._curve:
            odds = self._curve.at(odds)
        power = math.exp(-abs(odds))  # never overflows, and keeps the digits of a small probability
        likely, unlikely = 1.0 / (1.0 + power), power / (1.0 + power)
        negative, positive = (unlikely, likely) if odds >= 0.0 else (likely, unlikely)
        first, second = self._names
        answer: dict[str, Column] = {
            "prediction": [self._classes[positive >= self._threshold]],
            first: [negative],
            second: [positive],
        }
        return self._set.added(answer, [group]) if self._set else answer

    def batch(self, raw: Scores, groups: Column | None = None) -> dict[str, Column]:
        negative, positive = self._probabilities(raw)
        first, second = self._names
        decided = (positive >= self._threshold).astype(np.intp)
        answer: dict[str, Column] = {
            "prediction": self._levels[decided],
            first: negative,
            second: positive,
        }
        return self._set.added(answer, groups) if self._set else answer

    def shares(self, contributions: Scores, raw: Scores) -> Scores:
        _, positive = self._probabilities(raw)
        moved = contributions[:, 0].sum(axis=1)
        towards = np.where(positive >= self._threshold, 1.0, -1.0)
        towards *= steepness(self._calibration, raw[:, 0], moved)
        shares: Scores = contributions[:, 0] * towards[:, None]
        return shares

    def _probabilities(self, raw: Scores) -> tuple[Scores, Scores]:
        odds = _finite(self._slope * raw[:, 0] + self._offset)
        if self._curve:
            odds = self._curve.over(odds)
        power = _exp(-abs(odds))
        likely, unlikely = 1.0 / (1.0 + power), power / (1.0 + power)
        return np.where(odds >= 0, unlikely, likely), np.where(odds >= 0, likely, unlikely)


class _Multiclass:
    def __init__(self, pipeline: Pipeline) -> None:
        calibrate = pipeline.calibrate or Calibration()
        self._slope = calibrate.slope
        self._offsets = calibrate.offsets or (0.0,) * len(pipeline.classes)
        self._set = _Set(pipeline) if pipeline.set else None
        self._classes = pipeline.classes
        self._levels = _level_array(pipeline.classes)
        self._names = probability_columns(pipeline.classes)

    def row(self, raw: Sequence[float], group: Scalar = None) -> dict[str, Column]:
        scores = [
            self._slope * score + more for score, more in zip(raw, self._offsets, strict=True)
        ]
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
        return self._set.added(answer, [group]) if self._set else answer

    def batch(self, raw: Scores, groups: Column | None = None) -> dict[str, Column]:
        probabilities = self._probabilities(raw)
        answer: dict[str, Column] = {"prediction": self._levels[probabilities.argmax(axis=0)]}
        answer |= dict(zip(self._names, probabilities, strict=True))
        return self._set.added(answer, groups) if self._set else answer

    def shares(self, contributions: Scores, raw: Scores) -> Scores:
        """Only differences between the scores mean anything, so they are taken to their mean."""
        best = self._probabilities(raw).argmax(axis=0)
        own = contributions[np.arange(len(best)), best]
        shares: Scores = self._slope * (own - contributions.mean(axis=1))
        return shares

    def _probabilities(self, raw: Scores) -> Scores:
        """Return (k, n) probabilities."""
        scores = _finite(self._slope * raw.T + np.array(self._offsets)[:, None])
        powers = _exp(scores - scores.max(axis=0))
        probabilities: Scores = powers / reduce(add, powers)
        return probabilities


class _Regression:
    def __init__(self, pipeline: Pipeline) -> None:
        self._interval = pipeline.interval
        self._width = scores_of(pipeline)

    def row(self, raw: Sequence[float], group: Scalar = None) -> dict[str, Column]:
        if not all(map(math.isfinite, raw)):
            raise _not_finite()
        value = raw[0]
        if self._interval is None:
            return {"prediction": [value]}
        widen = self._interval.half_width
        if self._interval.by:
            widen = self._interval.groups.get(group_key(group), widen)
        if self._width == 1:
            return {"prediction": [value], "lower": [value - widen], "upper": [value + widen]}
        lower, upper = min(raw[1] - widen, value), max(raw[2] + widen, value)
        return {"prediction": [value], "lower": [lower], "upper": [upper]}

    def batch(self, raw: Scores, groups: Column | None = None) -> dict[str, Column]:
        value = _finite(raw)[:, 0]
        if self._interval is None:
            return {"prediction": value}
        widen: Scores | float = self._interval.half_width
        if self._interval.by and groups is not None:
            own = self._interval.groups
            usual = self._interval.half_width
            widen = np.array([own.get(group_key(each), usual) for each in groups], dtype=np.float64)
        if self._width == 1:
            return {"prediction": value, "lower": value - widen, "upper": value + widen}
        lower, upper = raw[:, 1] - widen, raw[:, 2] + widen
        return {
            "prediction": value,
            "lower": np.minimum(lower, value),
            "upper": np.maximum(upper, value),
        }

    def shares(self, contributions: Scores, _raw: Scores) -> Scores:
        shares: Scores = contributions[:, 0]
        return shares


class _Set:
    """Says of each level whether it is in the set: likely enough, or the most likely."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._levels = pipeline.set or LevelSet(level=0.0, least=())
        self._chances = probability_columns(pipeline.classes)
        self._names = set_columns(pipeline.classes)

    def added(self, answer: dict[str, Column], groups: Column | None) -> dict[str, Column]:
        """Return the answer with a column per level: lists for lists, arrays for arrays."""
        columns = [answer[name] for name in self._chances]
        alone = isinstance(columns[0], list)
        chances = np.array(columns, dtype=np.float64)
        inside = chances >= self._least(groups, chances.shape[1])
        inside |= chances == chances.max(axis=0, initial=0.0)
        for name, held in zip(self._names, inside, strict=True):
            answer[name] = held.tolist() if alone else held
        return answer

    def _least(self, groups: Column | None, rows: int) -> Scores:
        """Return (k, n) probabilities from which on a level is in the set."""
        levels = self._levels
        if not levels.by or groups is None:
            return np.broadcast_to(np.array(levels.least)[:, None], (len(levels.least), rows))
        own = [levels.groups.get(group_key(each), levels.least) for each in groups]
        return np.array(own, dtype=np.float64).reshape(rows, len(levels.least)).T


def group_key(value: Scalar | np.generic) -> str:
    """Return a level of a field as the groups of a pipeline name it; a missing one is ""."""
    plain: Scalar = value.item() if isinstance(value, np.generic) else value
    return "" if plain is None or plain != plain else level_text(plain)


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
