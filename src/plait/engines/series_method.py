"""Forecasts of series by the numbers of each alone; NumPy only, all series of a batch at once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from plait.engines.series_batch import Batch, Floats
from plait.engines.series_season import season_of

Method: TypeAlias = Callable[[Batch, int, int], Floats]
"""Takes series, steps of one season and the horizon; returns (n, horizon) forecasts."""

MOST_STEPS, MOST_SEASONS = 600, 6
"""Smoothing looks at no more of the last steps, or seasons: what came before has no weight left."""

ALPHAS = np.concatenate([[0.005, 0.02, 0.05], np.linspace(0.1, 0.9, 9), [0.95, 0.99]])
BETAS = np.array([0.0, 0.05, 0.2, 0.5])
PHIS = np.array([0.8, 0.9, 0.97])
ZOOMS = 2
AROUND = np.array([(a, b, p) for a in (-1, 0, 1) for b in (-1, 0, 1) for p in (-1, 0, 1)])
LOWEST, HIGHEST = np.array([0.001, 0.0, 0.8]), np.array([0.999, 1.0, 0.98])
START_STEPS = 10
"""The first trend is that of so many steps."""


def naive(batch: Batch, _season: int, horizon: int) -> Floats:
    """Return the last number, again and again."""
    return np.repeat(batch.values[:, -1:], horizon, axis=1)


def seasonal_naive(batch: Batch, season: int, horizon: int) -> Floats:
    """Return the numbers of the last season again; the last one of series that are no season long.

    Example:
        >>> batch = Batch(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([4]))
        >>> seasonal_naive(batch, 2, 3).tolist()
        [[3.0, 4.0, 3.0]]
    """
    if season > batch.width:
        return naive(batch, season, horizon)
    at = batch.width - season + np.arange(horizon) % season
    found = batch.values[:, at]
    return np.where((batch.lengths >= season)[:, None], found, naive(batch, season, horizon))


def theta(batch: Batch, season: int, horizon: int) -> Floats:
    """Return the theta method's forecasts, of the series without its season.

    The mean of a straight line and of simple exponential smoothing of the series with its curvature
    doubled (Assimakopoulos and Nikolopoulos 2000, International Journal of Forecasting 16:521-530),
    in the form of one smoothed level with a drift (Hyndman and Billah 2003, same journal,
    19:287-290), theta = 2, the smoothing parameter and the first level by least squares.
    """
    return _without_season(batch, season, partial(_theta, horizon=horizon, drift=0.5))


def optimised_theta(batch: Batch, season: int, horizon: int) -> Floats:
    """Return forecasts as `theta` does, with theta itself by least squares.

    Fiorucci et al. (2016), International Journal of Forecasting 32:1151-1161.
    """
    return _without_season(batch, season, partial(_theta, horizon=horizon, drift=None))


def _without_season(batch: Batch, season: int, forecast: Callable[[Batch], Floats]) -> Floats:
    """Return forecasts of the series without their season, with the season back."""
    recent = batch.last(max(MOST_STEPS, MOST_SEASONS * season))
    pattern = season_of(recent, season)
    return pattern.restored(forecast(pattern.removed(recent)))


def _theta(batch: Batch, horizon: int, drift: float | None) -> Floats:
    """Return forecasts of a smoothed level with a share of the slope of the whole as its drift.

    Given alpha, the errors are linear in the share and in the first level, so both are solved for;
    of the alphas the one with the least sum of squares is taken.

    Args:
        batch: the series.
        horizon: steps ahead.
        drift: the share, 1 - 1 / theta; None for the best from 0 to 1.
    """
    order = np.argsort(-batch.lengths, kind="stable")
    slope = _slope(batch)[order]
    level, decay, sums = _smooth_level(Batch(batch.values[order], batch.lengths[order]), slope)
    ee, ed, eg, gg, gd, dd = sums
    curve = gg - gd * gd / dd
    share = np.full_like(level, drift or 0.0)
    if drift is None:
        share = np.clip((eg - ed * gd / dd) / np.where(curve > 0, curve, np.inf), 0, 1)
    first = (ed - share * gd) / dd
    loss = ee - 2 * share * eg + share**2 * gg - first * first * dd
    best = loss.argmin(axis=1)
    rows = np.arange(len(order))
    decay, share, first = decay[rows, best], share[rows, best], first[rows, best]
    alpha = ALPHAS[best]
    start = level[rows, best] + decay * first + share * slope * (1 - (1 - alpha) * decay) / alpha
    forecast = start[:, None] + (share * slope)[:, None] * np.arange(horizon)
    found = np.empty_like(forecast)
    found[order] = forecast
    return np.asarray(found)


def _smooth_level(batch: Batch, slope: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (n, alphas) last levels, what is left of the first one, and (6, n, alphas) sums.

    The sums are those of the products of e, d and g: the error of one step without drift, the
    weight of the first level, the drift.

    Args:
        batch: the longest series first.
        slope: (n,) of the whole series.
    """
    n, longest = batch.values.shape
    y = np.ascontiguousarray(batch.values.T)
    begins = longest - batch.lengths
    level = np.repeat(y[begins, np.arange(n)], len(ALPHAS)).reshape(n, len(ALPHAS))
    decay = np.ones_like(level)
    sums = np.zeros((6, *level.shape))
    counts = np.searchsorted(begins, np.arange(longest), side="right")
    for step, count in enumerate(counts.tolist()):
        now = slice(0, count)
        weight = decay[now]
        drift = slope[now, None] * (1 - (1 - ALPHAS) * weight) / ALPHAS
        error = y[step, now, None] - level[now]
        pairs = ((error, error), (error, weight), (error, drift))
        for at, (one, other) in enumerate((*pairs, (drift, drift), (drift, weight))):
            sums[at, now] += one * other
        sums[5, now] += weight * weight
        level[now] += ALPHAS * error
        decay[now] *= 1 - ALPHAS
    return level, decay, sums


