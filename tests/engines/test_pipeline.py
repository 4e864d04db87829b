import json

import pytest

from plait.engines.pipeline import (
    Calibration,
    Interval,
    LevelSet,
    NumberCode,
    Pipeline,
    Reference,
)

OLD = {
    "problem": "binary",
    "classes": ["no", "yes"],
    "encode": [
        {"column": "age", "sentinels": [999.0], "fill": None, "shift": 0.0, "scale": 1.0,
         "indicator": False, "op": "number"}
    ],
    "calibrate": {"slope": 0.9, "offset": 0.1},
    "interval": None,
    "threshold": 0.4,
    "abstain": None,
}  # fmt: skip


def test_what_was_written_before_reads_and_writes_as_it_was():
    found = Pipeline.read(OLD)
    assert found.calibrate == Calibration(slope=0.9, offset=0.1)
    assert json.loads(json.dumps(found.record())) == OLD
    interval = {"level": 0.9, "half_width": 2.0}
    old = {**OLD, "problem": "regression", "calibrate": None, "interval": interval}
    assert json.loads(json.dumps(Pipeline.read(old).record())) == old


@pytest.mark.parametrize(
    "changes",
    [
        {"calibrate": Calibration(slope=2.0, knots=((-1.0, -2.0), (1.0, 0.5)))},
        {"calibrate": Calibration(offsets=(0.1, -0.1, 0.0))},
        {"interval": Interval(level=0.8, half_width=-0.5, quantiles=True)},
        {"interval": Interval(level=0.8, half_width=1.0, by="area", groups={"": 2.0, "x": 1.5})},
        {"set": LevelSet(level=0.9, least=(0.1, 0.3), by="area", groups={"x": (0.2, 0.4)})},
        {"reference": Reference(shares=(0.25,), values=("coast",))},
    ],
)
def test_every_part_survives_its_record(changes):
    pipeline = Pipeline(
        problem="binary", classes=("a", "b"), encode=(NumberCode(column="age"),), **changes
    )
    assert Pipeline.read(json.loads(json.dumps(pipeline.record()))) == pipeline


@pytest.mark.parametrize(
    "knots", [((0.0, 0.0), (0.0, 1.0)), ((0.0, 1.0), (1.0, 1.0)), ((1.0, 0.0), (0.0, 1.0))]
)
def test_knots_that_do_not_ascend(knots):
    with pytest.raises(ValueError, match="ascend"):
        Calibration(knots=knots)


def test_by_is_that_of_the_interval_or_the_set():
    parts = {"problem": "binary", "classes": (), "encode": ()}
    assert Pipeline(**parts).by == ""
    assert Pipeline(**parts, set=LevelSet(level=0.9, least=(), by="area")).by == "area"
    assert Pipeline(**parts, interval=Interval(level=0.9, half_width=1.0, by="town")).by == "town"
