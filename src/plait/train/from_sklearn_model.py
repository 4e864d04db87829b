"""Fitted models of scikit-learn and LightGBM as what plait's engines run."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from plait.core.contract import Problem
from plait.engines import forest, lightgbm, linear
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.linear import LinearModel
from plait.engines.pipeline import Calibration, Code
from plait.train.from_sklearn_column import (
    Cell,
    Looked,
    codes_of,
    follow_categories,
    refused,
)
from plait.train.from_sklearn_tree import (
    Tree,
    booster_text,
    categorical_features,
    forest_text,
    rewired,
    tree_of,
)

FLOOR = 1e-12
"""The least probability of a forest: its own may be 0, whose logarithm nobody can add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A model as an engine runs it.

    Attributes:
        problem: what it predicts.
        classes: levels of its target, in its order; empty for a regression.
        codes: how columns become its numbers.
        engine: what runs it.
        files: the engine's own: path within the folder -> content.
        calibrate: how its scores become probabilities; None for a regression.
    """

    problem: Problem
    classes: tuple[bool | int | float | str, ...]
    codes: tuple[Code, ...]
    engine: str
    files: Mapping[str, bytes]
    calibrate: Calibration | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a model predicts, from which cells, and where these are in the matrix."""

    problem: Problem
    classes: tuple[Any, ...]
    cells: Sequence[Cell]
    codes: tuple[Code, ...]
    positions: Sequence[int]

    @property
    def width(self) -> int:
        return sum(code.width for code in self.codes)

    @property
    def scores(self) -> int:
        return len(self.classes) if self.problem == "multiclass" else 1

    @property
    def objective(self) -> str:
        named = {"binary": "binary sigmoid:1", "multiclass": f"multiclass num_class:{self.scores}"}
        return named.get(self.problem, "regression")


