"""The linear candidate: logistic regression for classes, ridge regression for numbers."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from plait.core.contract import Paradigm, Problem
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.core.schema import Field
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.linear import MODEL, LinearModel
from plait.engines.pipeline import Calibration, Code, NumberCode, OneHotCode, Pipeline
from plait.train.base import export, inner_folds
from plait.train.calibrate import interval, log_loss

Floats: TypeAlias = NDArray[np.float64]

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Weights of the squared coefficients, against a loss summed over rows."""

USUAL_PENALTY = 10.0
LEVEL_ROWS = 5
"""A level in fewer rows is treated as unknown: one more coefficient for it would be a guess."""

_MOST_STEPS = 1000


class Linear:
    """Numbers are standardised, missing ones at the median and flagged, categories one-hot."""

    name = "linear"
    paradigm: Paradigm = "linear"
    complexity = 1

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "logistic or ridge regression",
            "penalties": PENALTIES,
            "chosen by": "log loss or squared error in inner folds",
            "rows of a level": LEVEL_ROWS,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the penalty in folds within the sample, fit on all of it, write the artefact."""
        target = np.asarray(sample.target)
        regression = sample.problem == "regression"
        codes = tuple(
            _code(field, np.asarray(sample.columns[field.name])) for field in sample.input.fields
        )
        matrix = Encoder(codes).matrix(sample.columns, len(target))
        # The codes look at no target, so the folds within the sample may share them.
        penalty, held_out = _choose(matrix, target, inner_folds(sample), sample.problem)
        model = _fit(matrix, target, penalty, sample.problem)
        pipeline = Pipeline(
            problem=sample.problem,
            classes=sample.classes,
            encode=codes,
            calibrate=None if regression else Calibration(),
            interval=interval(target - held_out) if regression else None,
            threshold=self._threshold,
        )
        files = {MODEL: json_bytes(model.record())}
        return export(self._folder, sample, pipeline, engine="linear", files=files)


def _code(field: Field, values: NDArray[np.generic]) -> Code:
    """Return how a column becomes numbers, from the values it has in the sample."""
    if field.kind == "category":
        present = values[[value is not None for value in values]]
        levels, rows = np.unique(present, return_counts=True)
        return OneHotCode(column=field.name, levels=tuple(levels[rows >= LEVEL_ROWS].tolist()))
    numbers = values.astype(np.float64)  # None of a boolean becomes NaN
    absent = np.isnan(numbers) | np.isin(numbers, field.sentinels)
    fill = 0.0 if absent.all() else float(np.median(numbers[~absent]))
    filled = np.where(absent, fill, numbers)
    spread = float(filled.std())
    return NumberCode(
        column=field.name,
        sentinels=field.sentinels,
        fill=fill,
        shift=float(filled.mean()),
        scale=spread if spread > 1e-9 * float(np.abs(filled).max()) else 1.0,
        indicator=bool(absent.any()),
    )


def _choose(
    matrix: Matrix, target: Floats, fold: NDArray[np.int64] | None, problem: Problem
) -> tuple[float, Floats]:
    """Return the penalty of the least loss on rows held out, and their scores under it."""
    if fold is None:
        return USUAL_PENALTY, np.zeros(0)
    found = []
    for penalty in PENALTIES:
        scores = _held_out(matrix, target, fold, penalty, problem)
        if problem == "regression":
            loss = float(np.mean((target - scores) ** 2))
        else:
            loss = log_loss(scores, target.astype(np.int64))
        found.append((loss, penalty, scores))
    _, penalty, scores = min(found, key=lambda each: each[0])
    return penalty, scores


def _held_out(
    matrix: Matrix, target: Floats, fold: NDArray[np.int64], penalty: float, problem: Problem
) -> Floats:
    """Return raw scores of each row by a model that did not see it: (n,), or (n, k) of classes."""
    scores = np.empty((len(target), len(np.unique(target)) if problem == "multiclass" else 1))
    for number in np.unique(fold):
        tested = fold == number
        scores[tested] = _fit(matrix[~tested], target[~tested], penalty, problem).raw(
            matrix[tested]
        )
    return scores if problem == "multiclass" else scores[:, 0]


def _fit(matrix: Matrix, target: Floats, penalty: float, problem: Problem) -> LinearModel:
    if problem == "regression":
        model = Ridge(alpha=penalty).fit(matrix, target)
        coefficients, intercept = [model.coef_.tolist()], [float(model.intercept_)]
    else:
        model = LogisticRegression(C=1 / penalty, max_iter=_MOST_STEPS)
        with warnings.catch_warnings():  # where it stops short it is still the same every time
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix, target.astype(np.int64))
        coefficients, intercept = model.coef_.tolist(), model.intercept_.tolist()
    return LinearModel(coefficients, intercept, matrix.mean(axis=0).tolist())
