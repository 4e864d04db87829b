"""Whether a probability means what it says."""

from dataclasses import dataclass

import numpy as np

from plait.evaluate.bin import Floats, Ints, equal_mass_bins


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
