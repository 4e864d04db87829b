"""Artefacts that forecast a series by one LightGBM model of many series."""

from plait.core.artefact import Artefact
from plait.engines.base import damaged, read_bytes
from plait.engines.booster import Booster
from plait.engines.lightgbm import MODEL
from plait.engines.series import SeriesPredictor, read_settings
from plait.engines.series_global import predictor_of


def load(artefact: Artefact) -> SeriesPredictor:
    """Return what runs `artefact`: the text in `model.txt`, the settings in `series.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or they do not fit each other.
        MissingExtra: LightGBM is not installed.
    """
    settings = read_settings(artefact)
    booster = Booster(read_bytes(artefact.folder / MODEL))
    if booster.n_classes != 1:
        raise damaged(artefact.folder / MODEL, f"it gives {booster.n_classes} numbers, not one")
    return predictor_of(artefact, settings, booster)
