"""How rare a raw score of strangeness is: the share of usual rows that are at least as strange."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.ids import Json
from plait.engines.encode import Matrix


@dataclass(frozen=True, slots=True)
class Tail:
    """The share of rows at least as strange, by straight lines between knots, then a Pareto tail.

    Beyond the last knot the excess over it follows a generalised Pareto distribution (Pickands
    1975, Annals of Statistics 3:119-131), so that rows stranger than all seen are still in order.

    Attributes:
        scores: raw scores, strictly ascending, at least one.
        shares: of rows at least so strange, strictly descending, of (0, 1].
        shape: of the tail, at least 0: it never ends.
        scale: of the tail, above 0, in the unit of the raw score.
    """

    scores: tuple[float, ...]
    shares: tuple[float, ...]
    shape: float
    scale: float

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in pairwise(self.scores))
        falling = all(much > few for much, few in pairwise(self.shares))
        if not (self.scores and rising and falling and len(self.scores) == len(self.shares)):
            raise ValueError("the knots of its tail are not in order")
        if self.shape < 0 or self.scale <= 0 or not 0 < self.shares[-1] <= self.shares[0] <= 1:
            raise ValueError("its tail is no distribution")

    def share(self, raw: NDArray[np.float64] | Sequence[float]) -> Matrix:
        """Return (n,) shares of usual rows that are at least so strange; NaN stays NaN."""
        scores = np.asarray(raw, dtype=np.float64)
        found: Matrix = np.interp(scores, self.scores, self.shares)
        excess = np.maximum((scores - self.scores[-1]) / self.scale, 0.0)
        with np.errstate(over="ignore"):
            beyond = (
                (1.0 + self.shape * excess) ** (-1.0 / self.shape)
                if self.shape
                else np.exp(-excess)
            )
        return np.where(excess > 0, self.shares[-1] * beyond, found)

    def at(self, score: float) -> float:
        """Return the share of one finite score, in a hurry; as `share`, but for rounding."""
        scores, shares = self.scores, self.shares
        if score > scores[-1]:
            excess = (score - scores[-1]) / self.scale
            if not self.shape:
                return shares[-1] * math.exp(-excess)
            return float(shares[-1] * (1.0 + self.shape * excess) ** (-1.0 / self.shape))
        if score <= scores[0]:
            return shares[0]
        after = bisect_left(scores, score)
        low, high = scores[after - 1], scores[after]
        part = (score - low) / (high - low)
        return shares[after - 1] + part * (shares[after] - shares[after - 1])

    def raw(self, share: float) -> float:
        """Return the raw score that this share of usual rows reaches.

        Args:
            share: above 0, at most 1.
        """
        last = self.shares[-1]
        if share >= last:
            return float(np.interp(share, self.shares[::-1], self.scores[::-1]))
        ratio = last / share
        excess = (ratio**self.shape - 1.0) / self.shape if self.shape else float(np.log(ratio))
        return self.scores[-1] + self.scale * excess

    def record(self) -> dict[str, Json]:
        """Return the tail ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> "Tail":
        """Return the tail that `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts = dict(record)
        parts["scores"], parts["shares"] = tuple(parts["scores"]), tuple(parts["shares"])
        return cls(**parts)
