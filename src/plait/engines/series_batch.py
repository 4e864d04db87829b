"""Series of unequal length side by side, so that one step of arithmetic moves all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """n series that end in the same column.

    Attributes:
        values: (n, longest); NaN before a series begins, and nowhere else.
        lengths: (n,) steps of each series, at least 1.
    """

    values: Floats
    lengths: Ints

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def width(self) -> int:
        """Steps of the longest series."""
        return int(self.values.shape[1])

    def last(self, steps: int) -> "Batch":
        """Return the series with only so many of their last steps."""
        if steps >= self.width:
            return self
        return Batch(self.values[:, -steps:], np.minimum(self.lengths, steps))

    def take(self, rows: Ints) -> "Batch":
        """Return some of the series."""
        lengths = self.lengths[rows]
        return Batch(self.values[rows, self.width - int(lengths.max()) :], lengths)

    def differences(self, season: int) -> Floats:
        """Return (n,) means of |y[t] - y[t - season]|; 0 where a series is not that long."""
        if self.width <= season:
            return np.zeros(len(self))
        steps = np.abs(self.values[:, season:] - self.values[:, :-season])
        count = np.maximum(self.lengths - season, 1)
        return np.asarray(np.nansum(steps, axis=1) / count)


def batch_of(histories: Sequence[Sequence[float] | Floats]) -> Batch:
    """Return series side by side, what is missing within them filled.

    A step that is missing lies on the line between its neighbours; what is missing before the first
    number is left off, and after the last number the last one is repeated.

    Args:
        histories: n series, oldest first, NaN for missing; each has at least one number.
    """
    filled = [_filled(np.asarray(each, dtype=np.float64)) for each in histories]
    lengths = np.array([len(each) for each in filled], dtype=np.int64)
    values = np.full((len(filled), int(lengths.max())), np.nan)
    for row, each in zip(values, filled, strict=True):
        row[-len(each) :] = each
    return Batch(values, lengths)


def _filled(values: Floats) -> Floats:
    there = np.isfinite(values)
    if there.all():
        return values
    steps = np.flatnonzero(there)
    first = int(steps[0])
    return np.interp(np.arange(first, len(values)), steps, values[there])


def cut(batch: Batch, steps: int) -> Batch:
    """Return the series as they were so many steps ago; those that had not begun are left out."""
    if steps == 0:
        return batch
    lengths = batch.lengths - steps
    rows = lengths > 0
    lengths = lengths[rows]
    longest = int(lengths.max(initial=0))
    end = batch.width - steps
    return Batch(batch.values[rows, end - longest : end], lengths)
