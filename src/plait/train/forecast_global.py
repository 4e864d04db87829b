"""What candidates of one model for all series have in common: what they learn from, the export."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.series import SeriesSettings
from plait.engines.series_batch import Batch, Floats, Ints, cut
from plait.engines.series_global import GlobalForecaster, Model
from plait.engines.series_lag import lags_of
from plait.train.forecast_base import (
    LEVEL,
    SeriesCandidate,
    export_series,
    past_of,
    series_of,
    usual_change,
    usual_spread,
    widths,
)
from plait.train.series_season import read_cycle

MOST_ROWS = 80_000
"""Of so many forecasts of a step, at most, is learnt."""

MOST_POINTS = 60
"""They are made from so many points in time, at most."""

RECENT_STEPS, RECENT_HORIZONS = 300, 6
"""These lie in the last so many steps, or horizons."""

LEAST_STEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Past forecasts of single steps.

    Attributes:
        matrix: (n, features).
        target: (n,) how far a step was from the seasonal naive forecast, in the features' scale.
        weight: (n,) makes an error count as much as it does in the mean absolute scaled error.
    """

    matrix: Floats
    target: Floats
    weight: Floats


class Learnt(Model, Protocol):
    """A fitted model that can be written down."""

    def files(self) -> Mapping[str, bytes]:
        """Return the files of an artefact that hold it."""
        ...


class GlobalCandidate(SeriesCandidate, ABC):
    """One model of every series, for each step ahead at once; a subclass says of what kind.

    Attributes:
        engine: what runs its artefact.
    """

    engine: str

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            **self.model(),
            "rows": MOST_ROWS,
            "points": [MOST_POINTS, RECENT_STEPS, RECENT_HORIZONS, LEAST_STEPS],
            "interval": "split conformal of a model that ends before, per step ahead",
        }

    @abstractmethod
    def model(self) -> Mapping[str, Json]:
        """Return what is learnt, and with which settings."""

    @abstractmethod
    def learn(self, early: Rows, judged: Rows, late: Rows, seed: int) -> tuple[Learnt, Learnt]:
        """Return a model of the early rows, and one of the late ones that was learnt alike.

        Args:
            early: forecasts whose steps come before those of `judged`.
            judged: the last forecasts.
            late: all forecasts.
            seed: of everything random.
        """

    def fit(self, sample: Sample) -> Predictor:
        """Fit on all but the last steps for the errors, then on all, write the artefact."""
        batch, steps = series_of(sample), self._steps
        past = past_of(batch, steps)
        settings = SeriesSettings(
            horizon=steps.horizon,
            season=steps.season,
            cycle=read_cycle(batch, steps.season),
            level=sample.interval or LEVEL,
            spread=usual_spread(batch, steps.season),
            change=usual_change(batch, steps.season),
        )
        before, model = self.learn(
            rows_before(batch, settings, past.back + steps.horizon),
            rows_of(past.batch, past.truth, settings),
            rows_before(batch, settings, steps.horizon),
            sample.seed,
        )
        said = GlobalForecaster(settings, before).forecast(past.batch)
        settings = replace(settings, widths=widths(past, said, steps, settings.level))
        return export_series(self._folder, self.engine, settings, model.files())


def rows_of(batch: Batch, truth: Floats, settings: SeriesSettings) -> Rows:
    """Return forecasts of the ends of series, of which (n, horizon) numbers then came."""
    lags = lags_of(batch, settings.season, settings.cycle, settings.horizon)
    scale = np.where(lags.scale > 0, lags.scale, 1.0)
    usual = batch.differences(settings.season)
    weight = np.where(usual > 0, lags.scale / np.where(usual > 0, usual, 1.0), 0.0)
    moves = (truth - lags.base) / scale[:, None]
    return Rows(lags.matrix, moves.ravel(), np.repeat(weight, settings.horizon))


def rows_before(batch: Batch, settings: SeriesSettings, back: int) -> Rows:
    """Return forecasts from the last points in time that are at least so many steps ago."""
    horizon = settings.horizon
    window = max(RECENT_STEPS, RECENT_HORIZONS * horizon)
    furthest = max(min(back + window, batch.width - LEAST_STEPS), back)
    points = np.unique(np.linspace(back, furthest, MOST_POINTS).astype(np.int64))
    pairs = max(MOST_ROWS // horizon, 1)
    every = max(-(-len(points) * len(batch) // pairs), 1)
    found: list[Rows] = []
    for place, point in enumerate(points.tolist()):
        rows = _some(batch, point, place, every)
        if len(rows):
            end = batch.width - point
            then = cut(Batch(batch.values[rows], batch.lengths[rows]), point)
            found.append(rows_of(then, batch.values[rows, end : end + horizon], settings))
    if not any(each.weight.any() for each in found):  # nothing to learn from: nothing is added
        lags = lags_of(batch, settings.season, settings.cycle, horizon)
        return Rows(lags.matrix[:1], np.zeros(1), np.ones(1))
    parts = [(each.matrix, each.target, each.weight) for each in found]
    return Rows(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _some(batch: Batch, point: int, place: int, every: int) -> Ints:
    """Return one in so many of the series that are long enough, others at each point."""
    rows = np.arange(len(batch))
    chosen = (batch.lengths - point >= LEAST_STEPS) & ((rows + place) % every == 0)
    return np.flatnonzero(chosen)
