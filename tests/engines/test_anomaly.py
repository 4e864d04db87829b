"""A detector at work: what it answers, why, and what a damaged artefact says."""

import json

import numpy as np
import pytest

from plait.core.errors import EngineError
from plait.core.protocol import Sample
from plait.core.schema import Field, RowReader, Schema
from plait.engines.base import load, read_artefact
from plait.train.anomaly_forest import IsolatedRows
from plait.train.anomaly_neighbours import NeighbourDistance
from plait.train.anomaly_robust import RobustDistance

KINDS = (RobustDistance, IsolatedRows, NeighbourDistance)
INPUT = Schema(
    (
        Field(name="size", kind="number", nullable=True, sentinels=(999.0,)),
        Field(name="weight", kind="number"),
        Field(name="colour", kind="category", levels=("red", "blue")),
        Field(name="new", kind="boolean"),
    )
)
FAR = {"size": 30.0, "weight": 90.0, "colour": "red", "new": True}
NEAR = {"size": 5.0, "weight": 10.0, "colour": "red", "new": True}


def rows(n=400):
    random = np.random.Generator(np.random.PCG64(4))
    size = random.normal(5, 1, n)
    size[::50] = np.nan
    colour = np.array(["red", "blue"], dtype=object)[random.integers(0, 2, n)]
    new = random.integers(0, 2, n).astype(bool).astype(object)
    return {"size": size, "weight": random.normal(10, 2, n), "colour": colour, "new": new}


@pytest.fixture(scope="module")
def predictors(tmp_path_factory):
    sample = Sample(
        input=INPUT, columns=rows(), target=[], classes=(), problem="regression", seed=3
    )
    folder = tmp_path_factory.mktemp("anomaly")
    return {each.name: each(folder / each.name, share=0.02).fit(sample) for each in KINDS}


def answer(predictor, row, reasons=0):
    return predictor.predict(RowReader(INPUT).columns([row]), reasons=reasons)


@pytest.mark.parametrize("name", [each.name for each in KINDS])
def test_what_is_unlike_the_rest_is_told_and_why(predictors, name):
    strange, usual = (answer(predictors[name], each, reasons=2) for each in (FAR, NEAR))
    assert strange["prediction"] == [True]
    assert usual["prediction"] == [False]
    assert 0 <= usual["score"][0] < strange["score"][0] <= 1
    (why,) = strange["reasons"]
    assert {(each.feature, each.value) for each in why} == {("weight", 90.0), ("size", 30.0)}
    assert why[0].contribution >= why[1].contribution > 0


@pytest.mark.parametrize("name", [each.name for each in KINDS])
def test_a_row_is_answered_alike_alone_and_among_others(predictors, name):
    table = rows()
    together = predictors[name].predict(table)
    for at in (0, 7, 50, 399):
        alone = predictors[name].predict({key: [each[at]] for key, each in table.items()})
        assert alone["score"][0] == together["score"][at]
        assert alone["prediction"][0] == together["prediction"][at]
    assert together["prediction"].mean() == pytest.approx(0.02, abs=0.02)


@pytest.mark.parametrize("name", [each.name for each in KINDS])
def test_missing_and_unknown_values_are_answered(predictors, name):
    for odd in ({"size": None}, {"size": 999.0}, {"colour": "green"}, {"weight": 1e300}):
        found = answer(predictors[name], {**NEAR, **odd})
        assert 0 <= found["score"][0] <= 1


def test_only_neighbours_hold_rows(predictors):
    held = {name: each.artefact.manifest.holds_rows for name, each in predictors.items()}
    assert held == {"robust_z": False, "isolation_forest": False, "neighbour_distance": True}


def test_columns_of_unequal_length_are_refused(predictors):
    with pytest.raises(EngineError, match="unequal"):
        predictors["robust_z"].predict({"size": [1.0], "weight": [1.0, 2.0]})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("robust_z", {"model": "magic"}),
        ("robust_z", {"tail": {}}),
        ("robust_z", {"encode": [{"op": "number"}]}),
        ("neighbour_distance", {"k": 0}),
        ("isolation_forest", {"usual": 0}),
    ],
)
def test_a_damaged_artefact_says_so(predictors, tmp_path, name, change):
    folder = predictors[name].artefact.folder
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    record = json.loads((tmp_path / "anomaly.json").read_text())
    (tmp_path / "anomaly.json").write_text(json.dumps({**record, **change}))
    with pytest.raises(EngineError) as caught:
        load(tmp_path, verify=False)
    assert caught.value.code == "artefact_damaged"
    assert read_artefact(folder).manifest.engine == "anomaly"
