"""Raw scores that a model gave to rows it had not seen, into probabilities and intervals."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from plait.engines.pipeline import Calibration, Interval

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LEVEL = 0.9
"""The level of every regression's interval."""

_SLOPES = (0.01, 100.0)
_OFFSETS = (-100.0, 100.0)


def log_loss(raw: Floats, truth: Ints, calibration: Calibration | None = None) -> float:
    """Return the mean log loss of calibrated raw scores.

    Args:
        raw: (n,) log-odds of the second of two classes, or (n, k) scores of the classes.
        truth: (n,) class indexes.
        calibration: None leaves the model's own probabilities.
    """
    logs = _log_probabilities(raw, calibration or Calibration())
    return float(-np.mean(logs[np.arange(len(truth)), truth]))


def calibrate(raw: Floats, truth: Ints, fold: Ints) -> Calibration:
    """Return the calibration that fits best, if it helps rows that had no say in it.

    Two classes: a sigmoid (Platt 1999). More: a temperature (Guo et al. 2017). It is kept when the
    log loss of each fold, calibrated on the others, is lower than without it; else the model's own
    probabilities stay.

    Args:
        raw: out-of-fold scores, as in `log_loss`.
        truth: (n,) class indexes.
        fold: (n,) the number of the fold each row was tested in.
    """
    helped = 0.0
    for number in np.unique(fold):
        held_out = fold == number
        fitted = _fit(raw[~held_out], truth[~held_out])
        before, after = (log_loss(raw[held_out], truth[held_out], each) for each in (None, fitted))
        helped += (before - after) * held_out.sum()
    return _fit(raw, truth) if helped > 0 else Calibration()


def _fit(raw: Floats, truth: Ints) -> Calibration:
    """Return the slope, and for two classes the offset, of the least log loss.

    Against Platt's targets: a class of n rows is believed to (n + 1) / (n + 2), so that scores
    which happen to separate all rows do not ask for certainty.
    """
    scores = _scores(raw)
    rows = np.bincount(truth, minlength=scores.shape[1])
    rest = (1 / (rows + 2))[truth]
    targets = np.repeat(rest[:, None] / (len(rows) - 1), len(rows), axis=1)
    targets[np.arange(len(truth)), truth] = 1 - rest

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logs = _log_probabilities(raw, _calibration(parameters))
        wrong = np.exp(logs) - targets
        slopes = np.array([(wrong * scores).sum(), wrong[:, 1].sum()])
        return -float((targets * logs).sum()), slopes[: len(parameters)]

    start, bounds = ([1.0, 0.0], [_SLOPES, _OFFSETS]) if raw.ndim == 1 else ([1.0], [_SLOPES])
    return _calibration(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _calibration(parameters: Floats) -> Calibration:
    slope, offset = (*parameters, 0.0)[:2]
    return Calibration(slope=float(slope), offset=float(offset))


def _scores(raw: Floats) -> Floats:
    """Return (n, k) scores; of two classes the first has none."""
    return np.column_stack([np.zeros(len(raw)), raw]) if raw.ndim == 1 else raw


def _log_probabilities(raw: Floats, calibration: Calibration) -> Floats:
    """Return (n, k) logarithms of the probabilities."""
    scores = _scores(calibration.slope * raw + calibration.offset)
    logs: Floats = log_softmax(scores, axis=1)
    return logs


def interval(residuals: Floats) -> Interval:
    """Return the interval that holds nine of ten new rows (split conformal, Papadopoulos 2002).

    Its half width is the ceil(0.9 (n + 1))-th smallest absolute residual, or the largest.

    Args:
        residuals: (n,) target minus prediction of rows that the model did not see.
    """
    rank = min(int(np.ceil(LEVEL * (len(residuals) + 1))), len(residuals))
    return Interval(level=LEVEL, half_width=float(np.sort(np.abs(residuals))[rank - 1]))
