"""An artefact of networks: files must fit each other, and every answer must be one of numbers."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.core.schema import Schema
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.network import MODEL, WEIGHTS
from plait.engines.series import SERIES, SeriesSettings
from plait.engines.series_batch import batch_of
from plait.engines.series_global import features
from plait.engines.series_lag import lags_of
from plait.engines.series_network import ResidualNetworks, Shape

SETTINGS = SeriesSettings(horizon=3, season=4, cycle=12, level=0.9, widths=(1.0, 1.0, 1.0))
SHAPE = Shape(width=features(SETTINGS), members=2, layers=2, hidden=3, reach=5.0)
RANDOM = np.random.Generator(np.random.PCG64(10))
WALKS = [RANDOM.normal(0, 1, steps).cumsum().tolist() for steps in (90, 50)]


@pytest.fixture
def networks():
    weights = {
        name: RANDOM.normal(0, 1, size).astype(np.float32) for name, size in SHAPE.arrays.items()
    }
    return ResidualNetworks(SHAPE, {**weights, "scale": np.ones(SHAPE.width, dtype=np.float32)})


def write(folder, files, settings=SETTINGS):
    manifest = Manifest(
        engine="series_network", task="series", input=Schema(()), output=Schema(()), origin="test"
    )
    write_artefact(folder, manifest, {SERIES: json_bytes(settings.record()), **files})
    return folder


def test_a_forecast_is_the_seasonal_naive_one_and_what_the_networks_add(networks, tmp_path):
    predictor = load(write(tmp_path, networks.files()))
    answer = predictor.predict({"history": WALKS, "horizon": [3, 3]})
    lags = lags_of(batch_of(WALKS), 4, 12, 3)
    moves = networks.raw(lags.matrix).reshape(2, 3)
    np.testing.assert_allclose(answer["prediction"], lags.base + moves * lags.scale[:, None])
    alone = predictor.predict({"history": WALKS[1:], "horizon": [3]})
    np.testing.assert_allclose(alone["prediction"], answer["prediction"][1:], rtol=1e-12)


def test_an_answer_is_the_mean_of_what_layers_add_to_what_they_are_given():
    shape = Shape(width=1, members=2, layers=1, hidden=1, reach=2.0)
    one = {name: np.ones(size, dtype=np.float32) for name, size in shape.arrays.items()}
    one["weight_2"] = np.array([[[1.0]], [[3.0]]], dtype=np.float32)
    found = ResidualNetworks(shape, one).raw(np.array([[2.0], [-9.0], [np.nan]]))
    # read 1, -2, 0; layer 0 gives 2, -1, 1; layer 1 adds 3, 0, 2; weights 1 and 3, bias 1
    np.testing.assert_allclose(found, [11.0, -1.0, 7.0])


@pytest.mark.parametrize(
    "file",
    [
        {MODEL: json_bytes(asdict(replace(SHAPE, width=SHAPE.width + 1)))},
        {MODEL: json_bytes({**asdict(SHAPE), "hidden": 3.0})},
        {MODEL: json_bytes({**asdict(SHAPE), "reach": 0})},
        {MODEL: json_bytes({**asdict(SHAPE), "depth": 1})},
        {WEIGHTS: array_bytes(np.ones(7))},
        {SERIES: json_bytes(replace(SETTINGS, cycle=4).record())},
    ],
)
def test_files_that_do_not_fit_are_refused(networks, tmp_path, file):
    with pytest.raises(EngineError) as raised:
        load(write(tmp_path, {**networks.files(), **file}))
    assert raised.value.code == "artefact_damaged"
