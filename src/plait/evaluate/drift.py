"""Whether two samples of a column come from one distribution, and how far apart they are.

A test says whether there is a difference, an effect how large it is: with many rows every
difference is significant, so a column has drifted only if it is significant over all columns
together and large. Numbers: the two-sample Kolmogorov-Smirnov test, and Wasserstein's distance in
standard deviations of the first sample. Levels: the chi-squared test of homogeneity, and the
Jensen-Shannon distance. Missing values are compared as levels in their own right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, kolmogorov

from plait.core.errors import InvalidData
from plait.evaluate.bin import Floats, Ints

FALSE_DISCOVERIES = 0.05
"""Of the columns said to have drifted, the share that has not, in expectation."""

LARGE = 0.1
"""An effect from here on matters: a tenth of a standard deviation, or of the way to no overlap."""

_LEAST = 5  # rows of a level that are expected, before it is pooled with other rare ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How one column differs between two samples.

    Attributes:
        column: its name.
        p_value: of a difference as large if there were none; the smaller one of values and
            missing values, doubled.
        q_value: the p-value adjusted for the number of columns (Benjamini and Hochberg 1995).
        effect: of numbers Wasserstein's distance in standard deviations, of levels the
            Jensen-Shannon distance (0 to 1), or the change of the missing share if that is larger.
        drifted: whether it is both significant and large.
        detail: one sentence for a person.
    """

    column: str
    p_value: float
    q_value: float
    effect: float
    drifted: bool
    detail: str


def drifts(
    before: Mapping[str, NDArray[np.generic]], after: Mapping[str, NDArray[np.generic]]
) -> list[Drift]:
    """Compare the columns that both samples have; the surest and largest differences first.

    Args:
        before: name -> (n,) values, floats with NaN, or objects with None.
        after: name -> (m,) values.

    Raises:
        InvalidData: `data_too_small` when a sample has no row.
    """
    names = [name for name in before if name in after]
    if names and 0 in (len(before[names[0]]), len(after[names[0]])):
        raise InvalidData("data_too_small", "one of the two has no row, so nothing can be compared")
    found = [_compared(name, before[name], after[name]) for name in names]
    adjusted = false_discovery([each.p_value for each in found])
    told = [
        replace(each, q_value=q, drifted=q <= FALSE_DISCOVERIES and each.effect >= LARGE)
        for each, q in zip(found, adjusted, strict=True)
    ]
    return sorted(told, key=lambda each: (not each.drifted, -each.effect, each.column))


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that rejecting those at most q has at most q false ones in expectation.

    Benjamini and Hochberg (1995), Controlling the false discovery rate, Journal of the Royal
    Statistical Society B 57:289-300.

    Example:
        >>> false_discovery([0.01, 0.04, 0.02])
        [0.03, 0.04, 0.03]
    """
    order = np.argsort(p_values, kind="stable")
    steps = (
        np.asarray(p_values, dtype=np.float64)[order] * len(order) / np.arange(1, len(order) + 1)
    )
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return [float(q) for q in adjusted]


def _compared(name: str, before: NDArray[np.generic], after: NDArray[np.generic]) -> Drift:
    gone, went = _missing(before), _missing(after)
    shares = float(gone.mean()), float(went.mean())
    absent = np.array([[gone.sum(), (~gone).sum()], [went.sum(), (~went).sum()]])
    missing_p = _homogeneity(absent)
    old, new = before[~gone], after[~went]
    numbers = old.dtype.kind == new.dtype.kind == "f"
    if not (len(old) and len(new)):
        p_value, effect, detail = 1.0, 0.0, ""
    elif numbers:
        p_value, effect, detail = _numbers(old.astype(np.float64), new.astype(np.float64))
    else:
        p_value, effect, detail = _levels(old, new)
    change = abs(shares[1] - shares[0])
    if change > effect or not detail:
        effect, detail = change, f"missing in {shares[0]:.1%}, now in {shares[1]:.1%}"
    p_value = min(1.0, 2 * min(p_value, missing_p))
    sentence = f"{name}: {detail}"
    return Drift(column=name, p_value=p_value, q_value=1.0, effect=effect, drifted=False,
                 detail=sentence)  # fmt: skip


def _missing(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    if values.dtype.kind == "f":
        return np.isnan(values.astype(np.float64))
    return np.array([value is None for value in values.tolist()], dtype=np.bool_)


def _numbers(old: Floats, new: Floats) -> tuple[float, float, str]:
    """Return p-value, effect and what changed, of numbers without missing ones."""
    points = np.concatenate([old, new])
    points.sort()
    below_old = np.searchsorted(np.sort(old), points, side="right") / len(old)
    below_new = np.searchsorted(np.sort(new), points, side="right") / len(new)
    gap = np.abs(below_old - below_new)
    size = len(old) * len(new) / (len(old) + len(new))
    # Stephens (1970): the asymptotic distribution, corrected for few rows
    p_value = float(kolmogorov((np.sqrt(size) + 0.12 + 0.11 / np.sqrt(size)) * gap.max()))
    size = float(np.abs(points[np.isfinite(points)]).max(initial=1.0))
    scaled = np.clip(points, -size, size) / size  # an infinity is as far as the farthest number
    distance = float((gap[:-1] * np.diff(scaled)).sum())
    spread = _spread(old, size) or _spread(new, size)
    medians = float(np.median(old)), float(np.median(new))
    detail = f"median {medians[0]:.6g}, now {medians[1]:.6g}"
    return p_value, distance / spread if spread else 0.0, detail


def _spread(values: Floats, size: float) -> float:
    """Return the standard deviation of the finite values, in units of `size`."""
    there = values[np.isfinite(values)] / size
    return float(there.std()) if there.size else 0.0


def _levels(old: NDArray[np.generic], new: NDArray[np.generic]) -> tuple[float, float, str]:
    """Return p-value, effect and what changed, of levels without missing ones."""
    texts = np.array([str(value) for value in (*old.tolist(), *new.tolist())])
    names, codes = np.unique(texts, return_inverse=True)
    counts = np.stack(
        [np.bincount(each, minlength=len(names)) for each in (codes[: len(old)], codes[len(old) :])]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    most = int(np.abs(shares[1] - shares[0]).argmax())
    detail = f"{names[most]} {shares[0, most]:.1%}, now {shares[1, most]:.1%}"
    return _homogeneity(_pooled(counts)), _jensen_shannon(shares), detail


def _pooled(counts: Ints) -> Ints:
    """Put levels that are too rare for the chi-squared distribution into one."""
    expected = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum()
    rare = expected < _LEAST
    pool = counts[:, rare].sum(axis=1, keepdims=True)
    return np.concatenate([counts[:, ~rare], pool], axis=1) if rare.any() else counts


def _homogeneity(counts: Ints) -> float:
    """Return the p-value of the chi-squared test that two rows of counts have equal shares."""
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] < 2:
        return 1.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(chdtrc(counts.shape[1] - 1, statistic))


def _jensen_shannon(shares: Floats) -> float:
    """Return the distance of two distributions: 0 of equal ones, 1 where they do not overlap.

    Endres and Schindelin (2003), A new metric for probability distributions, IEEE Transactions on
    Information Theory 49:1858-1860; in bits.
    """
    middle = shares.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(shares > 0, shares * np.log2(shares / middle), 0.0)
    return float(np.sqrt(max(0.0, parts.sum() / 2)))
