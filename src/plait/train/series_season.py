"""How long a season is, read off the numbers themselves."""

import numpy as np

from plait.engines.series_batch import Batch, Floats, Ints
from plait.engines.series_season import CRITICAL, LEAST_CYCLES, season_of

LONGEST = 400
"""No season of more steps is looked for."""

NEARLY = 0.7
"""The shortest season whose autocorrelation is so near the highest is taken, not its double."""

LEAST_CORRELATION = 0.1
MOST_SERIES = 200


def read_season(batch: Batch) -> int:
    """Return the steps of one season of most series; 1 when there is none.

    It is the first peak of the mean autocorrelation of the step-to-step changes that is nearly as
    high as the highest, if it stands out from chance and comes again after as many steps: noise
    alone lowers the first lag of changes, and so makes a peak of the second.
    """
    changes = _changes(_some(batch))
    peaks = _peaks(changes, 2)
    farthest = max(peaks, default=0)
    found = {
        lag: height
        for lag, height in peaks.items()
        if 2 * lag > farthest or any(abs(2 * lag - other) <= max(1, lag // 8) for other in peaks)
    }
    if not found:
        return 1
    highest = max(found.values())
    first = min(lag for lag, height in found.items() if height >= NEARLY * highest)
    return _sharpened(changes, first)


def _sharpened(changes: Batch, lag: int) -> int:
    """Return the lag about `lag` whose multiples are highest: noise shifts a flat peak a step."""
    longest = min(LONGEST, int(np.median(changes.lengths)) // LEAST_CYCLES)
    mean, _ = _autocorrelation(changes, longest + 1)
    reach = lag // 8
    around = range(max(2, lag - reach), min(longest, lag + reach) + 1)
    return max(around, key=lambda each: (float(mean[each : longest + 1 : each].mean()), -each))


def read_cycle(batch: Batch, season: int) -> int:
    """Return the steps of a longer cycle that is left without the season; `season` when none is.

    Such as a week of hours, beside a day of them. With a season it is a multiple of it.
    """
    some = _some(batch)
    some = season_of(some, season).removed(some)
    step = season if season > 1 else 1
    found = _peaks(_changes(some), 2 * step)
    found = {lag: height for lag, height in found.items() if lag % step == 0}
    return max(found, key=lambda lag: found[lag]) if found else season


def _some(batch: Batch) -> Batch:
    """Return at most 200 of the series, evenly spread, and of them the steps that tell."""
    rows = np.unique(np.linspace(0, len(batch) - 1, min(len(batch), MOST_SERIES)).astype(np.int64))
    return batch.take(rows).last(2 * LEAST_CYCLES * LONGEST)


def _changes(batch: Batch) -> Batch:
    long = batch.take(np.flatnonzero(batch.lengths > 2)) if (batch.lengths > 2).any() else batch
    return Batch(np.diff(long.values, axis=1), np.maximum(long.lengths - 1, 1))


def _peaks(batch: Batch, first: int) -> dict[int, float]:
    """Return lag -> mean autocorrelation of the lags from `first` on that top those beside them."""
    longest = min(LONGEST, int(np.median(batch.lengths)) // LEAST_CYCLES)
    if longest <= first:
        return {}
    mean, count = _autocorrelation(batch, longest + 1)
    steps = float(np.median(batch.lengths))
    chance = CRITICAL * np.sqrt(1 / (steps * np.maximum(count, 1)))
    least = np.maximum(chance, LEAST_CORRELATION)
    return {
        lag: float(mean[lag])
        for lag in range(first, longest + 1)
        if mean[lag] > least[lag] and mean[lag] >= max(mean[lag - 1], mean[lag + 1])
    }


def _autocorrelation(batch: Batch, longest: int) -> tuple[Floats, Ints]:
    """Return the mean autocorrelation at lags 0 to `longest`, and of how many series."""
    centred = batch.values - np.nanmean(batch.values, axis=1, keepdims=True)
    spectrum = np.fft.rfft(np.nan_to_num(centred), n=2 * batch.width, axis=1)
    product = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : longest + 1]
    lags = np.arange(product.shape[1])
    power = product[:, :1] / batch.lengths[:, None]
    pairs = np.maximum(batch.lengths[:, None] - lags, 1)
    told = (batch.lengths[:, None] >= LEAST_CYCLES * lags) & (power > 0)
    each = np.where(told, product / pairs / np.where(power > 0, power, 1.0), 0.0)
    count = told.sum(axis=0)
    mean = np.zeros(longest + 2)
    mean[: len(lags)] = each.sum(axis=0) / np.maximum(count, 1)
    return mean, np.concatenate([count, [0]]).astype(np.int64)
