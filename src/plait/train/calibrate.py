"""Raw scores that a model gave to rows it had not seen, into probabilities and intervals."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit
from sklearn.isotonic import isotonic_regression

from plait.core.columns import Column
from plait.core.contract import Problem
from plait.core.errors import InvalidSettings, suggestion
from plait.core.protocol import Sample
from plait.core.schema import Schema
from plait.engines.answer import calibrated_odds, group_key
from plait.engines.pipeline import Calibration, Interval, LevelSet
from plait.evaluate.bin import equal_mass_bins
from plait.evaluate.conformal import interval_score, least_probabilities, smallest
from plait.evaluate.metric import pinball

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LEVEL = 0.9
"""The level of a regression's interval where the contract names none."""

BY_CLASS = "class"
"""Asks for a set that is valid within each class, not by a field."""

GROUP_ROWS = 30
"""A group of fewer rows has no interval of its own: it would hold now too many, now too few."""

_SLOPES = (0.01, 100.0)
_OFFSETS = (-100.0, 100.0)
_SURE = 20.0
"""Log-odds beyond which a probability is too near to 0 or 1 to be one."""
_MOST_OFFSETS = 20
"""Beyond so many classes an offset for each rests on too few rows."""
_BIN_ROWS, _LEAST_BINS, _MOST_BINS = 50, 8, 16
"""Of an isotonic curve: few knots, so that an export stays small."""


def log_loss(raw: Floats, truth: Ints, calibration: Calibration | None = None) -> float:
    """Return the mean log loss of calibrated raw scores.

    Args:
        raw: (n,) log-odds of the second of two classes, or (n, k) scores of the classes.
        truth: (n,) class indexes.
        calibration: None leaves the model's own probabilities.
    """
    logs = _log_probabilities(raw, calibration or Calibration())
    return float(-np.mean(logs[np.arange(len(truth)), truth]))


def loss_of(raw: Floats, target: Floats, problem: Problem, quantile: float | None = None) -> float:
    """Return the mean squared error of a regression's answers, or the log loss of raw scores.

    Of answers that are to be a quantile it is the pinball loss.
    """
    if quantile is not None:
        return pinball(quantile).function(target, raw, np.ones(len(target)))
    if problem == "regression":
        return float(np.mean((target - raw) ** 2))
    return log_loss(raw, target.astype(np.int64))


def calibrate(raw: Floats, truth: Ints, fold: Ints) -> Calibration:
    """Return the calibration that fits best, if it helps rows that had no say in it.

    Two classes: a sigmoid (Platt 1999), or on top of it an isotonic curve of few straight lines
    (Zadrozny and Elkan 2002). More: a temperature (Guo et al. 2017), or with it an offset per class
    (Alexandari, Kundaje and Shrikumar 2020). One is taken when the log loss of each fold,
    calibrated on the others, is lower than by any simpler one and by the model's own probabilities.

    Args:
        raw: out-of-fold scores, as in `log_loss`.
        truth: (n,) class indexes.
        fold: (n,) the number of the fold each row was tested in.
    """
    return calibrate_apart(raw, truth, fold)[0]


def calibrate_apart(raw: Floats, truth: Ints, fold: Ints) -> tuple[Calibration, Floats]:
    """Return what `calibrate` does, and each row's probabilities as the other folds calibrate it.

    Returns:
        The calibration, and (n, k) probabilities.
    """
    tried = [_apart(raw, truth, fold, fit) for fit in _fits(raw, truth)]
    losses = [-logs[np.arange(len(truth)), truth].mean() for logs in tried]
    best = int(np.argmin(losses))  # of equal ones the first, which is the simplest
    return _fits(raw, truth)[best](raw, truth), np.exp(tried[best])


_Fit: TypeAlias = Callable[[Floats, Ints], Calibration]


def _fits(raw: Floats, truth: Ints) -> list[_Fit]:
    """Return what may be tried, the simplest first."""
    found: list[_Fit] = [lambda _raw, _truth: Calibration(), _slope]
    if raw.ndim == 1:
        return [*found, _isotonic] if len(truth) >= _LEAST_BINS * _BIN_ROWS else found
    return [*found, _vector] if raw.shape[1] <= _MOST_OFFSETS else found


def _apart(raw: Floats, truth: Ints, fold: Ints, fit: _Fit) -> Floats:
    """Return (n, k) log-probabilities of each fold by what fits the others."""
    logs = np.empty((len(truth), 2 if raw.ndim == 1 else raw.shape[1]))
    for number in np.unique(fold):
        out = fold == number
        logs[out] = _log_probabilities(raw[out], fit(raw[~out], truth[~out]))
    return logs


