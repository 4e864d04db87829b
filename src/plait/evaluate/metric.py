"""What number a prediction gets.

Truth and prediction have one shape per problem, here and in the whole room:

- binary and multiclass: truth is (n,) class indexes; prediction is (n, k) probabilities whose rows
  sum to 1. The positive class of a binary problem is index 1. Metrics of the decided class take
  the most probable one.
- regression: truth and prediction are (n,) floats, in the target's unit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plait.core.errors import InvalidData, UnknownName
from plait.evaluate.bin import Floats, Ints
from plait.evaluate.interval import Interval

Problem = Literal["binary", "multiclass", "regression"]
Truth = Ints | Floats
Function = Callable[[Truth, Floats, Floats], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to score predictions.

    Attributes:
        name: what a contract calls it.
        problems: the problems it serves.
        greater_is_better: False for errors and losses.
        lowest: no score is below it.
        highest: no score is above it.
        function: `(truth, prediction, weight) -> float`, with one weight per row; NaN where the
            metric is undefined, as an AUC is when only one class is present.
    """

    name: str
    problems: frozenset[Problem]
    greater_is_better: bool
    function: Function
    lowest: float = 0.0
    highest: float = 1.0

    @property
    def sign(self) -> int:
        """The factor, 1 or -1, that makes greater better."""
        return 1 if self.greater_is_better else -1

    def within(self, interval: Interval) -> Interval:
        """Return the interval cut at what the metric can be."""
        low, high = np.clip([interval.low, interval.high], self.lowest, self.highest)
        return Interval(interval.estimate, float(low), float(high))


def by_score(
    positive: NDArray[np.bool_], score: Floats, weight: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the distinct scores, ascending, and the positive and negative weight at each."""
    distinct, group = np.unique(score, return_inverse=True)
    return distinct, _sums(group, weight * positive), _sums(group, weight * ~positive)


def _sums(group: Ints, weight: Floats, groups: int = 0) -> Floats:
    """Return the weight of each group of rows."""
    return np.bincount(group, weight, groups).astype(np.float64)


def binary_auc(positive: NDArray[np.bool_], score: Floats, weight: Floats) -> float:
    """Return the chance that a positive outscores a negative, a tie counting one half.

    Exact, O(n log n): Hanley and McNeil (1982), Radiology 143:29-36. NaN when a class is absent.
    """
    _, positives, negatives = by_score(positive, score, weight)
    pairs = positives.sum() * negatives.sum()
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / pairs) if pairs > 0 else np.nan


def _binary_average_precision(positive: NDArray[np.bool_], score: Floats, weight: Floats) -> float:
    """Return the precision at each score, averaged by the recall gained there."""
    _, positives, negatives = by_score(positive, score, weight)
    positives, negatives = positives[::-1], negatives[::-1]
    found = np.cumsum(positives)
    if not found[-1]:
        return np.nan
    named = found + np.cumsum(negatives)
    precision = np.divide(found, named, out=np.zeros_like(found), where=named > 0)
    return float(positives @ precision / found[-1])


def _one_versus_rest(
    function: Callable[[NDArray[np.bool_], Floats, Floats], float],
) -> Function:
    """Lift a binary metric: class 1 of two, else the plain mean over the classes present."""

    def lifted(truth: Truth, prediction: Floats, weight: Floats) -> float:
        k = prediction.shape[1]
        classes = [1] if k == 2 else np.flatnonzero(_sums(truth.astype(np.int64), weight, k))
        return float(np.mean([function(truth == c, prediction[:, c], weight) for c in classes]))

    return lifted


def _log_loss(truth: Truth, prediction: Floats, weight: Floats) -> float:
    """Return the mean of -ln p(true class), with p at least the float's epsilon."""
    chosen = prediction[np.arange(len(truth)), truth.astype(np.int64)]
    floor = np.finfo(np.float64).eps
    return float(np.average(-np.log(np.clip(chosen, floor, 1 - floor)), weights=weight))


def _brier(truth: Truth, prediction: Floats, weight: Floats) -> float:
    """Return the mean squared error of the probabilities: of class 1, or summed over three or more.

    Brier (1950), Monthly Weather Review 78:1-3; for two classes the usual half of his sum.
    """
    wrong = prediction - (truth[:, None] == np.arange(prediction.shape[1]))
    per_row = wrong[:, 1] ** 2 if prediction.shape[1] == 2 else (wrong**2).sum(axis=1)
    return float(np.average(per_row, weights=weight))


def _confusion(truth: Truth, prediction: Floats, weight: Floats) -> Floats:
    """Return the (k, k) weight of rows by true class (row) and most probable class (column)."""
    k = prediction.shape[1]
    cell = truth.astype(np.int64) * k + prediction.argmax(axis=1)
    return _sums(cell, weight, k * k).reshape(k, k)


def _accuracy(truth: Truth, prediction: Floats, weight: Floats) -> float:
    return float(np.average(prediction.argmax(axis=1) == truth, weights=weight))


def _balanced_accuracy(truth: Truth, prediction: Floats, weight: Floats) -> float:
    """Return the mean recall of the classes present."""
    table = _confusion(truth, prediction, weight)
    rows = table.sum(axis=1)
    return float(np.mean(table.diagonal()[rows > 0] / rows[rows > 0]))


def _macro_f1(truth: Truth, prediction: Floats, weight: Floats) -> float:
    """Return the mean F1 of the classes that are true or predicted of some row."""
    table = _confusion(truth, prediction, weight)
    rows = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(2 * table.diagonal()[rows > 0] / rows[rows > 0]))


