"""Equal-mass bins: a number read as one of a few ordered cells."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def equal_mass_bins(values: NDArray[np.float64] | NDArray[np.int64], bins: int) -> Ints:
    """Return each value's bin, numbered upwards from 0.

    Equal values always share a bin, so heavy ties give fewer and unequal bins, and a constant
    gives one.

    Args:
        values: (n,) numbers, none missing.
        bins: how many bins to aim for.
    """
    cuts = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.unique(np.searchsorted(np.unique(cuts), values), return_inverse=True)[1]
