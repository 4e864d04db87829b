"""A curve of straight lines through knots: how an isotonic calibration is kept and computed."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Curve:
    """Goes through its knots and beyond them on with a slope of 1; without any it is the identity.

    One number and an array of them get the same values, bit for bit.
    """

    def __init__(self, knots: Sequence[tuple[float, float]]) -> None:
        """Take pairs of a place and a height, both strictly ascending."""
        inner = [(high - low) / (right - left) for (left, low), (right, high) in pairwise(knots)]
        self._places = [place for place, _ in knots]
        ends = [*knots[:1], *knots] or [(0.0, 0.0)]
        slopes = [1.0, *inner, 1.0] if knots else [1.0]
        self._lines = [(*end, slope) for end, slope in zip(ends, slopes, strict=True)]
        self._arrays = np.array(self._places), np.array(self._lines).T

    def at(self, place: float) -> float:
        """Return the height at one place."""
        left, low, slope = self._lines[bisect_right(self._places, place)]
        return low + (place - left) * slope

    def over(self, places: Floats) -> Floats:
        """Return the heights at n places."""
        cuts, lines = self._arrays
        left, low, slope = lines[:, np.searchsorted(cuts, places, side="right")]
        heights: Floats = low + (places - left) * slope
        return heights

    def slopes(self, places: Floats) -> Floats:
        """Return the slopes at n places."""
        cuts, lines = self._arrays
        found: Floats = lines[2, np.searchsorted(cuts, places, side="right")]
        return found
