"""The linear candidate: logistic regression for classes, ridge or quantile for numbers."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from plait.core.contract import Paradigm, Problem
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.linear import MODEL, LinearModel
from plait.evaluate.monotone import monotone_signs
from plait.train.base import MANY_ROWS, export, inner_folds
from plait.train.calibrate import loss_of
from plait.train.code import LEVEL_ROWS, pipeline_of, standard_codes
from plait.train.quantile_linear import LEAST_BANDWIDTH, fit_quantile
from plait.train.reference import reference

Floats: TypeAlias = NDArray[np.float64]
Signs: TypeAlias = tuple[int, ...]
Fit: TypeAlias = Callable[..., LinearModel]

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Weights of the squared coefficients, against a loss summed over rows."""

USUAL_PENALTY = 10.0
_MOST_STEPS = 1000


class Linear:
    """Numbers are standardised, missing ones at the median and flagged, categories one-hot.

    Attributes:
        held_out: after a fit, the raw scores of its rows by models that did not see them.
    """

    name = "linear"
    paradigm: Paradigm = "linear"
    complexity = 1
    of_quantile: Mapping[str, Json] = {
        "model": "linear quantile regression",
        "smoothing": "Gaussian, by He et al. (2023)",
        "least bandwidth": LEAST_BANDWIDTH,
        "chosen by": "pinball loss in inner folds, of many rows in one of them",
    }

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self.held_out: Floats | None = None
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "logistic or ridge regression",
            "penalties": PENALTIES,
            "chosen by": "log loss or squared error in inner folds, of many rows in one of them",
            "calibration": "sigmoid, isotonic, temperature, offsets: where it helps in inner folds",
            "rows of a level": LEVEL_ROWS,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the penalty in folds within the sample, fit on all of it, write the artefact."""
        target = np.asarray(sample.target)
        codes = standard_codes(sample)
        encoder = Encoder(codes)
        matrix = encoder.matrix(sample.columns, len(target))
        signs = _signs(sample, encoder)
        fit: Fit = partial(_fit, problem=sample.problem, signs=signs)
        if sample.quantile is not None:
            fit = partial(fit_quantile, quantile=sample.quantile, signs=signs)
        # The codes look at no target, so the folds within the sample may share them.
        fold = inner_folds(sample)
        penalty, held_out = _choose(matrix, fold, sample, fit)
        self.held_out = None if fold is None else held_out
        model = fit(matrix, target, penalty)
        usual = reference(sample, encoder, matrix, lambda rows: model.contributions(rows)[:, 0])
        pipeline = pipeline_of(
            sample, codes, held_out, fold, threshold=self._threshold, reference=usual
        )
        files = {MODEL: json_bytes(model.record())}
        return export(self._folder, sample, pipeline, engine="linear", files=files)


def _choose(
    matrix: Matrix, fold: NDArray[np.int64] | None, sample: Sample, fit: Fit
) -> tuple[float, Floats]:
    """Return the penalty of the least loss on rows held out, and their scores under it."""
    target, problem = np.asarray(sample.target), sample.problem
    if fold is None:
        return USUAL_PENALTY, np.zeros(0)
    found = []
    judges = fold == 0 if len(target) > MANY_ROWS else np.ones(len(target), dtype=np.bool_)
    for penalty in PENALTIES:
        once = partial(fit, penalty=penalty)
        scores = _held_out(matrix, target, fold, problem, once, judges)
        loss = loss_of(scores[judges], target[judges], problem, sample.quantile)
        found.append((loss, penalty, scores))
    _, penalty, scores = min(found, key=lambda each: each[0])
    if not judges.all():
        rest = _held_out(matrix, target, fold, problem, partial(fit, penalty=penalty), ~judges)
        scores[~judges] = rest[~judges]
    return penalty, scores


def _held_out(
    matrix: Matrix,
    target: Floats,
    fold: NDArray[np.int64],
    problem: Problem,
    fit: Fit,
    asked: NDArray[np.bool_],
) -> Floats:
    """Return raw scores of the rows of the folds asked for, by models that did not see them.

    Of all rows: (n,), or (n, k) of classes; those of other folds mean nothing.
    """
    scores = np.empty((len(target), len(np.unique(target)) if problem == "multiclass" else 1))
    for number in np.unique(fold[asked]):
        tested = fold == number
        scores[tested] = fit(matrix[~tested], target[~tested]).raw(matrix[tested])
    return scores if problem == "multiclass" else scores[:, 0]


def _signs(sample: Sample, encoder: Encoder) -> Signs:
    """Return the sign that the coefficient of each position must have; 0 leaves it free."""
    signs = monotone_signs(sample.monotone, sample.input, sample.problem)
    found = [0] * encoder.width
    for name, start in zip(encoder.fields, encoder.starts, strict=True):
        found[start] = signs.get(name, 0)  # a flag for missing beside it has no order
    return tuple(found)


def _fit(
    matrix: Matrix, target: Floats, penalty: float, *, problem: Problem, signs: Signs
) -> LinearModel:
    if any(signs):
        return _fit_within(matrix, target, penalty, problem, signs)
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


def _fit_within(
    matrix: Matrix, target: Floats, penalty: float, problem: Problem, signs: Signs
) -> LinearModel:
    """Fit the same loss with coefficients of given signs: convex, so there is one best fit."""
    shift = float(target.mean()) if problem == "regression" else 0.0
    spread = float(target.std()) or 1.0 if problem == "regression" else 1.0
    wanted = (target - shift) / spread

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, score = parameters[:-1], matrix @ parameters[:-1] + parameters[-1]
        if problem == "regression":
            wrong = score - wanted
            value = float(wrong @ wrong) / 2
        else:
            wrong = expit(score) - wanted
            value = float(np.logaddexp(0, score).sum() - wanted @ score)
        value += penalty / 2 * float(weights @ weights)
        slopes = np.append(matrix.T @ wrong + penalty * weights, wrong.sum())
        return value / len(target), slopes / len(target)

    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in (*signs, 0)]
    steps = {"maxiter": _MOST_STEPS, "ftol": 1e-12, "gtol": 1e-8}
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, options=steps).x * spread
    intercept = float(found[-1]) + shift
    return LinearModel([found[:-1].tolist()], [intercept], matrix.mean(axis=0).tolist())
