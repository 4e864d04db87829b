"""Forecasts by one model of many series: how far a step is from the seasonal naive one."""

from typing import Protocol

import numpy as np

from plait.core.artefact import Artefact
from plait.engines.base import damaged
from plait.engines.series import SERIES, SeriesPredictor, SeriesSettings
from plait.engines.series_batch import Batch, Floats
from plait.engines.series_lag import Matrix, lags_of


class Model(Protocol):
    """Answers rows of features; safe to share between threads."""

    @property
    def n_features(self) -> int:
        """Width of a row."""
        ...

    def raw(self, matrix: Matrix) -> Matrix:
        """Return (n,) answers to (n, n_features) rows."""
        ...


class GlobalForecaster:
    """A model of the lags of series, whatever it is made of."""

    def __init__(self, settings: SeriesSettings, model: Model) -> None:
        self._settings = settings
        self._model = model

    def forecast(self, batch: Batch) -> Floats:
        """Return (n, horizon) forecasts of n series."""
        settings = self._settings
        lags = lags_of(batch, settings.season, settings.cycle, settings.horizon)
        moves = self._model.raw(lags.matrix).reshape(lags.base.shape)
        return lags.base + moves * lags.scale[:, None]


def predictor_of(artefact: Artefact, settings: SeriesSettings, model: Model) -> SeriesPredictor:
    """Return what forecasts by `model`.

    Raises:
        EngineError: `artefact_damaged`, when it reads not as many numbers as the settings make.
    """
    width = features(settings)
    if model.n_features != width:
        raise damaged(
            artefact.folder / SERIES,
            f"it makes {width} numbers, and the model wants {model.n_features}",
        )
    return SeriesPredictor(artefact, settings, GlobalForecaster(settings, model))


def features(settings: SeriesSettings) -> int:
    """Return how many numbers a model of these settings reads."""
    one = Batch(np.zeros((1, 1)), np.ones(1, dtype=np.int64))
    lags = lags_of(one, settings.season, settings.cycle, settings.horizon)
    return len(lags.matrix[0])
