"""The candidate of series that learns from all of them at once: gradient boosting on lags."""

from collections.abc import Mapping

import lightgbm

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.engines.booster import Booster
from plait.engines.lightgbm import MODEL
from plait.train.forecast_global import GlobalCandidate, Rows

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


class Boosted(Booster):
    """A booster that knows the text it was made of."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text

    def files(self) -> Mapping[str, bytes]:
        """Return the files of an artefact that hold it."""
        return {MODEL: self._text.encode()}


class GlobalBoosting(GlobalCandidate):
    """Boosted trees whose errors are absolute ones."""

    name = "lightgbm"
    paradigm: Paradigm = "tree"
    complexity = 3
    engine = "series_lightgbm"

    def model(self) -> Mapping[str, Json]:
        """Return what is learnt, and with which settings."""
        return {
            "model": "gradient boosted trees on lags, of all series, each step ahead directly",
            "settings": SETTINGS,
            "rounds": ROUNDS,
        }

    def learn(self, early: Rows, judged: Rows, late: Rows, seed: int) -> tuple[Boosted, Boosted]:
        """Return a model of the early rows and one of the late ones, of as many rounds."""
        del judged
        return _boosted(early, seed), _boosted(late, seed)


def _boosted(rows: Rows, seed: int) -> Boosted:
    parameters = {**SETTINGS, **_FIXED, "seed": seed}
    count = len(rows.target)
    if count < FEW_ROWS:
        parameters |= {"min_data_in_leaf": max(count // 20, 1), "bagging_fraction": 1.0}
    data = lightgbm.Dataset(rows.matrix, rows.target, weight=rows.weight, params=parameters)
    booster = lightgbm.Booster(parameters, data)
    for _ in range(ROUNDS if count > 1 else 1):
        booster.update()
    return Boosted(booster.model_to_string())
