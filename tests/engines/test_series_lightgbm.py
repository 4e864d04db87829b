"""An artefact of trees: model and settings must be of one width."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.core.schema import Schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.lightgbm import MODEL
from plait.engines.series import SERIES, SeriesSettings
from plait.engines.series_batch import batch_of
from plait.engines.series_global import features
from plait.engines.series_lag import lags_of

SETTINGS = SeriesSettings(horizon=3, season=4, cycle=12, level=0.9, widths=(1.0, 1.0, 1.0))
RANDOM = np.random.Generator(np.random.PCG64(10))
WALKS = [RANDOM.normal(0, 1, steps).cumsum().tolist() for steps in (90, 50)]


@pytest.fixture(scope="module")
def model():
    matrix = RANDOM.normal(0, 1, (300, features(SETTINGS)))
    parameters = {"objective": "regression_l1", "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(matrix, matrix[:, 3], params=parameters)
    return lightgbm.train(parameters, data, 5)


def write(folder, settings, model):
    manifest = Manifest(
        engine="series_lightgbm", task="series", input=Schema(()), output=Schema(()), origin="test"
    )
    files = {SERIES: json_bytes(settings.record()), MODEL: model.model_to_string().encode()}
    write_artefact(folder, manifest, files)
    return folder


def test_a_forecast_is_the_seasonal_naive_one_and_what_the_trees_add(model, tmp_path):
    predictor = load(write(tmp_path, SETTINGS, model))
    answer = predictor.predict({"history": WALKS, "horizon": [3, 3]})
    lags = lags_of(batch_of(WALKS), 4, 12, 3)
    moves = model.predict(lags.matrix).reshape(2, 3)
    np.testing.assert_allclose(answer["prediction"], lags.base + moves * lags.scale[:, None])
    half = np.subtract(answer["upper"], answer["prediction"])
    np.testing.assert_allclose(half, np.repeat(lags.scale, 3).reshape(2, 3))


def test_a_model_of_another_width_is_refused(model, tmp_path):
    with pytest.raises(EngineError) as raised:
        load(write(tmp_path, replace(SETTINGS, cycle=4), model))
    assert raised.value.code == "artefact_damaged"
