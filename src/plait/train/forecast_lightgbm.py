"""The candidate of series that learns from all of them at once: gradient boosting on lags."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.booster import Booster
from plait.engines.lightgbm import MODEL
from plait.engines.series import SeriesSettings
from plait.engines.series_batch import Batch, Floats, Ints, cut
from plait.engines.series_lag import lags_of
from plait.engines.series_lightgbm import Trees
from plait.train.forecast_base import (
    LEVEL,
    Steps,
    export_series,
    past_of,
    series_of,
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
FEW_ROWS = 800
"""Of fewer all are used for each tree, and leaves are smaller."""

ROUNDS = 120
SETTINGS: Mapping[str, Json] = {
    "objective": "regression_l1",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
}
_FIXED: Mapping[str, Json] = {
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


class GlobalBoosting:
    """One model of every series, for each step ahead at once; its errors are absolute ones."""

    name = "lightgbm"
    paradigm: Paradigm = "tree"
    complexity = 3

    def __init__(self, folder: Path, *, steps: Steps, threshold: float | None = None) -> None:
        del threshold
        self._folder = folder
        self._steps = steps

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "gradient boosted trees on lags, of all series, each step ahead directly",
            "settings": SETTINGS,
            "rounds": ROUNDS,
            "rows": MOST_ROWS,
            "points": [MOST_POINTS, RECENT_STEPS, RECENT_HORIZONS, LEAST_STEPS],
            "interval": "split conformal of a model that ends before, per step ahead",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Fit on all but the last steps for the errors, then on all, write the artefact."""
        batch, steps = series_of(sample), self._steps
        past = past_of(batch, steps)
        settings = SeriesSettings(
            horizon=steps.horizon,
            season=steps.season,
            cycle=read_cycle(batch, steps.season),
            level=sample.interval or LEVEL,
        )
        before = _boosted(batch, settings, past.back + steps.horizon, sample.seed)
        said = Trees(settings, Booster(before)).forecast(past.batch)
        settings = replace(settings, widths=widths(past, said, steps, settings.level))
        model = _boosted(batch, settings, steps.horizon, sample.seed)
        return export_series(self._folder, "series_lightgbm", settings, {MODEL: model.encode()})


def _boosted(batch: Batch, settings: SeriesSettings, back: int, seed: int) -> str:
    """Return a model, as text, of forecasts made at least so many steps ago."""
    matrix, target, weight = _rows(batch, settings, back)
    parameters = {**SETTINGS, **_FIXED, "seed": seed}
    if len(target) < FEW_ROWS:
        parameters |= {"min_data_in_leaf": max(len(target) // 20, 1), "bagging_fraction": 1.0}
    data = lightgbm.Dataset(matrix, target, weight=weight, params=parameters, free_raw_data=True)
    booster = lightgbm.Booster(parameters, data)
    for _ in range(ROUNDS if len(target) > 1 else 1):
        booster.update()
    return str(booster.model_to_string())


def _rows(batch: Batch, settings: SeriesSettings, back: int) -> tuple[Floats, Floats, Floats]:
    """Return features, targets and weights of past forecasts.

    A target is how far a step was from the seasonal naive forecast, in the scale of its features; a
    weight makes an error count as much as it does in the mean absolute scaled error.
    """
    horizon, season = settings.horizon, settings.season
    window = max(RECENT_STEPS, RECENT_HORIZONS * horizon)
    furthest = max(min(back + window, batch.width - LEAST_STEPS), back)
    points = np.unique(np.linspace(back, furthest, MOST_POINTS).astype(np.int64))
    pairs = max(MOST_ROWS // horizon, 1)
    every = max(-(-len(points) * len(batch) // pairs), 1)
    found: list[tuple[Floats, Floats, Floats]] = []
    for place, point in enumerate(points.tolist()):
        rows = _some(batch, point, place, every)
        if len(rows):
            end = batch.width - point
            truth = batch.values[rows, end : end + horizon]
            then = cut(Batch(batch.values[rows], batch.lengths[rows]), point)
            lags = lags_of(then, season, settings.cycle, horizon)
            scale = np.where(lags.scale > 0, lags.scale, 1.0)
            usual = then.differences(season)
            weight = np.where(usual > 0, lags.scale / np.where(usual > 0, usual, 1.0), 0.0)
            moves = (truth - lags.base) / scale[:, None]
            found.append((lags.matrix, moves.ravel(), np.repeat(weight, horizon)))
    if not any(each[2].any() for each in found):  # nothing to learn from: the model adds nothing
        lags = lags_of(batch, season, settings.cycle, horizon)
        return lags.matrix[:1], np.zeros(1), np.ones(1)
    matrix, target, weight = (np.concatenate(each) for each in zip(*found, strict=True))
    return matrix, target, weight


def _some(batch: Batch, point: int, place: int, every: int) -> Ints:
    """Return one in so many of the series that are long enough, others at each point."""
    rows = np.arange(len(batch))
    chosen = (batch.lengths - point >= LEAST_STEPS) & ((rows + place) % every == 0)
    return np.flatnonzero(chosen)
