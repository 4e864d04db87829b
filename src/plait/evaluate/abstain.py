"""From which confidence on to answer, and what that leaves without an answer."""

from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from plait.evaluate.bin import Floats, Ints
from plait.evaluate.interval import Interval, bootstrap_interval


@dataclass(frozen=True, slots=True)
class AbstentionPoint:
    """A threshold of confidence and what to expect of it on new rows.

    Attributes:
        threshold: a row with less confidence is not answered.
        loss: share of in-scope rows not answered.
        recall: share of out-of-scope rows not answered; None when there were none.
    """

    threshold: float
    loss: Interval
    recall: Interval | None


def choose_abstention(confidence: Floats, max_loss: float, *, repeats: int = 1) -> float:
    """Return the greatest threshold below which at most `max_loss` of new rows are expected.

    Of n rows it is the floor(max_loss (n + 1))-th smallest confidence: a further row that is
    exchangeable with them is below it with a chance of at most `max_loss` (split conformal,
    Papadopoulos 2002). Fewer than 1 / max_loss - 1 rows cannot promise as little: of these it is
    the least confidence, and a further row is below it with a chance of 1 / (n + 1).

    Args:
        confidence: in-scope rows, by models that did not see them, 0 to 1.
        max_loss: share that may be lost, 0 to 1.
        repeats: how often each row is among them; it counts as one row.

    Example:
        >>> choose_abstention(np.arange(1, 40) / 100, 0.05)
        0.02
    """
    rows = len(confidence) // repeats
    rank = max(1, int(max_loss * (rows + 1))) * repeats
    return float(np.sort(confidence)[rank - 1])


def honest_abstention(
    confidence: list[Floats], outside: list[Floats], max_loss: float, *, folds: int, seed: int
) -> AbstentionPoint:
    """Choose a threshold of confidence and say what it does to new rows.

    The threshold uses all rows. What is expected of it does not: each fold, and the out-of-scope
    rows as its model sees them, is judged by the threshold of the other folds of its repeat. The
    intervals are the bootstrap over rows; they leave out how much the model itself would vary.

    Args:
        confidence: per split, that of the in-scope rows tested.
        outside: per split, that of the m out-of-scope rows, the same on each; m may be 0.
        max_loss: share of in-scope rows that may be lost.
        folds: splits per repeat.
        seed: of the bootstrap.
    """
    lost: list[Floats] = []
    caught: list[NDArray[np.bool_]] = []
    for number in range(len(confidence)):
        repeat = range(number - number % folds, number - number % folds + folds)
        others = np.concatenate([confidence[each] for each in repeat if each != number])
        threshold = choose_abstention(others, max_loss)
        lost.append((confidence[number] < threshold).astype(np.float64))
        caught.append(outside[number] < threshold)
    repeats = [slice(first, first + folds) for first in range(0, len(confidence), folds)]
    return AbstentionPoint(
        choose_abstention(np.concatenate(confidence), max_loss, repeats=len(repeats)),
        _averaged([_share(np.concatenate(lost[repeat]), seed) for repeat in repeats]),
        _share(np.mean(caught, axis=0), seed) if len(outside[0]) else None,
    )


def _averaged(each: list[Interval]) -> Interval:
    """Return what each repeat says, averaged: within one, every row is counted once."""
    return Interval(
        fmean(interval.estimate for interval in each),
        fmean(interval.low for interval in each),
        fmean(interval.high for interval in each),
    )


def _share(flags: Floats, seed: int) -> Interval:
    def mean(rows: Ints) -> float:
        return float(flags[rows].mean())

    return bootstrap_interval(mean, len(flags), seed=seed)