def _slope(raw: Floats, truth: Ints) -> Calibration:
    """Return the slope, and for two classes the offset, of the least log loss."""
    if raw.ndim == 1:
        slope, offset = _least(raw, truth, lambda p: p[0] * raw + p[1], 1)
        return Calibration(slope=slope, offset=offset)
    (slope,) = _least(raw, truth, lambda p: p[0] * raw, 0)
    return Calibration(slope=slope)


def _vector(raw: Floats, truth: Ints) -> Calibration:
    """Return a slope and an offset per class; only differences of offsets mean anything."""
    slope, *offsets = _least(raw, truth, lambda p: p[0] * raw + p[1:], raw.shape[1])
    return Calibration(slope=slope, offsets=tuple(offsets))


def _least(
    raw: Floats, truth: Ints, scored: Callable[[Floats], Floats], offsets: int
) -> tuple[float, ...]:
    """Return a slope and so many offsets of the least log loss.

    Against Platt's targets: a class of n rows is believed to (n + 1) / (n + 2), so that scores
    which happen to separate all rows do not ask for certainty.
    """
    plain = _scores(raw)
    rows = np.bincount(truth, minlength=plain.shape[1])
    rest = (1 / (rows + 2))[truth]
    targets = np.repeat(rest[:, None] / (len(rows) - 1), len(rows), axis=1)
    targets[np.arange(len(truth)), truth] = 1 - rest

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logs = log_softmax(_scores(scored(parameters)), axis=1)
        wrong = np.exp(logs) - targets
        slopes = np.array([(wrong * plain).sum(), *wrong.sum(axis=0)[len(rows) - offsets :]])
        return -float((targets * logs).sum()), slopes

    start, bounds = [1.0, *[0.0] * offsets], [_SLOPES, *[_OFFSETS] * offsets]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return tuple(found.x.tolist())


