"""Whether a difference in score is real."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from plait.core.errors import InvalidData
from plait.evaluate.bin import Floats
from plait.evaluate.interval import LEVEL, Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """The paired difference of two candidates' scores on the same splits.

    Attributes:
        difference: mean of a - b, in the metric's unit.
        low: lower end of the two-sided 95 % interval of the difference.
        high: its upper end.
        p_value: two-sided; of a difference this large if neither were better.
        splits: how many paired scores it rests on.
    """

    difference: float
    low: float
    high: float
    p_value: float
    splits: int


def _corrected(scores: Floats, test_to_train: float, scale: float) -> tuple[float, float, float]:
    """Return mean, half width of the 95 % interval, and standard error of scores per split.

    What is within a few roundings of zero, for numbers as large as `scale`, is taken as zero.
    """
    splits = len(scores)
    if splits < 2:
        raise InvalidData(
            "data_too_small",
            f"{splits} split cannot say how far a score varies",
            hint="use at least 2 folds",
        )
    rounding = 8 * float(np.finfo(np.float64).eps) * scale
    mean = float(scores.mean())
    error = float(scores.std(ddof=1) * np.sqrt(1 / splits + test_to_train))
    if error <= rounding:
        error = 0.0
        mean = 0.0 if abs(mean) <= rounding else mean
    return mean, error * float(stdtrit(splits - 1, (1 + LEVEL) / 2)), error


def compare(a: Sequence[float], b: Sequence[float], *, test_to_train: float) -> Comparison:
    """Compare two candidates by their scores on the same splits.

    The corrected resampled t-test. The scores of overlapping training sets are not independent,
    so the variance of their mean is not s²/J but about s² (1/J + n_test/n_train): Nadeau and
    Bengio (2003), Inference for the generalization error, Machine Learning 52:239-281; for
    repeated folds, Bouckaert and Frank (2004), PAKDD, LNCS 3056:3-12. When every split gives the
    same difference the interval has no width, and the p-value is 1 for none and 0 for any.

    Args:
        a: one score per split.
        b: scores on the same splits in the same order.
        test_to_train: rows tested per row trained on.

    Raises:
        InvalidData: `data_too_small` with fewer than two splits.

    Example:
        >>> compare([0.8, 0.9, 0.8, 0.9], [0.7, 0.8, 0.7, 0.8], test_to_train=0.25).p_value
        0.0
    """
    paired = np.subtract(a, b, dtype=np.float64)
    mean, half, error = _corrected(paired, test_to_train, float(np.abs([a, b]).max(initial=0.0)))
    same = float(mean == 0)
    p_value = 2 * float(stdtr(len(paired) - 1, -abs(mean) / error)) if error else same
    return Comparison(mean, mean - half, mean + half, p_value, len(paired))


def interval_of_scores(scores: Sequence[float], *, test_to_train: float) -> Interval:
    """Return a candidate's mean score with its interval, corrected as in `compare`.

    Raises:
        InvalidData: `data_too_small` with fewer than two splits.
    """
    values = np.asarray(scores, dtype=np.float64)
    mean, half, _ = _corrected(values, test_to_train, float(np.abs(values).max(initial=0.0)))
    return Interval(mean, mean - half, mean + half)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for how many there are; reject those at most alpha after it.

    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6:65-70. Keeps the chance of any false rejection within alpha, whatever the
    dependence among the tests.

    Example:
        >>> holm([0.01, 0.04])
        [0.02, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in adjusted]
