"""A tabular artefact at work: rows are encoded, a model scores them, the scores become answers."""

from collections.abc import Mapping, Sequence
from copy import copy
from hashlib import sha256
from typing import Literal, Protocol, TypeAlias

import numpy as np

from plait.core import figure
from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns, Scalar, height
from plait.core.errors import EngineError
from plait.core.protocol import Embedder
from plait.core.response import Reason, ReasonCode
from plait.core.schema import Field
from plait.engines.answer import Scores, answer_of, scores_of, steepness
from plait.engines.base import damaged, read_json, reading
from plait.engines.derive import deriver_of
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import PIPELINE, Calibration, Pipeline, Reference

SLOW = frozenset({"tabicl"})
"""Engines that take longer than a millisecond for a row."""


class Model(Protocol):
    """Scores rows of numbers; safe to share between threads.

    `k` is `n_classes`: 1 for a regression and for two classes, else the number of classes; 3 for a
    regression with quantiles, of which only the first score is split. Arrays have no axis of
    length k when k is 1.
    """

    @property
    def n_features(self) -> int:
        """Width of a row."""
        ...

    @property
    def n_classes(self) -> int:
        """Scores per row."""
        ...

    def raw(self, matrix: Matrix) -> Scores:
        """Return (n, k) raw scores: log-odds, one score per class, or the predicted number."""
        ...

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the k raw scores of one row, equal to those of `raw`."""
        ...

    def contributions(self, matrix: Matrix) -> Scores:
        """Split raw scores over positions, the expected score last: (n, k, n_features + 1)."""
        ...


class TabularPredictor:
    """Runs a pipeline around a model; safe to share between threads.

    Reasons are exact: what the fields contribute to the model's raw score, times the slope of the
    calibration. For two classes they and a constant add up to the calibrated log-odds of the
    predicted class; for more, to the logarithm of its probability over the geometric mean of all
    classes'; for a regression, to the prediction. A field that moved nothing is no reason.

    Where the artefact keeps the usual accepted row, a row that is refused has codes too: what
    lowered its chance most against that row. With what raised it, they add up to the difference
    between the two rows' calibrated log-odds of the positive class.

    Attributes:
        artefact: what it runs.
    """

    def __init__(self, artefact: Artefact, model: Model) -> None:
        """Read the pipeline of `artefact`.

        Raises:
            EngineError: `artefact_damaged`, when the pipeline cannot be read or is not the model's.
        """
        pipeline = read_pipeline(artefact)
        scores = scores_of(pipeline)
        if (model.n_features, model.n_classes) != (pipeline.width, scores):
            raise damaged(
                artefact.folder / PIPELINE,
                f"it makes {pipeline.width} numbers and reads {scores} scores, and the model wants "
                f"{model.n_features} and gives {model.n_classes}",
            )
        if pipeline.by and pipeline.by not in artefact.manifest.input.names:
            raise damaged(artefact.folder / PIPELINE, f"it reads no field {pipeline.by!r}")
        self.artefact = artefact
        self._by = pipeline.by
        self._model = model
        self._encoder = Encoder(pipeline.encode)
        self._deriver = deriver_of(pipeline.derive, artefact)
        derived = {field.name: field for each in pipeline.derive for field in each.fields}
        self._fields = {field.name: field for field in artefact.manifest.input.fields} | derived
        self._answer = answer_of(pipeline)
        self._pipeline = pipeline
        if pipeline.reference and len(pipeline.reference.shares) != len(self._encoder.fields):
            raise damaged(artefact.folder / PIPELINE, "its reference is not one of its fields")

    def remembering(self, embedder: Embedder) -> "TabularPredictor":
        """Return the same with an embedder that remembers, of the encoder that it holds."""
        found = copy(self)
        found._deriver = deriver_of(self._pipeline.derive, self.artefact, embedder)
        return found

    @property
    def model(self) -> Model:
        """What scores the rows, for an artefact that this one is a member of."""
        return self._model

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `plait.core.protocol.Predictor`.

        Returns:
            Lists for a single row, arrays for a batch; `reasons` and `codes` are lists of tuples.

        Raises:
            EngineError: `engine_failed`, when columns are absent or of unequal length, a value
                does not fit its field, or the model gives no finite score.
        """
        rows = _height(columns)
        if self._deriver is not None:
            columns = self._deriver.added(columns, rows)
        groups = columns[self._by] if self._by else None
        if rows == 1:
            raw = self._model.raw_row(self._encoder.row(columns))
            answer = self._answer.row(raw, groups[0] if groups is not None else None)
        else:
            answer = self._answer.batch(self._raw(self._encoder.matrix(columns, rows)), groups)
        if reasons:
            answer |= self._explained(columns, rows, answer["prediction"], reasons)
        return answer

    def _raw(self, matrix: Matrix) -> Scores:
        return self._model.raw(matrix).reshape(len(matrix), self._model.n_classes)

    def _explained(
        self, columns: Columns, rows: int, decided: Column, most: int
    ) -> dict[str, Column]:
        """Return the reasons of each row, and the codes of each that was refused."""
        if not self._encoder.fields:
            return {"reasons": [()] * rows}
        matrix = self._encoder.matrix(columns, rows)
        raw, parts = self._raw(matrix), self._per_field(matrix)
        found: dict[str, Column] = {"reasons": self._reasons(columns, parts, raw, most)}
        if self._pipeline.reference is not None:
            lost = self._lost(parts[:, 0], raw[:, 0], self._pipeline.reference)
            order = np.argsort(lost, axis=1, kind="stable")[:, :most]
            accepted = self._pipeline.classes[1]
            found["codes"] = [
                ()
                if level == accepted
                else tuple(self._code(at, columns, row, cost[at]) for at in picked if cost[at] < 0)
                for row, (level, cost, picked) in enumerate(
                    zip(decided, lost.tolist(), order.tolist(), strict=True)
                )
            ]
        return found

    def _lost(self, parts: Scores, raw: Scores, reference: Reference) -> Scores:
        """Return (n, fields) calibrated log-odds that each row has beyond the usual accepted one.

        Args:
            parts: (n, fields) contributions to the raw scores.
            raw: (n,) raw scores.
            reference: the usual accepted row.
        """
        apart = parts - np.array(reference.shares)
        calibration = self._pipeline.calibrate or Calibration()
        lost: Scores = apart * steepness(calibration, raw, apart.sum(axis=1))[:, None]
        return lost

    def _code(self, at: int, columns: Columns, row: int, lost: float) -> ReasonCode:
        """Return the code of one field in one row."""
        name, reference = self._encoder.fields[at], self._pipeline.reference
        usual = reference.values[at] if reference else None
        field = self._fields[name]
        value = _plain(columns[name][row])
        direction, words = words_of(field, value, usual)
        return ReasonCode(
            code=reason_code(name),
            feature=name,
            value=value,
            reference=usual,
            direction=direction,
            contribution=lost,
            words=words,
        )

    def _per_field(self, matrix: Matrix) -> Scores:
        """Return (n, k, fields) contributions to the raw scores."""
        shape = len(matrix), self._model.n_classes, self._encoder.width + 1
        parts = self._model.contributions(matrix).reshape(shape)[:, :, :-1]
        per_field: Scores = np.add.reduceat(parts, self._encoder.starts, axis=2)
        return per_field

    def _reasons(
        self, columns: Columns, parts: Scores, raw: Scores, most: int
    ) -> list[tuple[Reason, ...]]:
        """Return the reasons of each row, the largest first and equal ones as the fields go."""
        fields = self._encoder.fields
        shares = self._answer.shares(parts, raw)
        order = np.argsort(-abs(shares), axis=1, kind="stable")[:, :most]
        return [
            tuple(
                Reason(fields[at], _plain(columns[fields[at]][row]), share[at])
                for at in picked
                if share[at]
            )
            for row, (share, picked) in enumerate(zip(shares.tolist(), order.tolist(), strict=True))
        ]


