"""Artefacts whose model is linear: logistic regression, softmax regression, least squares."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.core.artefact import Artefact
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.base import read_json, reading
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

MODEL = "model.json"


class LinearModel:
    """Scores a row x as `intercept + coefficients . x`; safe to share between threads.

    Terms are added one by one from the left, so that a score depends neither on the other rows of a
    batch nor on the machine's library of linear algebra, and each row's equals its batch's.

    Attributes:
        coefficients: one row per score: one for a regression and for two classes, whose score is
            the log-odds of the second; else one per class. All of the width of a row.
        intercept: one per score.
        center: the mean training row, from which contributions are counted.
    """

    def __init__(
        self,
        coefficients: Sequence[Sequence[float]],
        intercept: Sequence[float],
        center: Sequence[float],
    ) -> None:
        self.coefficients = tuple(tuple(map(float, row)) for row in coefficients)
        self.intercept = tuple(map(float, intercept))
        self.center = tuple(map(float, center))
        if {len(row) for row in self.coefficients} != {len(self.center)}:
            raise ValueError("its rows of coefficients are not as wide as its center")
        if len(self.intercept) != len(self.coefficients):
            raise ValueError("it has not one intercept per row of coefficients")

    @property
    def n_features(self) -> int:
        """Width of a row."""
        return len(self.center)

    @property
    def n_classes(self) -> int:
        """Scores per row."""
        return len(self.intercept)

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        columns = np.ascontiguousarray(matrix.T)
        scores = np.empty((len(matrix), self.n_classes))
        with np.errstate(over="ignore", invalid="ignore"):
            for at, (intercept, weights) in enumerate(
                zip(self.intercept, self.coefficients, strict=True)
            ):
                score = np.full(len(matrix), intercept)
                for weight, column in zip(weights, columns, strict=True):
                    score += weight * column
                scores[:, at] = score
        return scores

    def raw_row(self, values: Sequence[float]) -> list[float]:
        """Return the scores of one row of n_features numbers."""
        scores = []
        for intercept, weights in zip(self.intercept, self.coefficients, strict=True):
            score = intercept
            for weight, value in zip(weights, values, strict=True):
                score += weight * value
            scores.append(score)
        return scores

    def contributions(self, matrix: Matrix) -> Scores:
        """Split the scores over the positions, relative to the mean training row.

        Returns:
            (n, n_classes, n_features + 1); the last is the score of that mean row. The last axis
            sums to the score.
        """
        weights, center = np.array(self.coefficients), np.array(self.center)
        shares = weights * (matrix - center)[:, None, :]
        base = np.broadcast_to(weights @ center + self.intercept, shares.shape[:2])
        return np.concatenate([shares, base[:, :, None]], axis=2)

    def record(self) -> dict[str, Json]:
        """Return the model ready for JSON."""
        return {
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "center": self.center,
        }

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "LinearModel":
        """Return the model that `record()` wrote.

        Raises:
            TypeError, ValueError: a part is missing, unknown, or of another shape.
        """
        parts: dict[str, Any] = dict(record)
        return cls(**parts)


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the coefficients in `model.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read.
    """
    path = artefact.folder / MODEL
    with reading(path):
        model = LinearModel.read(read_json(path))
    return TabularPredictor(artefact, model)
