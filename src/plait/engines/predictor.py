"""A tabular artefact at work: rows are encoded, a model scores them, the scores become answers."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

import numpy as np

from plait.core import figure
from plait.core.artefact import Artefact
from plait.core.columns import Columns, Scalar, height
from plait.core.errors import EngineError
from plait.core.response import Reason, ReasonCode
from plait.core.schema import Field
from plait.engines.answer import Scores, answer_of, level_text, scores_of, steepness
from plait.engines.base import damaged, read_json, reading
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import PIPELINE, Calibration, Pipeline


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
        self._answer = answer_of(pipeline)
        self._pipeline = pipeline
        if pipeline.reference and len(pipeline.reference.shares) != len(self._encoder.fields):
            raise damaged(artefact.folder / PIPELINE, "its reference is not one of its fields")

    @property
    def model(self) -> Model:
        """What scores the rows, for an artefact that this one is a member of."""
        return self._model

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `plait.core.protocol.Predictor`.

        Returns:
            Lists for a single row, arrays for a batch; `reasons` is a list of tuples.

        Raises:
            EngineError: `engine_failed`, when columns are absent or of unequal length, a value
                does not fit its field, or the model gives no finite score.
        """
        rows = _height(columns)
        groups = columns[self._by] if self._by else None
        if rows == 1:
            raw = self._model.raw_row(self._encoder.row(columns))
            answer = self._answer.row(raw, groups[0] if groups is not None else None)
        else:
            answer = self._answer.batch(self._raw(self._encoder.matrix(columns, rows)), groups)
        if reasons:
            matrix = self._encoder.matrix(columns, rows)
            answer["reasons"] = self._reasons(columns, matrix, reasons)
        return answer

    def _raw(self, matrix: Matrix) -> Scores:
        return self._model.raw(matrix).reshape(len(matrix), self._model.n_classes)

    def reason_codes(self, columns: Columns, *, most: int = 4) -> list[tuple[ReasonCode, ...]]:
        """Say what lowered each row's chance most against the usual accepted row.

        With what raised it, this adds up to the difference between the two rows' calibrated
        log-odds of the positive class.

        Args:
            columns: as of `predict`.
            most: how many codes per row.

        Returns:
            Per row the costliest first; none where the artefact keeps no reference.

        Raises:
            EngineError: as `predict`.
        """
        rows, reference = _height(columns), self._pipeline.reference
        if reference is None or not self._encoder.fields:
            return [()] * rows
        matrix = self._encoder.matrix(columns, rows)
        raw = self._raw(matrix)[:, 0]
        apart = self._per_field(matrix)[:, 0] - np.array(reference.shares)
        calibration = self._pipeline.calibrate or Calibration()
        lost = apart * steepness(calibration, raw, apart.sum(axis=1))[:, None]
        order = np.argsort(lost, axis=1, kind="stable")[:, :most]
        return [
            tuple(self._code(at, columns, row, cost[at]) for at in picked if cost[at] < 0)
            for row, (cost, picked) in enumerate(zip(lost.tolist(), order.tolist(), strict=True))
        ]

    def _code(self, at: int, columns: Columns, row: int, lost: float) -> ReasonCode:
        """Return the code of one field in one row."""
        name, reference = self._encoder.fields[at], self._pipeline.reference
        usual = reference.values[at] if reference else None
        field = self.artefact.manifest.input[name]
        value = _plain(columns[name][row])
        accepted = level_text(self._pipeline.classes[1])
        said, meant = (_in_words(each, field) for each in (value, usual))
        return ReasonCode(
            code=reason_code(name),
            feature=name,
            value=value,
            reference=usual,
            contribution=lost,
            words=f"{field.label or name}: {said}; usual of {accepted}: {meant}",
        )

    def _per_field(self, matrix: Matrix) -> Scores:
        """Return (n, k, fields) contributions to the raw scores."""
        shape = len(matrix), self._model.n_classes, self._encoder.width + 1
        parts = self._model.contributions(matrix).reshape(shape)[:, :, :-1]
        per_field: Scores = np.add.reduceat(parts, self._encoder.starts, axis=2)
        return per_field

    def _reasons(self, columns: Columns, matrix: Matrix, most: int) -> list[tuple[Reason, ...]]:
        """Return the reasons of each row, the largest first and equal ones as the fields go."""
        fields = self._encoder.fields
        if not fields:
            return [()] * len(matrix)
        shares = self._answer.shares(self._per_field(matrix), self._raw(matrix))
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


def _in_words(value: Scalar, field: Field) -> str:
    if value is None or (field.kind == "number" and value in field.sentinels):
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else figure.number(value)
    return f"{text} {field.unit}".rstrip()


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