def reason_code(feature: str) -> str:
    """Return the code of a feature: the same in every model that reads it.

    Example:
        >>> reason_code("income")
        'R-00CF14'
    """
    return f"R-{sha256(feature.encode()).hexdigest()[:6].upper()}"


Direction: TypeAlias = Literal["above", "below", "like", "unlike", "missing"]
_WORDS: Mapping[Direction, str] = {
    "above": "above the {} usual of accepted rows",
    "below": "below the {} usual of accepted rows",
    "like": "as is usual of accepted rows",
    "unlike": "not the {} usual of accepted rows",
    "missing": "and {} is usual of accepted rows",
}


def words_of(field: Field, value: Scalar, usual: Scalar) -> tuple[Direction, str]:
    """Say where a value lies against the usual one of accepted rows, and all of it in words."""
    direction = _direction(value, usual, field)
    said, meant = (_in_words(each, field) for each in (value, usual))
    return direction, f"{field.label or field.name}: {said}, {_WORDS[direction].format(meant)}"


def _absent(value: Scalar, field: Field) -> bool:
    return value is None or (field.kind == "number" and value in field.sentinels)


def _direction(value: Scalar, usual: Scalar, field: Field) -> Direction:
    """Say where a value lies against the usual one."""
    if _absent(value, field):
        return "missing"
    if value == usual:
        return "like"
    if not (isinstance(value, int | float) and isinstance(usual, int | float)):
        return "unlike"
    if field.kind != "number":
        return "unlike"
    return "above" if value > usual else "below"


def _in_words(value: Scalar, field: Field) -> str:
    if value is None or _absent(value, field):
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else figure.number(value)
    return f"{text} {'%' if field.unit == 'percent' else field.unit}".rstrip()


def read_pipeline(artefact: Artefact) -> Pipeline:
    """Return what surrounds the model of `artefact`.

    Raises:
        EngineError: `artefact_damaged`, when it cannot be read or is for another problem.
    """
    path = artefact.folder / PIPELINE
    with reading(path):
        pipeline = Pipeline.read(read_json(path))
    if pipeline.problem != artefact.manifest.problem:
        raise damaged(path, f"it is for a {pipeline.problem} problem, and the manifest is not")
    return pipeline


def _height(columns: Columns) -> int:
    try:
        return height(columns)
    except ValueError as error:
        hint = "give columns of one table"
        raise EngineError("engine_failed", str(error), hint=hint) from error


def _plain(value: Scalar | np.generic) -> Scalar:
    """Return a value as Python's own, a missing one as None."""
    plain: Scalar = value.item() if isinstance(value, np.generic) else value
    return plain if plain == plain else None
