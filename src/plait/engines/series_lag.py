"""What a global model reads of a series: its numbers so far, seen from each step to forecast.

Every number is taken relative to the seasonal naive forecast and divided by the usual size of a
seasonal change, so that one model serves series of any level and scale. No calendar is read.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.engines.series_batch import Batch, Floats
from plait.engines.series_method import seasonal_naive

Matrix: TypeAlias = NDArray[np.float64]

LAGS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24)
"""Steps before the end that are read."""

SPANS = (4, 8, 13, 26)
"""Of the last so many steps the mean is read."""

SEASONS = 8
"""The same step of so many seasons before is read."""

CYCLES = 3
"""So is the same step, and the change up to it, of so many longer cycles before."""

RECENT_STEPS, RECENT_SEASONS = 60, 6
"""The usual size of a change is that of the last steps: so many, or so many seasons."""


@dataclass(frozen=True, slots=True, eq=False)
class Lags:
    """n series as a global model reads them.

    Attributes:
        matrix: (n * horizon, features), the steps of a series one after the other; NaN where a
            series is too short.
        base: (n, horizon), the seasonal naive forecasts.
        scale: (n,), what is divided by; of a constant series it is 0, and nothing is divided.
    """

    matrix: Matrix
    base: Floats
    scale: Floats


def recent_of(batch: Batch, season: int) -> Batch:
    """Return the last steps of the series, which say how large a change is."""
    return batch.last(max(RECENT_STEPS, RECENT_SEASONS * season))


def recent_scale(batch: Batch, season: int) -> Floats:
    """Return (n,) mean absolute seasonal changes of the last steps; 0 of a constant series.

    Of a series no longer than a season they are those from step to step.
    """
    recent = recent_of(batch, season)
    size = recent.differences(season)
    return np.where(size > 0, size, recent.differences(1))


def sizes(batch: Batch) -> Floats:
    """Return (n,) mean absolute numbers of the series."""
    return np.asarray(np.nanmean(np.abs(batch.values), axis=1))


def lags_of(batch: Batch, season: int, cycle: int, horizon: int) -> Lags:
    """Return the features of n series.

    Args:
        batch: the series.
        season: steps of one season; 1 for none.
        cycle: steps of a longer cycle, such as a week of hours; `season` for none.
        horizon: steps ahead, of which each is a row.
    """
    n = len(batch)
    base = seasonal_naive(batch, season, horizon)
    size = recent_scale(batch, season)
    scale = np.where(size > 0, size, 1.0)
    reach = (
        horizon + max(cycle, season) * (CYCLES + horizon // max(cycle, season)) + SEASONS * season
    )
    values = np.full((n, max(batch.width, reach + max(LAGS))), np.nan)
    values[:, -batch.width :] = batch.values
    ahead = np.arange(horizon)
    relative = [np.repeat(values[:, -lag], horizon).reshape(n, horizon) for lag in LAGS]
    relative += [_mean(values, span, horizon) for span in SPANS]
    if season > 1:
        relative += _seasons(values, season, ahead)
    columns = [np.tile(ahead + 1.0, (n, 1)), np.tile(ahead % season + 0.0, (n, 1))]
    columns += [(each - base) / scale[:, None] for each in relative]
    if cycle > season:
        columns += _cycles(values, (season, cycle), base, scale)
    level = np.abs(values[:, -1]) / scale
    moves = recent_of(batch, season).differences(1) / scale
    length = batch.lengths.astype(np.float64)
    columns += [np.repeat(each, horizon).reshape(n, horizon) for each in (level, moves, length)]
    matrix = np.stack(columns, axis=2).reshape(n * horizon, len(columns))
    return Lags(matrix, base, size)


def _mean(values: Floats, span: int, horizon: int) -> Floats:
    """Return the mean of the last steps of each series, once per step ahead."""
    last = values[:, -span:]
    there = ~np.isnan(last)
    mean = np.where(there, last, 0.0).sum(axis=1) / there.sum(axis=1)
    return np.repeat(mean, horizon).reshape(len(values), horizon)


def _seasons(values: Floats, season: int, ahead: NDArray[np.int64]) -> list[Floats]:
    """Return the same step of earlier seasons, the steps beside it, and means over seasons."""
    end, horizon = values.shape[1], len(ahead)
    found = []
    for back in range(1, SEASONS + 1):
        same = np.full((len(values), horizon), np.nan)
        known = ahead < season * back
        same[:, known] = values[:, end + ahead[known] - season * back]
        found.append(same)
    for beside in (-2, -1, 1, 2):
        at = ahead + beside - np.maximum((ahead + beside) // season + 1, 1) * season
        found.append(values[:, end + at])
    return [*found, _mean(values, season, horizon), _mean(values, 7 * season, horizon)]


def _cycles(values: Floats, steps: tuple[int, int], base: Floats, scale: Floats) -> list[Floats]:
    """Return what was a cycle before: the step itself, and how it differed from what came before.

    The differences are those from the end of the series and from the seasonal naive forecast, as
    they would have been then.
    """
    season, cycle = steps
    end, horizon = values.shape[1], base.shape[1]
    ahead = np.arange(horizon)
    first = -(-horizon // cycle)
    found = []
    for back in range(first, first + CYCLES):
        then = values[:, end + ahead - cycle * back]
        last = values[:, [end - 1 - cycle * back]]
        naive = values[:, end + ahead % season - season - cycle * back]
        found += [(then - each) / scale[:, None] for each in (base, last, naive)]
    return found