def convert(
    model: BaseEstimator, cells: Sequence[Cell], columns: Mapping[str, Any], rows: int
) -> Converted:
    """Return a fitted model as an engine runs it.

    Args:
        model: the estimator, without what comes before it.
        cells: what it is given, one per feature.
        columns: of the frame, values with None for missing; `rows` of each.
        rows: how many.

    Raises:
        Refused: `import_refused`, when the model cannot be converted.
    """
    problem, classes = _predicted(model)
    if isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        cells = _histogram_cells(model, cells)
    shape = _Shape(problem, classes, cells, *codes_of(cells))
    slope = 1.0
    if isinstance(model, _LINEAR):
        engine, files = _linear(model, shape, Encoder(shape.codes).matrix(columns, rows))
    elif isinstance(model, _FORESTS):
        engine, files = _forest(model, shape)
    elif isinstance(model, GradientBoostingClassifier | GradientBoostingRegressor):
        engine, files = _boosted(model, shape)
        slope = 2.0 if model.loss == "exponential" else 1.0
    elif isinstance(model, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        engine, files = _histogram(model, shape)
    elif hasattr(model, "booster_"):
        engine, files = _wrapped(model, shape)
        slope = float(model.get_params().get("sigmoid", 1.0)) if problem == "binary" else 1.0
    else:
        raise refused(f"{type(model).__name__} cannot be converted", _MODELS)
    return Converted(
        problem=problem,
        classes=classes,
        codes=shape.codes,
        engine=engine,
        files=files,
        calibrate=None if problem == "regression" else Calibration(slope=slope),
    )


def _predicted(model: BaseEstimator) -> tuple[Problem, tuple[Any, ...]]:
    name = type(model).__name__
    if getattr(model, "n_outputs_", 1) != 1:
        raise refused(f"the {name} predicts several targets", "fit one model for each")
    if not is_classifier(model):
        return "regression", ()
    if not hasattr(model, "predict_proba"):
        hint = "fit LogisticRegression instead, whose probabilities can be compared"
        raise refused(f"the {name} gives no probabilities", hint)
    classes = tuple(model.classes_.tolist())
    if len(classes) < 2:
        raise refused(f"the {name} knows one class only", "fit it on rows of two classes")
    return ("binary" if len(classes) == 2 else "multiclass"), classes


def _linear(model: BaseEstimator, shape: _Shape, matrix: Matrix) -> tuple[str, dict[str, bytes]]:
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    if len(weights) != shape.scores:
        raise refused(
            f"the {type(model).__name__} has {len(weights)} rows of coefficients", _MODELS
        )
    placed = np.zeros((len(weights), shape.width))
    placed[:, shape.positions] = weights
    intercept = np.broadcast_to(np.atleast_1d(model.intercept_), len(weights)).tolist()
    filled = np.where(np.isnan(matrix), 0.0, matrix)
    found = LinearModel(placed.tolist(), intercept, filled.mean(axis=0).tolist())
    return "linear", {linear.MODEL: json_bytes(found.record())}


def _forest(model: BaseEstimator, shape: _Shape) -> tuple[str, dict[str, bytes]]:
    grown = getattr(model, "estimators_", [model])
    text = forest_text(grown, shape.positions, width=shape.width, scores=shape.scores)
    return "forest", {forest.MODEL: text.encode(), forest.FOREST: json_bytes({"floor": FLOOR})}


def _boosted(model: BaseEstimator, shape: _Shape) -> tuple[str, dict[str, bytes]]:
    trees, sums = [], np.zeros(shape.scores)
    zeros = np.zeros((1, model.n_features_in_))
    for stage in model.estimators_:
        for at, each in enumerate(stage):
            values = model.learning_rate * each.tree_.value[:, 0, 0]
            trees.append(tree_of(each.tree_, values, shape.positions))
            sums[at] += model.learning_rate * float(each.predict(zeros)[0])
    if model.init_ != "zero" and not isinstance(model.init_, DummyClassifier | DummyRegressor):
        raise refused("the boosting starts from another model", "leave `init` out, and fit again")
    # Whatever it starts from is what it says of a row less what its trees say.
    with warnings.catch_warnings():  # of names it was fitted with
        warnings.simplefilter("ignore")
        raw = (model.decision_function if shape.classes else model.predict)(zeros)
    start = np.ravel(raw) - sums
    return "lightgbm", {lightgbm.MODEL: _boosting_text(trees, shape, start)}


def _histogram_cells(model: BaseEstimator, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells after the encoder within the model; missing and unknown levels count up."""
    if model._preprocessor is None:  # private: nothing public tells the order of its columns
        return list(cells)
    names = [f"{at}" for at in range(len(cells))]
    parts = model._preprocessor
    listed = getattr(parts, "feature_names_in_", names)
    found = follow_categories(parts, cells, list(listed))
    flags = model._is_categorical_remapped
    return [
        replace(cell, missing=float(len(cell.values)), unknown=float(len(cell.values)))
        if flag and isinstance(cell, Looked)
        else cell
        for cell, flag in zip(found, flags.tolist(), strict=True)
    ]


def _histogram(model: BaseEstimator, shape: _Shape) -> tuple[str, dict[str, bytes]]:
    allowed = {"log_loss", "squared_error", "absolute_error", "quantile"}
    if model.loss not in allowed:
        hint = f"fit it with one of: {', '.join(sorted(allowed))}"
        raise refused(f"the loss {model.loss!r} has another scale than its scores", hint)
    trees = [
        _histogram_tree(each, shape) for stage in model._predictors for each in stage
    ]  # private: the trees are nowhere else
    start = np.ravel(model._baseline_prediction)
    return "lightgbm", {lightgbm.MODEL: _boosting_text(trees, shape, start)}


def _histogram_tree(grown: BaseEstimator, shape: _Shape) -> Tree:
    nodes = grown.nodes
    leaf = nodes["is_leaf"].astype(np.bool_)
    sets: dict[int, list[int]] = {}
    for node in np.flatnonzero(nodes["is_categorical"] & ~leaf).tolist():
        cell = shape.cells[int(nodes["feature_idx"][node])]
        levels = len(cell.values) if isinstance(cell, Looked) else 0
        bits = grown.raw_left_cat_bitsets[int(nodes["bitset_idx"][node])]
        left = [at for at in range(levels) if int(bits[at // 32]) >> at % 32 & 1]
        sets[node] = [*left, levels] if nodes["missing_go_to_left"][node] else left
    at = np.where(leaf, 0, nodes["feature_idx"])
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        position=np.asarray(shape.positions)[at],
        threshold=nodes["num_threshold"],
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        rows=nodes["count"].astype(np.int64),
        value=nodes["value"],
        sets=sets,
    )


def _boosting_text(trees: list[Tree], shape: _Shape, start: NDArray[np.float64]) -> bytes:
    """Return trees as text, the first of each score moved by what the score starts from."""
    first = [
        replace(tree, value=tree.value + offset)
        for tree, offset in zip(trees[: shape.scores], start.tolist(), strict=True)
    ]
    text = booster_text(
        [*first, *trees[shape.scores :]],
        width=shape.width,
        scores=shape.scores,
        objective=shape.objective,
    )
    return text.encode()


def _wrapped(model: BaseEstimator, shape: _Shape) -> tuple[str, dict[str, bytes]]:
    booster = model.booster_
    text = booster.model_to_string()
    found = {line.partition("=")[0]: line.partition("=")[2] for line in text.split("\n", 12)}
    stated = found.get("objective", "custom")
    kind, *options = stated.split(" ")
    allowed = lightgbm.losses_of(shape.problem)
    if kind not in allowed or "sqrt" in options:
        hint = f"fit it with one of the objectives: {', '.join(sorted(allowed))}"
        raise refused(f"the objective {stated!r} has another scale than its scores", hint)
    return "lightgbm", {lightgbm.MODEL: rewired(text, shape.positions, width=shape.width).encode()}


def lightgbm_cells(cells: Sequence[Cell], booster: BaseEstimator) -> list[Cell]:
    """Return the cells of a frame that LightGBM read itself: its categories are counted."""
    levels = booster.pandas_categorical or []
    categories = iter(levels)
    at = set(categorical_features(booster.model_to_string())) if levels else set()
    return [
        counted(cell.column, next(categories)) if place in at else cell
        for place, cell in enumerate(cells)
    ]


def counted(column: str, levels: Sequence[Any]) -> Looked:
    """Return the index of each level, -1 for any other value, NaN for a missing one."""
    keys = [each if isinstance(each, str) else float(each) for each in levels]
    index = {key: float(at) for at, key in enumerate(keys)}
    return Looked(column, index, missing=float("nan"), unknown=-1.0)


_LINEAR = (
    LinearRegression,
    Ridge,
    RidgeCV,
    Lasso,
    LassoCV,
    ElasticNet,
    ElasticNetCV,
    LogisticRegression,
    LogisticRegressionCV,
)
_FORESTS = (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
)
_MODELS = (
    "it must be linear or logistic regression, Ridge, Lasso, ElasticNet, a decision tree, a "
    "forest, GradientBoosting, HistGradientBoosting or LightGBM; or export it to ONNX and import it"
)
