import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.engines.answer import output_schema
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.encode import Encoder
from plait.engines.neighbours import MODEL, ROWS, TARGET, Neighbours, Vote
from plait.engines.pipeline import PIPELINE, Calibration, Pipeline
from plait.testing.engine import check_engine

LINE = np.array([[0.0], [1.0], [2.0], [10.0]], dtype=np.float32)


def model(target, *, nearest=2, rates=(), scale=(1.0,), rows=LINE):
    vote = Vote(nearest=nearest, scale=scale, reach=5.0, rates=rates)
    return Neighbours(vote, rows, np.array(target, dtype=float))


def test_a_number_is_the_mean_of_the_nearest_the_nearer_counting_more():
    found = model([3.0, 6.0, 9.0, 99.0]).raw(np.array([[0.0], [0.5], [100.0]]))[:, 0]
    assert found[0] == pytest.approx((1.0 * 3 + 0.1 * 6) / 1.1)
    assert found[1] == pytest.approx(4.5)
    assert 6 < found[2] < 9  # cut off at 5: the nearest two are then 2 and 1


def test_classes_are_voted_for_and_every_one_keeps_a_chance():
    binary = model([0, 0, 1, 1], rates=(0.5, 0.5)).raw(np.array([[0.0], [4.0]]))
    assert binary[0, 0] == pytest.approx(np.log(0.5 / 1.6))
    assert binary[1, 0] > 0
    many = model([0, 0, 1, 2], rates=(0.5, 0.25, 0.25)).raw(np.array([[0.0]]))
    assert many[0] == pytest.approx(np.log([1.6, 0.25, 0.25]))


def test_rows_at_no_distance_count_alike():
    same = np.zeros((3, 1), dtype=np.float32)
    assert model([1.0, 2.0, 6.0], nearest=3, rows=same).raw(np.zeros((1, 1)))[0, 0] == 3.0


def test_a_row_scores_alike_alone():
    dice = np.random.Generator(np.random.PCG64(0))
    rows = dice.normal(size=(500, 7)).astype(np.float32)
    found = model(dice.normal(size=500), nearest=9, scale=(1.0,) * 7, rows=rows)
    asked = dice.normal(size=(40, 7))
    assert [list(found.raw_row(each)) for each in asked.tolist()] == found.raw(asked).tolist()


@pytest.fixture
def made(codes, schema, table, tmp_path):
    pipeline = Pipeline(
        problem="binary",
        classes=("no", "yes"),
        encode=codes["linear"],
        calibrate=Calibration(slope=1.5),
    )
    vote = Vote(nearest=5, scale=(1.0,) * pipeline.width, reach=5.0, rates=(0.4, 0.6))
    manifest = Manifest(
        engine="neighbours",
        task="tabular",
        problem="binary",
        input=schema,
        output=output_schema(pipeline),
        origin="tests",
        holds_rows=True,
    )
    rows = vote.place(Encoder(codes["linear"]).matrix(table, len(table["age"])))
    files = {
        PIPELINE: json_bytes(pipeline.record()),
        MODEL: json_bytes(vote.record()),
        ROWS: array_bytes(rows),
        TARGET: array_bytes(np.array([age > 45 for age in table["age"]], dtype=float)),
    }
    write_artefact(tmp_path, manifest, files)
    return tmp_path, manifest, files, vote.record()


def test_it_keeps_the_promises_of_an_engine(made, table):
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    check_engine(load, made[0], rows[:20])


@pytest.mark.parametrize(
    "change",
    [
        {"nearest": 0},
        {"nearest": 301},
        {"nearest": "all"},
        {"reach": 0.0},
        {"rates": [1.0]},
        {"rates": [0.0, 1.0]},
        {"scale": [1.0]},
        {"scale": 1.0},
        {"more": 1},
    ],
)
def test_an_unsound_vote_is_refused(made, change):
    folder, manifest, files, record = made
    write_artefact(folder, manifest, {**files, MODEL: json_bytes({**record, **change})})
    with pytest.raises(EngineError) as caught:
        load(folder)
    assert caught.value.code == "artefact_damaged"