def _mae(truth: Truth, prediction: Floats, weight: Floats) -> float:
    return float(np.average(np.abs(truth - prediction), weights=weight))


def _rmse(truth: Truth, prediction: Floats, weight: Floats) -> float:
    return float(np.sqrt(np.average((truth - prediction) ** 2, weights=weight)))


def _r2(truth: Truth, prediction: Floats, weight: Floats) -> float:
    """Return the share of the truth's variance explained; NaN when the truth is constant."""
    spread = np.average((truth - np.average(truth, weights=weight)) ** 2, weights=weight)
    left = np.average((truth - prediction) ** 2, weights=weight)
    return float(1 - left / spread) if spread > 0 else np.nan


def _pinball(truth: Truth, prediction: Floats, weight: Floats, *, quantile: float) -> float:
    """Return the mean of `quantile` per unit told too low, and the rest of 1 per unit too high."""
    short = truth - prediction
    return float(np.average(np.maximum(quantile * short, (quantile - 1) * short), weights=weight))


_CLASSES: frozenset[Problem] = frozenset({"binary", "multiclass"})
_NUMBERS: frozenset[Problem] = frozenset({"regression"})

METRICS = {
    metric.name: metric
    for metric in (
        Metric("roc_auc", _CLASSES, True, _one_versus_rest(binary_auc)),
        Metric("average_precision", _CLASSES, True, _one_versus_rest(_binary_average_precision)),
        Metric("log_loss", _CLASSES, False, _log_loss, highest=np.inf),
        Metric("brier", _CLASSES, False, _brier, highest=2.0),
        Metric("accuracy", _CLASSES, True, _accuracy),
        Metric("balanced_accuracy", _CLASSES, True, _balanced_accuracy),
        Metric("macro_f1", _CLASSES, True, _macro_f1),
        Metric("mae", _NUMBERS, False, _mae, highest=np.inf),
        Metric("rmse", _NUMBERS, False, _rmse, highest=np.inf),
        Metric("r2", _NUMBERS, True, _r2, lowest=-np.inf),
    )
}
"""Every metric by name."""


PINBALL = "pinball"


def pinball(quantile: float) -> Metric:
    """Return the metric of answers that are to be a quantile: no other answer has a lower mean.

    Koenker and Bassett (1978), Econometrica 46:33-50.

    Args:
        quantile: above 0 and below 1.

    Example:
        >>> truth = np.array([1.0, 2.0, 3.0])
        >>> round(score(pinball(0.9), truth, np.array([2.0, 2.0, 2.0])), 4)
        0.3333
    """
    return Metric(PINBALL, _NUMBERS, False, partial(_pinball, quantile=quantile), highest=np.inf)


def metric_named(name: str, problem: Problem, *, where: str = "") -> Metric:
    """Return the metric `name` of a problem.

    Args:
        name: a key of `METRICS`.
        problem: what it must serve.
        where: file and line of the name, for the error.

    Raises:
        UnknownName: `unknown_metric`, naming the nearest that serves this problem.
    """
    known = [each.name for each in METRICS.values() if problem in each.problems]
    if name not in known:
        raise UnknownName.of("unknown_metric", f"{problem} metric", name, known, where)
    return METRICS[name]


def default_metric(problem: Problem) -> Metric:
    """Return the metric of a contract that names none.

    Binary: roc_auc, which does not depend on the threshold that the costs choose later. Multiclass:
    log_loss, which uses every probability, where macro_f1 would rest on the few rows of the
    smallest class. Regression: rmse, in the target's unit.
    """
    names: dict[Problem, str] = {
        "binary": "roc_auc",
        "multiclass": "log_loss",
        "regression": "rmse",
    }
    return METRICS[names[problem]]


def score(metric: Metric, truth: Truth, prediction: Floats, weight: Floats | None = None) -> float:
    """Return the metric of the predictions.

    Args:
        metric: one of `METRICS`.
        truth: (n,) class indexes, or floats for regression.
        prediction: (n, k) probabilities, or (n,) floats for regression.
        weight: (n,) weights of the rows; a weight of 2 counts as the row given twice.

    Raises:
        InvalidData: `data_prediction` when a prediction is missing, infinite or of another shape
            than the truth asks for; `data_target_constant` when the metric is undefined because
            the rows hold one class or one value only.

    Example:
        >>> truth = np.array([0, 1, 1])
        >>> prediction = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
        >>> score(METRICS["roc_auc"], truth, prediction)
        1.0
    """
    dimensions = 1 if "regression" in metric.problems else 2
    if prediction.ndim != dimensions or len(prediction) != len(truth):
        raise InvalidData(
            "data_prediction",
            f"predictions of shape {prediction.shape} for {len(truth)} rows",
            where=metric.name,
            hint="give one number per row" if dimensions == 1 else "give (rows, classes)",
        )
    if unusable := int((~np.isfinite(prediction)).sum()):
        raise InvalidData(
            "data_prediction",
            f"{unusable} of {prediction.size} predicted values are NaN or infinite",
            where=metric.name,
            hint="look for missing or extreme values among the features",
        )
    value = metric.function(truth, prediction, np.ones(len(truth)) if weight is None else weight)
    if np.isnan(value):
        raise InvalidData(
            "data_target_constant",
            f"{metric.name} is undefined: all {len(truth)} rows have one value of the target",
            hint="give more rows, or name another metric",
        )
    return value
