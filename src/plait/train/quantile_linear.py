"""A linear model of a quantile: pinball loss, smoothed so that its minimum is found fast.

The linear programme of Koenker and Bassett (1978) takes time that grows with the square of the
rows. Fernandes, Guerre and Horta (2021) and He, Pan, Tan and Zhou (2023, conquer) smooth the loss
by a kernel over the residuals: it is convex with a gradient, and its minimum differs from the
programme's by less than either differs from the truth.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr

from plait.engines.encode import Matrix
from plait.engines.linear import LinearModel

Floats: TypeAlias = NDArray[np.float64]

LEAST_BANDWIDTH = 0.05
"""In spreads of the target; below it the gradient is as good as none."""

_MOST_STEPS = 1000


def fit_quantile(
    matrix: Matrix,
    target: Floats,
    penalty: float,
    *,
    quantile: float,
    signs: tuple[int, ...],
) -> LinearModel:
    """Fit coefficients by the smoothed loss, and the intercept by the loss itself.

    So of the rows fitted on, the share below the answer is the quantile, whatever the smoothing and
    the penalty did to the coefficients.

    Args:
        matrix: (n, width) standardised rows.
        target: (n,) numbers.
        penalty: of the squared coefficients in spreads of the target, against the summed loss.
        quantile: above 0 and below 1.
        signs: of each position, 1 or -1 where the coefficient must have that sign, else 0.
    """
    center = float(np.quantile(target, quantile, method="inverted_cdf"))
    spread = float(np.subtract(*np.quantile(target, [0.75, 0.25])) / 1.349) or float(target.std())
    wanted = (target - center) / (spread or 1.0)
    wide = bandwidth(len(target), matrix.shape[1], quantile)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights = parameters[:-1]
        short = wanted - matrix @ weights - parameters[-1]
        value, slope = smoothed(short, quantile, wide)
        slopes = np.append(penalty * weights - matrix.T @ slope, -slope.sum())
        total = float(value.sum()) + penalty / 2 * float(weights @ weights)
        return total / len(target), slopes / len(target)

    bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in (*signs, 0)]
    steps = {"maxiter": _MOST_STEPS, "ftol": 1e-12, "gtol": 1e-7}
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, options=steps).x
    weights = found[:-1] * (spread or 1.0)
    rest = target - matrix @ weights
    intercept = float(np.quantile(rest, quantile, method="inverted_cdf"))
    return LinearModel([weights.tolist()], [intercept], matrix.mean(axis=0).tolist())


def bandwidth(rows: int, width: int, quantile: float) -> float:
    """Return the bandwidth that He et al. (2023) take, in spreads of the target."""
    rate = ((width + np.log(rows)) / rows) ** 0.4
    return max(LEAST_BANDWIDTH, float(np.sqrt(quantile * (1 - quantile)) * rate))


def smoothed(short: Floats, quantile: float, width: float) -> tuple[Floats, Floats]:
    """Return the pinball loss of each residual under a Gaussian kernel, and its slope.

    Args:
        short: (n,) target minus answer.
        quantile: of the loss.
        width: of the kernel, above 0.
    """
    scaled = short / width
    below = ndtr(-scaled)
    bell = np.exp(-(scaled**2) / 2) / np.sqrt(2 * np.pi)
    value: Floats = short * (quantile - below) + width * bell
    slope: Floats = quantile - below
    return value, slope