def _isotonic(raw: Floats, truth: Ints) -> Calibration:
    """Return a sigmoid and a curve on top of it, isotonic over bins of equal mass.

    Each bin's rate counts one row of the sigmoid's own promise, so that none is 0 or 1.
    """
    sigmoid = _slope(raw, truth)
    odds = calibrated_odds(raw, sigmoid)
    cell = equal_mass_bins(odds, min(_MOST_BINS, len(odds) // _BIN_ROWS))
    rows = np.bincount(cell)
    promised = np.bincount(cell, expit(np.clip(odds, -_SURE, _SURE))) / rows
    rate = (np.bincount(cell, truth) + promised) / (rows + 1)
    risen = isotonic_regression(rate, sample_weight=rows)
    block = np.unique(risen, return_inverse=True)[1]
    mass = np.bincount(block, rows)
    place = np.bincount(block, np.bincount(cell, odds)) / mass
    height = logit(np.bincount(block, risen * rows) / mass)
    return replace(sigmoid, knots=tuple(zip(place.tolist(), height.tolist(), strict=True)))


def _scores(raw: Floats) -> Floats:
    """Return (n, k) scores; of two classes the first has none."""
    return np.column_stack([np.zeros(len(raw)), raw]) if raw.ndim == 1 else raw


def _log_probabilities(raw: Floats, calibration: Calibration) -> Floats:
    """Return (n, k) logarithms of the probabilities."""
    if raw.ndim == 1:
        scores = calibrated_odds(raw, calibration)
    else:
        scores = calibration.slope * raw + np.array(calibration.offsets or 0.0)
    logs: Floats = log_softmax(_scores(scores), axis=1)
    return logs


def groups_of(sample: Sample) -> Column | None:
    """Return what the rows say in the field by whose levels the coverage is asked for.

    Raises:
        InvalidSettings: as `check_by`.
    """
    by = sample.interval_by
    check_by(by, sample.input, sample.problem)
    return None if not by or _within_classes(by, sample.problem) else sample.columns[by]


def check_by(by: str, input: Schema, problem: Problem) -> None:
    """Look for the field by whose levels a coverage is asked for.

    Raises:
        InvalidSettings: `settings_wrong_value`, when there is no such category or boolean, or a
            regression is asked for it by class.
    """
    known = [each.name for each in input.fields if each.kind in ("category", "boolean")]
    if not by or _within_classes(by, problem) or by in known:
        return
    raise InvalidSettings(
        "settings_wrong_value",
        f"{by!r} is no feature with levels, so no coverage can be kept within them",
        where="require.interval.by",
        hint=suggestion(by, known if problem == "regression" else [*known, BY_CLASS]),
    )


def _within_classes(by: str, problem: Problem) -> bool:
    return by == BY_CLASS and problem != "regression"


def interval(
    residuals: Floats, *, level: float = LEVEL, by: str = "", groups: Column | None = None
) -> Interval:
    """Return the interval that holds that share of new rows (Papadopoulos 2002).

    Its half width is the ceil(level (n + 1))-th smallest absolute residual, or the largest. The
    residuals are those of inner folds, whose models saw fewer rows than the last one: as in CV+
    (Barber et al. 2021) the coverage is in practice that of the level, and proven for 2 level - 1.

    Args:
        residuals: (n,) target minus prediction of rows that the model did not see.
        level: the share.
        by: a field whose levels get half widths of their own (Mondrian, Vovk 2012).
        groups: (n,) what the rows say in that field.
    """
    sizes = np.abs(residuals)
    return Interval(
        level=level,
        half_width=smallest(sizes, level),
        by=by,
        groups={key: smallest(sizes[rows], level) for key, rows in _groups(groups).items()},
    )


def calibrated(
    sample: Sample, raw: Floats, fold: Ints | None
) -> tuple[Calibration, LevelSet | None]:
    """Return the calibration of a fit, and the set of levels where the sample asks for one.

    Args:
        sample: of classes.
        raw: out-of-fold scores, as in `log_loss`.
        fold: (n,) the number of the fold each row was tested in; None has no scores.

    Raises:
        InvalidSettings: as `groups_of`.
    """
    groups = groups_of(sample)
    if fold is None:
        return Calibration(), None
    truth = np.asarray(sample.target).astype(np.int64)
    found, probability = calibrate_apart(raw, truth, fold)
    if sample.interval is None:
        return found, None
    level, by = sample.interval, sample.interval_by
    return found, level_set(probability, truth, level=level, by=by, groups=groups)


def regression_interval(
    sample: Sample, value: Floats, fold: Ints, band: Floats | None = None
) -> Interval:
    """Return the interval of a fit, by quantiles where they are given and win.

    Args:
        sample: of a regression.
        value: (n,) out-of-fold answers.
        fold: (n,) the number of the fold each row was tested in.
        band: (n, 2) out-of-fold quantiles, if there are any.

    Raises:
        InvalidSettings: as `groups_of`.
    """
    groups, target = groups_of(sample), np.asarray(sample.target)
    level = LEVEL if sample.interval is None else sample.interval
    plain = interval(target - value, level=level, by=sample.interval_by, groups=groups)
    if band is None:
        return plain
    better = quantile_interval(target, band, fold, plain, value=value, groups=groups)
    return better or plain


def quantile_interval(
    target: Floats,
    band: Floats,
    fold: Ints,
    residual: Interval,
    *,
    value: Floats,
    groups: Column | None = None,
) -> Interval | None:
    """Return the conformalised interval of two quantile models, if it beats one of residuals.

    Romano, Patterson and Candes (2019). It wins when its interval score (Gneiting and Raftery
    2007) is lower on each fold, widened by the others; both are valid there by construction.

    Args:
        target: (n,) of rows that the models did not see.
        band: (n, 2) what the two models say of them.
        fold: (n,) the number of the fold each row was tested in.
        residual: the rival, with the level, the field and the groups.
        value: (n,) the answers.
        groups: as of `interval`.
    """
    excess = np.maximum(band[:, 0] - target, target - band[:, 1])
    gain = 0.0
    for number in np.unique(fold):
        out = fold == number
        plain = smallest(np.abs(target - value)[~out], residual.level)
        widen = smallest(excess[~out], residual.level)
        low, high = (
            np.minimum(band[out, 0] - widen, value[out]),
            np.maximum(band[out, 1] + widen, value[out]),
        )
        before = (value[out] - plain, value[out] + plain)
        gain += interval_score(target[out], *before, level=residual.level).sum()
        gain -= interval_score(target[out], low, high, level=residual.level).sum()
    if gain <= 0:
        return None
    return Interval(
        level=residual.level,
        half_width=smallest(excess, residual.level),
        quantiles=True,
        by=residual.by,
        groups={k: smallest(excess[rows], residual.level) for k, rows in _groups(groups).items()},
    )


def level_set(
    probability: Floats, truth: Ints, *, level: float, by: str = "", groups: Column | None = None
) -> LevelSet:
    """Return the set that holds the true level of that share of new rows; see `LevelSet`.

    Args:
        probability: (n, k) of rows that neither the model nor its calibration saw.
        truth: (n,) class indexes.
        level: the share.
        by: `BY_CLASS` for that share within each class; else a field, as of `interval`.
        groups: (n,) what the rows say in that field.
    """
    every = np.arange(len(truth))
    parts = {} if by == BY_CLASS else _groups(groups)
    return LevelSet(
        level=level,
        least=least_probabilities(probability, truth, level, by_class=by == BY_CLASS),
        by="" if by == BY_CLASS else by,
        groups={
            key: least_probabilities(probability[every[rows]], truth[rows], level)
            for key, rows in parts.items()
        },
    )


def _groups(groups: Column | None) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each group that is large enough to speak for itself."""
    if groups is None:
        return {}
    keys = np.array([group_key(each) for each in groups], dtype=object)
    names, rows = np.unique(keys.astype(str), return_counts=True)
    return {str(name): keys == name for name in names[rows >= GROUP_ROWS]}
