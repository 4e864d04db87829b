"""Intervals and sets that hold a stated share of new rows, and whether they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from plait.evaluate.bin import Floats, Ints
from plait.evaluate.interval import LEVEL, Interval

Flags = NDArray[np.bool_]


def smallest(scores: Floats, level: float) -> float:
    """Return the ceil(level (n + 1))-th smallest score, or the largest when there are too few.

    Exactly this order statistic makes split conformal prediction valid (Vovk, Gammerman and Shafer
    2005); a quantile that interpolates, or of n instead of n + 1, covers less than it says.

    Args:
        scores: (n,) one or more.
        level: above 0 and below 1.

    Example:
        >>> smallest(np.arange(1.0, 20.0), 0.9)
        18.0
    """
    return float(np.sort(scores)[min(_rank(len(scores), level), len(scores)) - 1])


def least_probabilities(
    probability: Floats, truth: Ints, level: float, *, by_class: bool = False
) -> tuple[float, ...]:
    """Return the probability from which on each class is in the set (Sadinle et al. 2019, LAC).

    Of all sets that are valid on average these are the smallest on average. Where the rows are too
    few for the level the class is always in the set.

    Args:
        probability: (n, k) of rows that had no say in them.
        truth: (n,) class indexes.
        level: share of rows whose true class the set shall hold.
        by_class: whether to hold that share of each class (Mondrian), not of all rows.
    """
    classes = probability.shape[1]
    own = probability[np.arange(len(truth)), truth]
    parts = [own[truth == each] for each in range(classes)] if by_class else [own] * classes
    found = []
    for part in parts:
        rank = _rank(len(part), level)
        found.append(0.0 if rank > len(part) else float(-np.sort(-part)[rank - 1]))
    return tuple(found)


def interval_score(truth: Floats, lower: Floats, upper: Floats, *, level: float) -> Floats:
    """Return each row's interval score: the width, and what a miss costs; less is better.

    Gneiting and Raftery (2007), Strictly Proper Scoring Rules, section 6.2. All are (n,), in the
    unit of the target.
    """
    miss = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
    scores: Floats = upper - lower + 2 / (1 - level) * miss
    return scores


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many rows an interval or a set holds.

    Attributes:
        group: which rows; "" for all.
        rows: how many.
        share: of them that it holds, with its exact interval (Clopper and Pearson 1934).
    """

    group: str
    rows: int
    share: Interval


def coverage(
    covered: Flags, groups: Sequence[str] | None = None, *, min_rows: int = 200
) -> list[Coverage]:
    """Return the share of rows covered: of all, then of each group of at least `min_rows`.

    Args:
        covered: (n,) whether the interval or set of a row that had no say in it holds the truth.
        groups: (n,) the group of each row; None looks at all alone.
        min_rows: a smaller group is left out, for its share says little.

    Returns:
        Shares with 95 % intervals; those of the groups hold all at once (Bonferroni).
    """
    found = [_coverage("", covered)]
    if groups is not None:
        names = np.asarray(groups, dtype=object)
        large = [name for name in sorted(set(groups)) if (names == name).sum() >= min_rows]
        found += [_coverage(name, covered[names == name], at_once=len(large)) for name in large]
    return found


def _coverage(group: str, covered: Flags, at_once: int = 1) -> Coverage:
    rows, held = len(covered), int(covered.sum())
    tail = (1 - LEVEL) / 2 / at_once
    low = float(betaincinv(held, rows - held + 1, tail)) if held else 0.0
    high = float(betaincinv(held + 1, rows - held, 1 - tail)) if held < rows else 1.0
    return Coverage(group, rows, Interval(held / rows, low, high))


def _rank(rows: int, level: float) -> int:
    return ceil(round(level * (rows + 1), 9))  # 0.9 x 10 is 9, whatever the last bit says