def _slope(batch: Batch) -> Floats:
    """Return (n,) slopes of least-squares lines through the whole of each series."""
    steps = np.arange(batch.width) - batch.width + (batch.lengths[:, None] + 1) / 2
    there = np.isfinite(batch.values)
    mean = np.nanmean(batch.values, axis=1, keepdims=True)
    apart = np.where(there, steps, 0.0)
    spread = (apart**2).sum(axis=1)
    product = (apart * np.where(there, batch.values - mean, 0.0)).sum(axis=1)
    return np.asarray(product / np.where(spread > 0, spread, 1.0))


def damped(batch: Batch, season: int, horizon: int) -> Floats:
    """Return the forecasts of exponential smoothing with a damped trend, ETS(A,Ad,N).

    Of the series without its season, the three parameters by least squares on a grid that is
    narrowed twice (Gardner and McKenzie 1985, Management Science 31:1237-1246; the error
    correction form of Hyndman et al. 2008, Forecasting with Exponential Smoothing, chapter 2).
    """
    return _without_season(batch, season, partial(_damped, horizon=horizon))


def _damped(batch: Batch, horizon: int) -> Floats:
    order = np.argsort(-batch.lengths, kind="stable")
    some = Batch(batch.values[order], batch.lengths[order])
    rows = np.arange(len(some))
    grid = np.array([(a, b, p) for a in ALPHAS[::2] for b in BETAS for p in PHIS])
    tried = np.broadcast_to(grid, (len(some), *grid.shape))
    width = np.array([0.12, 0.12, 0.05])
    for _ in range(ZOOMS + 1):
        level, trend, loss = _smooth(some, tried)
        best = loss.argmin(axis=1)
        chosen = tried[rows, best]
        tried = np.clip(chosen[:, None] + AROUND * width, LOWEST, HIGHEST)
        width = width / 3
    phi = chosen[:, 2:]
    growth = np.cumsum(phi ** np.arange(1, horizon + 1), axis=1)
    found = np.empty((len(some), horizon))
    found[order] = level[rows, best][:, None] + trend[rows, best][:, None] * growth
    return found


def _smooth(batch: Batch, tried: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (n, parameters) last levels, last trends and sums of squares of one-step errors.

    Args:
        batch: the longest series first.
        tried: (n, parameters, 3): alpha, beta as a share of alpha, and phi.
    """
    alpha, phi = (np.ascontiguousarray(tried[:, :, at]) for at in (0, 2))
    beta = tried[:, :, 1] * alpha
    y = np.ascontiguousarray(batch.values.T)
    begins = batch.width - batch.lengths
    start = np.minimum(batch.lengths, START_STEPS)
    last = y[begins + start - 1, np.arange(len(batch))]
    first = y[begins, np.arange(len(batch))]
    trend = ((last - first) / np.maximum(start - 1, 1))[:, None] * np.ones_like(alpha)
    level = first[:, None] - trend
    loss = np.zeros_like(alpha)
    counts = np.searchsorted(begins, np.arange(batch.width), side="right")
    for step, count in enumerate(counts.tolist()):
        now = slice(0, count)
        slope = phi[now] * trend[now]
        ahead = level[now] + slope
        error = y[step, now, None] - ahead
        loss[now] += error * error
        level[now] = ahead + alpha[now] * error
        trend[now] = slope + beta[now] * error
    return level, trend, loss


METHODS: Mapping[str, Method] = {
    "naive": naive,
    "seasonal_naive": seasonal_naive,
    "theta": theta,
    "optimised_theta": optimised_theta,
    "damped": damped,
}
"""Every method by the name that artefacts keep."""
