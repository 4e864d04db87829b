"""Artefacts that forecast a series by one LightGBM model of many series."""

import numpy as np

from plait.core.artefact import Artefact
from plait.engines.base import damaged, read_bytes
from plait.engines.booster import Booster
from plait.engines.lightgbm import MODEL
from plait.engines.series import SERIES, SeriesPredictor, SeriesSettings, read_settings
from plait.engines.series_batch import Batch, Floats
from plait.engines.series_lag import lags_of


class Trees:
    """A booster that says how far a step is from the seasonal naive forecast."""

    def __init__(self, settings: SeriesSettings, booster: Booster) -> None:
        self._settings = settings
        self._booster = booster

    def forecast(self, batch: Batch) -> Floats:
        """Return (n, horizon) forecasts of n series."""
        settings = self._settings
        lags = lags_of(batch, settings.season, settings.cycle, settings.horizon)
        moves = self._booster.raw(lags.matrix).reshape(lags.base.shape)
        return lags.base + moves * lags.scale[:, None]


def load(artefact: Artefact) -> SeriesPredictor:
    """Return what runs `artefact`: the text in `model.txt`, the settings in `series.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or they do not fit each other.
        MissingExtra: LightGBM is not installed.
    """
    settings = read_settings(artefact)
    booster = Booster(read_bytes(artefact.folder / MODEL))
    width = features(settings)
    if (booster.n_features, booster.n_classes) != (width, 1):
        raise damaged(
            artefact.folder / SERIES,
            f"it makes {width} numbers, and the model wants {booster.n_features}",
        )
    return SeriesPredictor(artefact, settings, Trees(settings, booster))


def features(settings: SeriesSettings) -> int:
    """Return how many numbers a model of these settings reads."""
    one = Batch(np.zeros((1, 1)), np.ones(1, dtype=np.int64))
    lags = lags_of(one, settings.season, settings.cycle, settings.horizon)
    return len(lags.matrix[0])
