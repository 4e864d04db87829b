"""An artefact of methods: its settings are checked, its answers are those of the methods."""

import json
from dataclasses import replace

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.core.schema import Schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.series import SERIES, Part, SeriesSettings
from plait.engines.series_batch import batch_of
from plait.engines.series_method import damped, theta

SETTINGS = SeriesSettings(
    horizon=4,
    season=3,
    cycle=3,
    level=0.8,
    widths=(0.5, 1.0, 1.5, 2.0),
    parts=(
        Part(method="theta", season=3, weight=0.25),
        Part(method="damped", season=1, weight=0.75),
    ),
)
RANDOM = np.random.Generator(np.random.PCG64(5))
SERIES_SENT = [(20 + RANDOM.normal(0, 1, steps).cumsum()).tolist() for steps in (50, 7, 31)]


def write(folder, record):
    manifest = Manifest(
        engine="series", task="series", input=Schema(()), output=Schema(()), origin="test"
    )
    write_artefact(folder, manifest, {SERIES: json_bytes(record)})
    return folder


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    return load(write(tmp_path_factory.mktemp("series"), SETTINGS.record()))


def test_settings_survive_json():
    assert SeriesSettings.read(json.loads(json_bytes(SETTINGS.record()))) == SETTINGS


def test_the_forecast_is_the_weighted_sum_within_its_interval(predictor):
    answer = predictor.predict({"history": SERIES_SENT, "horizon": [4, 2, 4]})
    batch = batch_of(SERIES_SENT)
    expected = 0.25 * theta(batch, 3, 4) + 0.75 * damped(batch, 1, 4)
    np.testing.assert_allclose(answer["prediction"][0], expected[0])
    assert [len(each) for each in answer["lower"]] == [4, 2, 4]
    changes = np.abs(np.subtract(SERIES_SENT[1][3:], SERIES_SENT[1][:-3])).mean()
    half = np.subtract(answer["upper"][1], answer["lower"][1]) / 2
    np.testing.assert_allclose(half, [0.5 * changes, 1.0 * changes])


def test_a_history_that_never_changed_has_an_interval_as_wide_as_series_spread(tmp_path):
    predictor = load(write(tmp_path, replace(SETTINGS, spread=0.1).record()))
    answer = predictor.predict({"history": [[-5.0], [20.0] * 9], "horizon": [4, 4]})
    half = np.subtract(answer["upper"], answer["prediction"])
    np.testing.assert_allclose(half, np.outer([0.5, 2.0], SETTINGS.widths))


def test_zeros_have_an_interval_as_wide_as_series_change(tmp_path):
    sent = {"history": [[0.0] * 9, [0.0], [20.0] * 9, [4.0, 5.0]], "horizon": [4] * 4}
    halves = {}
    for spread in (0.0, 0.1):
        folder = write(
            tmp_path / str(spread), replace(SETTINGS, spread=spread, change=3.0).record()
        )
        answer = load(folder).predict(sent)
        halves[spread] = np.subtract(answer["upper"], answer["prediction"])[:, 0] / 0.5
    np.testing.assert_allclose(halves[0.0], [3.0, 3.0, 3.0, 1.0])
    np.testing.assert_allclose(halves[0.1], [3.0, 3.0, 2.0, 1.0])


def test_an_artefact_without_a_usual_change_is_read_as_before():
    record = {name: value for name, value in SETTINGS.record().items() if name != "change"}
    assert SeriesSettings.read(record) == SETTINGS


def test_series_are_forecast_as_if_alone(predictor):
    together = predictor.predict({"history": SERIES_SENT, "horizon": [4] * 3})
    for at, each in enumerate(SERIES_SENT):
        alone = predictor.predict({"history": [each], "horizon": [4]})
        for name, values in together.items():
            np.testing.assert_allclose(alone[name][0], values[at], rtol=1e-9)


@pytest.mark.parametrize(
    "columns",
    [
        {"history": [[1.0]]},
        {"history": [], "horizon": []},
        {"history": [[1.0], [2.0]], "horizon": [1]},
        {"history": [["a"]], "horizon": [1]},
        {"history": [[]], "horizon": [1]},
        {"history": [[np.nan]], "horizon": [1]},
        {"history": [[1.0]], "horizon": [5]},
        {"history": [[1.0]], "horizon": [0]},
        {"history": [[1e301, 2.0]], "horizon": [1]},
    ],
)
def test_what_makes_no_sense_is_an_engine_error(predictor, columns):
    with pytest.raises(EngineError) as raised:
        predictor.predict(columns)
    assert raised.value.code == "engine_failed"


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (1.0,)},
        {"level": 1.0},
        {"spread": -1.0},
        {"change": -1.0},
        {"horizon": 0},
        {"season": 0},
        {"season": 1.5},
        {"parts": ()},
        {"parts": (Part(method="oracle", season=1),)},
        {"parts": (Part(method="naive", season=0),)},
    ],
)
def test_a_damaged_file_is_named(tmp_path, changes):
    with pytest.raises(EngineError) as raised:
        load(write(tmp_path, replace(SETTINGS, **changes).record()))
    assert raised.value.code == "artefact_damaged"
    assert SERIES in raised.value.where


def test_a_file_that_lacks_a_part_is_damaged(tmp_path):
    record = SETTINGS.record()
    del record["cycle"]
    with pytest.raises(EngineError, match="cycle"):
        load(write(tmp_path, record))
