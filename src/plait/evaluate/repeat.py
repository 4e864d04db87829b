"""Rows that say the same: copies that flatter a score, and outcomes that contradict each other.

A model that has seen a row's copy need not have learnt anything to answer it. Yet rows of few
features are alike by right: of two who answered three questions alike nobody is a copy. So a row
counts as a copy only where its values would hardly come together twice by chance.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plait.evaluate.bin import Ints

HARDLY = 0.01
"""Other rows with the same values that are expected, below which one that is there is a copy."""

_LOOKED_AT, _ROWS_OF_A_LEVEL = 20_000, 5
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def alike(columns: Mapping[str, NDArray[np.generic]]) -> Ints:
    """Return (n,) numbers that are equal for rows that say the same in every column.

    Args:
        columns: name -> (n,) values, floats with NaN, or objects with None.

    Example:
        >>> alike({"x": np.array([1.0, np.nan, 1.0, np.nan])}).tolist()
        [1, 0, 1, 0]
    """
    keys = np.zeros(len(next(iter(columns.values()))), dtype=np.uint64)
    for values in columns.values():
        keys = (keys ^ (keys >> np.uint64(29)) ^ _codes(values).astype(np.uint64)) * _PRIME
    found: Ints = np.unique(keys, return_inverse=True)[1]
    return found


def copies(columns: Mapping[str, NDArray[np.generic]], same: Ints) -> NDArray[np.bool_]:
    """Return (n,) whether a row is one of several copies, not alike to another by chance.

    Chance is that of columns independent of each other, but for those that another determines, as
    a name does its number: from how often each value is found among distinct rows, or copies would
    make their own values seem common.

    Args:
        columns: as of `alike`.
        same: what it returned.
    """
    counts, first = np.bincount(same), np.unique(same, return_index=True)[1]
    if len(first) == len(same):
        return np.zeros(len(same), dtype=np.bool_)
    log_share = np.zeros(len(first))
    for codes in _undetermined([_codes(values[first]) for values in columns.values()]):
        log_share += np.log(np.bincount(codes)[codes] / len(first))
    hardly = (len(same) - 1) * np.exp(log_share) < HARDLY
    return np.asarray((counts > 1) & hardly, dtype=np.bool_)[same]


def most_right(same: Ints, truth: Ints) -> tuple[int, float]:
    """Return how many rows contradict a row that says the same, and what share can be right.

    No model answers rows that say the same otherwise than each other, so of those it is right at
    best in the most frequent class.

    Args:
        same: what `alike` returned.
        truth: (n,) class indexes.

    Example:
        >>> most_right(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
        (3, 0.75)
    """
    counts = np.zeros((int(same.max()) + 1, int(truth.max()) + 1), dtype=np.int64)
    np.add.at(counts, (same, truth), 1)
    rows = counts.sum(axis=1)
    most = counts.max(axis=1)
    return int(rows[rows > most].sum()), float(most.sum() / len(same))


def _undetermined(columns: Sequence[Ints]) -> list[Ints]:
    """Return the columns that no other one determines; of two that do each other, the second.

    Args:
        columns: (n,) numbers of values each; 20,000 rows are looked at.
    """
    every = -(-len(columns[0]) // _LOOKED_AT)
    some = [np.unique(each[::every], return_inverse=True)[1] for each in columns]
    kept = list(range(len(columns)))
    for at, column in enumerate(some):
        if any(other != at and _determines(some[other], column) for other in kept):
            kept.remove(at)
    return [columns[at] for at in kept]


def _determines(one: Ints, other: Ints) -> bool:
    """Tell whether a value of one column, found in five rows on average, tells that of another."""
    levels = int(one.max()) + 1
    if int(other.max()) + 1 > levels or len(one) < _ROWS_OF_A_LEVEL * levels:
        return False
    told = np.empty(levels, dtype=np.int64)
    told[one] = other
    return bool((told[one] == other).all())


def _codes(values: NDArray[np.generic]) -> Ints:
    """Return (n,) a number per value, 0 for missing."""
    if values.dtype.kind == "f":
        there = ~np.isnan(values.astype(np.float64))
    else:
        there = np.array([each is not None for each in values.tolist()], dtype=np.bool_)
    codes = np.zeros(len(values), dtype=np.int64)
    codes[there] = np.unique(values[there], return_inverse=True)[1] + 1
    return codes
