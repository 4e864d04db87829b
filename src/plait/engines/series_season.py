"""The pattern that repeats each cycle: whether there is one, what it is, a series without it."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plait.engines.series_batch import Batch, Floats, Ints

CRITICAL = 1.645
"""Of the normal distribution, as in M4: a season is found by chance at most one time in ten."""

LEAST_CYCLES = 3
"""A series with fewer whole cycles has no season that can be told from chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """The repeating pattern of n series.

    Attributes:
        index: (n, m), of the step that is `m - at` steps before the one after the last.
        multiplied: (n,) whether the index is a factor; else it is added. 1 or 0 where there is no
            season.
    """

    index: Floats
    multiplied: Ints

    def removed(self, batch: Batch) -> Batch:
        """Return the series without the pattern."""
        pattern = self._along(batch.width, first=-batch.width)
        factor = self.multiplied[:, None] == 1
        values = np.where(factor, batch.values / np.where(factor, pattern, 1.0), batch.values)
        return Batch(np.where(factor, values, values - pattern), batch.lengths)

    def restored(self, forecast: Floats) -> Floats:
        """Return (n, horizon) forecasts with the pattern back."""
        pattern = self._along(forecast.shape[1], first=0)
        return np.where(self.multiplied[:, None] == 1, forecast * pattern, forecast + pattern)

    def _along(self, steps: int, first: int) -> Floats:
        """Return the pattern of so many steps; `first` counts from the one after the last."""
        at = (np.arange(steps) + first) % self.index.shape[1]
        return self.index[:, at]


def is_seasonal(batch: Batch, season: int) -> Ints:
    """Return (n,) 1 where the autocorrelation at one season stands out, else 0.

    The test of the M4 competition: |r[m]| > 1.645 sqrt((1 + 2 (r[1]² + ... + r[m-1]²)) / n), for
    series of at least three seasons (Makridakis, Spiliotis and Assimakopoulos 2020, International
    Journal of Forecasting 36:54-74; `SeasonalityTest` of its published code).
    """
    if season < 2 or batch.width < LEAST_CYCLES * season:
        return np.zeros(len(batch), dtype=np.int64)
    mean = np.nanmean(batch.values, axis=1, keepdims=True)
    centred = np.nan_to_num(batch.values - mean)
    power = np.maximum((centred**2).sum(axis=1), np.finfo(np.float64).tiny)
    lags = [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / power for lag in range(1, season)]
    at_season = (centred[:, season:] * centred[:, :-season]).sum(axis=1) / power
    spread = 1 + 2 * np.square(lags).sum(axis=0)
    limit = CRITICAL * np.sqrt(spread / batch.lengths)
    found = (np.abs(at_season) > limit) & (batch.lengths >= LEAST_CYCLES * season)
    return np.asarray(found, dtype=np.int64)


def season_of(batch: Batch, season: int) -> Season:
    """Return the pattern by classical decomposition, where the test finds one.

    The trend is a centred moving average over one season; the pattern is the mean, by place in the
    season, of what is left of the series: a ratio where all of it is positive, as in M4, else a
    difference.
    """
    found = is_seasonal(batch, season)
    index = np.zeros((len(batch), max(season, 1)))
    multiplied = np.zeros(len(batch), dtype=np.int64)
    rows = np.flatnonzero(found)
    if len(rows):
        some = batch.take(rows)
        positive = np.nanmin(some.values, axis=1) > 0
        index[rows] = _pattern(some, season, positive[:, None])
        multiplied[rows] = positive
    return Season(index, multiplied)


def _pattern(batch: Batch, season: int, ratio: Floats) -> Floats:
    """Return (n, season) indexes with a mean of 1 where they are ratios, else of 0."""
    trend = sliding_window_view(batch.values, season, axis=1).mean(axis=2)
    if season % 2 == 0:
        trend = (trend[:, 1:] + trend[:, :-1]) / 2
    before = season // 2
    middle = batch.values[:, before : before + trend.shape[1]]
    left = np.where(ratio, middle / np.where(ratio, trend, 1.0), middle - trend)
    after = batch.width - before - left.shape[1]
    whole = -(-batch.width // season) * season
    padded = np.full((len(batch), whole), np.nan)
    padded[:, whole - after - left.shape[1] : whole - after] = left
    index = np.nanmean(padded.reshape(len(batch), -1, season), axis=1)
    mean = index.mean(axis=1, keepdims=True)
    return np.asarray(np.where(ratio, index / np.where(ratio, mean, 1.0), index - mean))
