"""How good a detector of anomalies is, without labels or with them, and when it should alarm.

Strangeness is higher for stranger rows. Without labels nothing says which alarms are right; what
can be compared is how tightly a detector encloses usual rows that it has not seen. Excess-mass and
mass-volume curves: Goix (2016), How to evaluate the quality of unsupervised anomaly detection
algorithms?, arXiv:1607.01152; the latter are those of Clemencon and Jakubowicz (2013), AISTATS.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

from plait.core.errors import InvalidData
from plait.engines.anomaly_tail import Tail
from plait.evaluate.bin import Floats
from plait.evaluate.interval import LEVEL, Interval
from plait.evaluate.metric import METRICS, Metric, Truth

MASSES = np.linspace(0.9, 0.999, 34)
"""The shares of usual rows to enclose: anomalies are rare, so only the far end matters."""

KNOTS = 200
TAIL_SHARE = 0.05
LEAST_TAIL = 20
MOST_SHAPE = 0.9


def mass_volume(held_out: Floats, reference: Floats) -> float:
    """Return how much room must be called usual to enclose rows that were held out; less is better.

    The mean, over the `MASSES`, of the share of reference rows that are no stranger than the
    least strangeness which encloses that mass: 1 for a detector that says nothing.

    Args:
        held_out: (n,) strangeness of rows not fitted on.
        reference: (m,) strangeness of rows drawn evenly from the room that the rows span.

    Example:
        >>> mass_volume(np.array([0.1, 0.2]), np.array([0.1, 0.5, 0.9, 1.0]))
        0.25
    """
    levels = np.quantile(held_out, MASSES, method="higher")
    room = np.searchsorted(np.sort(reference), levels, side="right") / len(reference)
    return float(room.mean())


def excess_mass(held_out: Floats, reference: Floats) -> float:
    """Return the mass enclosed beyond t times its room, averaged over t; more is better.

    EM(t) = sup over u of P(usual <= u) - t * room(u), for 100 t from 0.1 to 10; of [0, 1]. The
    arguments are those of `mass_volume`.
    """
    cuts = np.sort(held_out)
    mass = np.arange(1, len(cuts) + 1) / len(cuts)
    room = np.searchsorted(np.sort(reference), cuts, side="right") / len(reference)
    found = [max(0.0, float((mass - t * room).max())) for t in np.linspace(0.1, 10.0, 100)]
    return float(np.mean(found))


def band_volume(raw: Floats, unit: Floats, span: float) -> float:
    """Return how wide a band must be to hold later points of a series; less is better.

    The mass-volume mean of a detector whose usual room is a band of its own at every point.

    Args:
        raw: (n,) strangeness of points, each judged before it was learnt from.
        unit: (n,) width of the band that a strangeness of 1 allows, in the series' unit.
        span: what widths are measured by, above 0, such as the range of the series.
    """
    levels = np.quantile(raw, MASSES, method="higher")
    return float(levels.mean() * unit.mean() / span)


def _mass_volume(truth: Truth, strangeness: Floats, _weight: Floats) -> float:
    usual = truth.astype(np.bool_)
    return mass_volume(strangeness[usual], strangeness[~usual])


def _excess_mass(truth: Truth, strangeness: Floats, _weight: Floats) -> float:
    usual = truth.astype(np.bool_)
    return excess_mass(strangeness[usual], strangeness[~usual])


def _unused(_truth: Truth, _prediction: Floats, _weight: Floats) -> float:
    return float("nan")


ANOMALY_METRICS = {
    each.name: each
    for each in (
        Metric("mass_volume", frozenset(), False, _mass_volume),
        Metric("excess_mass", frozenset(), True, _excess_mass),
    )
}
"""Metrics without labels. Truth is 1 for a row held out and 0 for one of the reference, and the
prediction is (n,) strangeness."""

BAND_VOLUME = Metric("band_volume", frozenset(), False, _unused, highest=np.inf)
"""Of series; its scores are those of `band_volume`."""

LABELLED_METRICS = {name: METRICS[name] for name in ("average_precision", "roc_auc")}
"""Metrics with labels, for which the prediction is (n, 2) shares of being usual and an anomaly."""


def fit_tail(scores: Floats) -> Tail:
    """Return how rare raw scores are, from those of rows that the model did not see.

    The excess over the strangest 5 % (at least 20 rows) is fitted by a generalised Pareto
    distribution, by the estimator of Zhang and Stephens (2009), Technometrics 51:316-325. Peaks
    over a threshold for alarms: Siffer et al. (2017), KDD.

    Args:
        scores: (n,) finite, at least 2.

    Raises:
        InvalidData: `data_too_small` with fewer than 2; `data_prediction` when one is not finite.
    """
    if len(scores) < 2:
        raise InvalidData("data_too_small", f"{len(scores)} scores say nothing of how rare one is")
    if not np.isfinite(scores).all():
        raise InvalidData(
            "data_prediction",
            "a score is NaN or infinite",
            hint="look for extreme values among the features",
        )
    ordered = np.sort(scores.astype(np.float64))
    n = len(ordered)
    values = np.unique(ordered)
    reach = n - np.searchsorted(ordered, values, side="left")  # rows at least so strange
    few = np.flatnonzero(reach <= max(LEAST_TAIL, int(TAIL_SHARE * n)))
    start = float(values[few[0] if len(few) else -1])
    knots = np.unique(np.quantile(ordered, np.linspace(0, 1, KNOTS), method="lower"))
    knots = np.unique(np.append(knots[knots < start], [values[0], start]))
    shares = (n - np.searchsorted(ordered, knots, side="left") + 1) / (n + 1)
    shape, scale = _pareto(ordered[ordered > start] - start, abs(start))
    return Tail(tuple(knots.tolist()), tuple(shares.tolist()), shape, scale)


def _pareto(excess: Floats, size: float) -> tuple[float, float]:
    """Return the shape, of [0, 0.9], and the scale of ascending excesses above 0."""
    least = max(size, 1.0) * 1e-9
    if len(excess) < 5:
        return 0.0, max(float(excess.mean()) if len(excess) else 0.0, least)
    n = len(excess)
    grid = 30 + int(math.sqrt(n))
    quartile = float(excess[int(n / 4 + 0.5) - 1])
    theta = 1.0 / excess[-1] + (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (
        3.0 * quartile
    )
    shapes = np.log1p(-theta[:, None] * excess).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = n * (np.log(-theta / shapes) - shapes - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weight = np.exp(likelihood - likelihood.max())
    best = float((theta * weight).sum() / weight.sum())
    shape = float(np.log1p(-best * excess).mean())
    shape = (n * shape + 5.0) / (n + 10.0)  # drawn to one half, as few excesses say little
    if not 0.0 < shape < MOST_SHAPE:
        shape = min(max(shape, 0.0), MOST_SHAPE)
    mean = float(excess.mean())
    return shape, max(mean * (1.0 - shape), least)


def alarm_share(rows: int, share: float) -> Interval:
    """Return the share of usual rows that will alarm, with its 95 % interval over calibrations.

    Of a threshold that so large a share of `rows` exchangeable rows reaches, which the model did
    not see, the true share follows a beta distribution (Bates et al. 2023, Annals of Statistics
    51:149-178, appendix; Vovk 2012, ACML).

    Args:
        rows: that the threshold was chosen on.
        share: that was asked for, of (0, 1).
    """
    reached = max(1.0, share * (rows + 1))
    low, high = betaincinv(reached, rows + 1 - reached, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(share, float(low), float(high))


def run_length(points: int, alarms: int) -> Interval:
    """Return the average points between alarms, with the exact 95 % interval of Garwood (1936).

    Alarms far enough apart are counted as Poisson. With none the estimate and the upper end are
    infinite.

    Args:
        points: that were watched.
        alarms: that they raised.

    Example:
        >>> round(run_length(1000, 10).low)
        54
    """
    least = float(gammaincinv(alarms, (1 - LEVEL) / 2)) if alarms else 0.0
    most = float(gammaincinv(alarms + 1, (1 + LEVEL) / 2))
    infinite = float("inf")
    return Interval(
        points / alarms if alarms else infinite,
        points / most,
        points / least if least else infinite,
    )


def clustering(raw: Floats, quiet: int, share: float = TAIL_SHARE) -> float:
    """Return alarms per point beyond the threshold: the extremal index, of (0, 1].

    The runs estimator of Smith and Weissman (1994), JRSS B 56:515-528: points beyond it within
    `quiet` points of an alarm belong to that alarm.

    Args:
        raw: (n,) strangeness in order of time.
        quiet: points for which an alarm silences further ones.
        share: of the points that are beyond the threshold.
    """
    beyond = np.flatnonzero(raw > np.quantile(raw, 1 - share))
    if not len(beyond):
        return 1.0
    return len(alarms(beyond, quiet)) / len(beyond)


def alarms(beyond: NDArray[np.int64], quiet: int) -> list[int]:
    """Return at which points an alarm is raised: those beyond the threshold that are not silenced.

    Args:
        beyond: ascending indexes of points beyond the threshold.
        quiet: points for which an alarm silences further ones.
    """
    found: list[int] = []
    for at in beyond.tolist():
        if not found or at - found[-1] > quiet:
            found.append(at)
    return found
