from dataclasses import replace

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.engines.answer import output_schema
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.network import MODEL, WEIGHTS, Network, Shape, flat
from plait.engines.pipeline import PIPELINE, Pipeline
from plait.testing.engine import check_engine

SMALL = Shape(
    width=3,
    numbers=(1,),
    bins=2,
    embedding=2,
    members=2,
    hidden=2,
    layers=1,
    outputs=1,
    reach=10.0,
    shift=100.0,
    scale=10.0,
)


def random_weights(shape, seed=0):
    dice = np.random.Generator(np.random.PCG64(seed))
    weights = {name: dice.normal(size=size) for name, size in shape.arrays.items()}
    weights["length"] = np.abs(weights["length"]) + 0.1
    return {name: values.astype(np.float32) for name, values in weights.items()}


def test_a_row_is_answered_as_by_hand():
    weights = {name: np.zeros(size, np.float32) for name, size in SMALL.arrays.items()}
    weights |= {
        "start": np.array([[0.0, 1.0]], np.float32),
        "length": np.array([[1.0, 2.0]], np.float32),
        "slope": np.array([[1.0, 0.0]], np.float32),
        "piece": np.array([[[0.0, 1.0], [0.0, 10.0]]], np.float32),
        "member": np.array([[1, 1, 1, 1], [2, 2, 2, 2]], np.float32),
        "weight_0": np.array([[1, 0], [0, 1], [0, 0], [0, 0]], np.float32),
        "head": np.array([[[1.0], [1.0]], [[1.0], [-1.0]]], np.float32),
    }
    # The number 2 is embedded as (2, 1 + 10 * 0.5); members answer 2 + 6 and 4 - 12.
    network = Network(SMALL, weights, "regression")
    assert network.raw_row([7.0, 2.0, 7.0]) == [100.0 + 10.0 * (8 - 8) / 2]
    assert network.raw_row([7.0, 1.0, 7.0]) == [100.0 + 10.0 * ((1 + 1) + (2 - 2)) / 2]
    far = network.raw_row([7.0, 1e9, 7.0])  # cut off at 10
    assert far == network.raw_row([7.0, 10.0, 7.0])


def test_chances_are_averaged_not_scores():
    weights = random_weights(SMALL)
    odds = Network(SMALL, weights, "binary")._answers(np.array([0.5, 1.0, -1.0]))[:, 0]
    chance = (1 / (1 + np.exp(-odds.astype(float)))).mean()
    found = Network(SMALL, weights, "binary").raw_row([0.5, 1.0, -1.0])[0]
    assert found == pytest.approx(np.log(chance / (1 - chance)))
    many = replace(SMALL, outputs=3)
    logs = Network(many, random_weights(many), "multiclass").raw_row([0.5, 1.0, -1.0])
    assert np.exp(logs).sum() == pytest.approx(1)


@pytest.fixture
def made(codes, schema, tmp_path):
    pipeline = Pipeline(problem="binary", classes=("no", "yes"), encode=codes["linear"])
    shape = replace(SMALL, width=pipeline.width, numbers=(0, 1), hidden=8, members=4, layers=2)
    manifest = Manifest(
        engine="network",
        task="tabular",
        problem="binary",
        input=schema,
        output=output_schema(pipeline),
        origin="tests",
    )
    files = {
        PIPELINE: json_bytes(pipeline.record()),
        MODEL: json_bytes(shape.record()),
        WEIGHTS: array_bytes(flat(shape, random_weights(shape))),
    }
    write_artefact(tmp_path, manifest, files)
    return tmp_path, manifest, files, shape.record()


def test_it_keeps_the_promises_of_an_engine(made, table):
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    check_engine(load, made[0], rows[:15])


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": [1, 0]},
        {"numbers": [0, 99]},
        {"numbers": "all"},
        {"hidden": 0},
        {"hidden": 9},
        {"members": "two"},
        {"reach": 0.0},
        {"more": 1},
    ],
)
def test_an_unsound_shape_is_refused(made, change):
    folder, manifest, files, record = made
    write_artefact(folder, manifest, {**files, MODEL: json_bytes({**record, **change})})
    with pytest.raises(EngineError) as caught:
        load(folder)
    assert caught.value.code == "artefact_damaged"
