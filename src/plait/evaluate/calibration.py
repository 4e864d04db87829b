"""Whether a probability means what it says."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from plait.evaluate.bin import Floats, Ints, equal_mass_bins
from plait.evaluate.interval import LEVEL, Interval

_DRAWS = 1000
_MOST_BINS = 100
_LEAST_BINS = 5


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of like probability: what was promised, and what came.

    Attributes:
        rows: how many rows.
        probability: their mean predicted probability.
        observed: the share of them in which the event came.
    """

    rows: int
    probability: float
    observed: float


def reliability(event: Ints, probability: Floats, *, bins: int = 10) -> list[ReliabilityBin]:
    """Return the reliability table, by bins of equal mass from the least probable upwards.

    Args:
        event: (n,) 1 where it came, else 0. For several classes: whether the most probable class
            was right.
        probability: (n,) the predicted probability of the event.
        bins: how many to aim for; equal probabilities share a bin.
    """
    cell = equal_mass_bins(probability, bins)
    rows = np.bincount(cell)
    promised = np.bincount(cell, probability) / rows
    observed = np.bincount(cell, event) / rows
    return [
        ReliabilityBin(int(n), float(p), float(o))
        for n, p, o in zip(rows, promised, observed, strict=True)
    ]


def calibration_error(event: Ints, probability: Floats, *, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap between promise and outcome, by rows.

    Naeini, Cooper and Hauskrecht (2015), AAAI, here with bins of equal mass, which Nixon et al.
    (2019), Measuring Calibration in Deep Learning, found less biased than bins of equal width.

    Args:
        event: (n,) 1 where it came, else 0.
        probability: (n,) the predicted probability of the event.
        bins: how many bins to aim for.

    Example:
        >>> calibration_error(np.array([0, 1, 1, 1]), np.full(4, 0.75))
        0.0
    """
    table = reliability(event, probability, bins=bins)
    gaps = [each.rows * abs(each.probability - each.observed) for each in table]
    return float(sum(gaps) / len(event))


def adaptive_bins(event: Ints, probability: Floats) -> int:
    """Return how many bins of equal mass the rows carry: as many as keep the observed rates rising.

    The monotonic sweep of Roelofs et al. (2022), Mitigating Bias in Calibration Error Estimation:
    more bins would show noise, fewer would hide gaps that cancel out. At least five.

    Args:
        event: (n,) 1 where it came, else 0.
        probability: (n,) the predicted probability of the event.
    """
    most = min(_MOST_BINS, len(event))
    for bins in range(_LEAST_BINS + 1, most + 1):
        table = reliability(event, probability, bins=bins)
        observed = [each.observed for each in table]
        if observed != sorted(observed):
            return bins - 1
    return max(most, 1)


def calibration_interval(
    event: Ints, probability: Floats, *, bins: int | None = None, seed: int = 0
) -> Interval:
    """Return the expected calibration error freed of its bias, with its 95 % interval.

    An error made of absolute gaps is above 0 even where there is none, by as much as its bootstrap
    draws are above it; so much is taken off. The interval is normal, of the spread of the draws;
    it reaches down to 0 where honest probabilities would come to as large an error by chance.

    Args:
        event: (n,) 1 where it came, else 0.
        probability: (n,) the predicted probability of the event.
        bins: how many bins to aim for; None takes `adaptive_bins`.
        seed: the same seed gives the same interval.
    """
    cell = equal_mass_bins(probability, bins or adaptive_bins(event, probability))
    cells = int(cell.max()) + 1
    gap = event - probability
    found = np.abs(np.bincount(cell, gap, cells)).sum() / len(gap)
    random = np.random.Generator(np.random.PCG64(seed))
    draws = np.empty(_DRAWS)
    for at in range(_DRAWS):
        rows = random.integers(0, len(gap), len(gap))
        draws[at] = np.abs(np.bincount(cell[rows], gap[rows], cells)).sum() / len(gap)
    estimate = max(0.0, float(2 * found - draws.mean()))
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(draws.std())
    low = 0.0 if found <= _by_chance(probability, cell, random) else max(0.0, estimate - half)
    return Interval(estimate, low, estimate + half)


def _by_chance(probability: Floats, cell: Ints, random: np.random.Generator) -> float:
    """Return an error that probabilities which mean what they say seldom exceed by chance.

    Consistency resampling: Broecker and Smith (2007), Increasing the Reliability of Reliability
    Diagrams.
    """
    errors = np.empty(_DRAWS // 2)
    for at in range(len(errors)):
        gap = (random.random(len(probability)) < probability) - probability
        errors[at] = np.abs(np.bincount(cell, gap)).sum() / len(gap)
    return float(np.quantile(errors, (1 + LEVEL) / 2))
