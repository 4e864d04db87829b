"""A tabular artefact at work: rows are encoded, a model scores them, the scores become answers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Columns, Scalar, height
from plait.core.errors import EngineError
from plait.core.response import Reason
from plait.engines.answer import Scores, answer_of
from plait.engines.base import damaged, read_json
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import PIPELINE, Pipeline


class Model(Protocol):
    """Scores rows of numbers; safe to share between threads.

    `k` is `n_classes`: 1 for a regression and for two classes, else the number of classes. Arrays
    have no axis of length k when k is 1.
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
        scores = len(pipeline.classes) if pipeline.problem == "multiclass" else 1
        if (model.n_features, model.n_classes) != (pipeline.width, scores):
            raise damaged(
                artefact.folder / PIPELINE,
                f"it makes {pipeline.width} numbers and reads {scores} scores, and the model wants "
                f"{model.n_features} and gives {model.n_classes}",
            )
        self.artefact = artefact
        self._model = model
        self._encoder = Encoder(pipeline.encode)
        self._answer = answer_of(pipeline)

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `plait.core.protocol.Predictor`.

        Returns:
            Lists for a single row, arrays for a batch; `reasons` is a list of tuples.

        Raises:
            EngineError: `engine_failed`, when columns are absent or of unequal length, a value
                does not fit its field, or the model gives no finite score.
        """
        rows = _height(columns)
        if rows == 1:
            answer = self._answer.row(self._model.raw_row(self._encoder.row(columns)))
        else:
            answer = self._answer.batch(self._raw(self._encoder.matrix(columns, rows)))
        if reasons:
            matrix = self._encoder.matrix(columns, rows)
            answer["reasons"] = self._reasons(columns, matrix, reasons)
        return answer

    def _raw(self, matrix: Matrix) -> Scores:
        return self._model.raw(matrix).reshape(len(matrix), self._model.n_classes)

    def _reasons(self, columns: Columns, matrix: Matrix, most: int) -> list[tuple[Reason, ...]]:
        """Return the reasons of each row, the largest first and equal ones as the fields go."""
        fields = self._encoder.fields
        if not fields:
            return [()] * len(matrix)
        shape = len(matrix), self._model.n_classes, self._encoder.width + 1
        parts = self._model.contributions(matrix).reshape(shape)[:, :, :-1]
        per_field = np.add.reduceat(parts, self._encoder.starts, axis=2)
        shares = self._answer.shares(per_field, self._raw(matrix))
        order = np.argsort(-abs(shares), axis=1, kind="stable")[:, :most]
        return [
            tuple(
                Reason(fields[at], _plain(columns[fields[at]][row]), share[at])
                for at in picked
                if share[at]
            )
            for row, (share, picked) in enumerate(zip(shares.tolist(), order.tolist(), strict=True))
        ]


def read_pipeline(artefact: Artefact) -> Pipeline:
    """Return what surrounds the model of `artefact`.

    Raises:
        EngineError: `artefact_damaged`, when it cannot be read or is for another problem.
    """
    path = artefact.folder / PIPELINE
    try:
        pipeline = Pipeline.read(read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"it lacks or mistakes a part: {error}") from error
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
