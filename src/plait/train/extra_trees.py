"""The forest candidate: extremely randomised trees (Geurts et al. 2006), fitted by scikit-learn."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.base import json_bytes
from plait.engines.booster import Booster
from plait.engines.encode import Encoder, Matrix
from plait.engines.forest import FOREST, MODEL, Forest
from plait.train.base import MANY_ROWS, export, inner_folds
from plait.train.code import ordered_codes, pipeline_of
from plait.train.from_sklearn_tree import forest_text
from plait.train.reference import reference

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Settings: TypeAlias = Mapping[str, int | float]
Fitted: TypeAlias = ExtraTreesClassifier | ExtraTreesRegressor

SETTINGS: Settings = {"max_features": 0.7, "min_samples_leaf": 3}
"""Near the best of four on seven of scikit-learn's own sets and makers, far behind on none."""

MANY_LEAF = 10
"""Rows of a leaf beyond 10,000 rows."""

TREES = 60
"""Measured on scikit-learn's own sets: 100 lower the loss by 1 % more, and take as much longer."""

LEAST_TREES, CLASS_TREES = 20, 200
"""Trees of three classes or more, in all: the forest is written once per class."""

FLOOR = 1e-3
"""No row is certain: trees that agree say little of a probability beyond this."""

_LARGEST = 1e30


class ExtraTrees:
    """Many trees cut at random, their answers averaged; missing stays missing.

    Attributes:
        held_out: raw scores of the rows fitted on, each by trees that did not see it; None before
            a fit, or where `inner_folds` has no folds.
    """

    name = "extra_trees"
    paradigm: Paradigm = "tree"
    complexity = 3

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold
        self.held_out: Floats | None = None

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "extremely randomised trees",
            "settings": SETTINGS,
            "rows of a leaf beyond 10,000 rows": MANY_LEAF,
            "trees": [TREES, CLASS_TREES, LEAST_TREES],
            "floor": FLOOR,
            "calibration": "where it helps out of bag, or in inner folds of categories and groups",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Fit on all of the sample, calibrate on what rows held out got, write the artefact."""
        target = np.asarray(sample.target, dtype=np.float64)
        fold = inner_folds(sample)
        scores = np.zeros(0)
        if fold is not None:
            ordered = any(field.kind == "category" for field in sample.input.fields)
            folded = ordered or bool(sample.groups)
            scores = _out_of_fold(sample, target, fold) if folded else _out_of_bag(sample, target)
            self.held_out = scores
        codes = ordered_codes(sample, np.arange(len(target)))
        encoder = Encoder(codes)
        matrix = _matrix(encoder.matrix(sample.columns, len(target)))
        grown = _grow(matrix, target, sample).estimators_
        width, answers = encoder.width, len(sample.classes) if sample.problem == "multiclass" else 1
        text = forest_text(grown, range(width), width=width, scores=answers).encode()
        forest = Forest(Booster(text), sample.problem, FLOOR)
        usual = reference(sample, encoder, matrix, lambda rows: forest.contributions(rows)[:, 0])
        pipeline = pipeline_of(
            sample, codes, scores, fold, threshold=self._threshold, reference=usual
        )
        files = {MODEL: text, FOREST: json_bytes({"floor": FLOOR})}
        return export(self._folder, sample, pipeline, engine="forest", files=files)


def _out_of_bag(sample: Sample, target: Floats) -> Floats:
    """Return the raw scores each row gets from the trees that did not draw it.

    A forest of draws with repetition (Breiman 1996, Out-of-bag estimation) stands for one that
    sees every row: one fit does for five folds. It would not do for categories, whose levels are
    put in order by the target, each row's own among them.
    """
    encoder = Encoder(ordered_codes(sample, np.arange(len(target))))
    matrix = _matrix(encoder.matrix(sample.columns, len(target)))
    with warnings.catch_warnings():  # of a row that every tree drew; it gets the usual answer
        warnings.simplefilter("ignore")
        forest = _grow(matrix, target, sample, bootstrap=True, oob_score=True)
    if sample.problem == "regression":
        numbers: Floats = np.nan_to_num(forest.oob_prediction_, nan=float(target.mean()))
        return numbers
    even = 1 / len(sample.classes)
    return _logs(np.nan_to_num(forest.oob_decision_function_, nan=even))


def _out_of_fold(sample: Sample, target: Floats, fold: Ints) -> Floats:
    """Return the raw scores each row gets from a forest that saw nothing of its fold."""
    shape = (len(target), len(sample.classes)) if sample.problem == "multiclass" else len(target)
    scores = np.empty(shape)
    for number in np.unique(fold):
        out = fold == number
        codes = ordered_codes(sample, np.flatnonzero(~out))
        matrix = _matrix(Encoder(codes).matrix(sample.columns, len(target)))
        scores[out] = _raw(_grow(matrix[~out], target[~out], sample), matrix[out])
    return scores


def _matrix(matrix: Matrix) -> Matrix:
    """Return numbers that scikit-learn can compare, and add up, in 32 bits."""
    return np.clip(matrix, -_LARGEST, _LARGEST)


def _grow(matrix: Matrix, target: Floats, sample: Sample, **drawn: bool) -> Fitted:
    leaf = {"min_samples_leaf": MANY_LEAF} if len(sample.target) > MANY_ROWS else {}
    usual = {"n_jobs": 1, "random_state": sample.seed, **SETTINGS, **leaf, **drawn}
    if sample.problem == "regression":
        return ExtraTreesRegressor(TREES, **usual).fit(matrix, target)
    trees = TREES
    if sample.problem == "multiclass":
        trees = min(TREES, max(LEAST_TREES, CLASS_TREES // len(sample.classes)))
    return ExtraTreesClassifier(trees, **usual).fit(matrix, target.astype(np.int64))


def _raw(forest: Fitted, matrix: Matrix) -> Floats:
    """Return raw scores as the engine gives them, of rows held out."""
    if not hasattr(forest, "classes_"):
        numbers: Floats = forest.predict(matrix)
        return numbers
    return _logs(forest.predict_proba(matrix))


def _logs(probabilities: Floats) -> Floats:
    """Return (n, k) logarithms, or (n,) log-odds of the second of two classes."""
    chances = np.clip(probabilities, FLOOR, 1 - FLOOR)
    logs: Floats = np.log(chances)
    return logs if chances.shape[1] > 2 else np.log(chances[:, 1] / chances[:, 0])
