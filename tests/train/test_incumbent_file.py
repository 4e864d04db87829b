"""A model's columns and classes are found in the contract, or it is said what to do."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from plait.core.contract import FeatureNote
from plait.core.errors import Refused
from plait.engines.answer import calibrated_odds
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.pipeline import PIPELINE, Calibration, NumberCode
from plait.train.incumbent_file import Told, manifest_of, surround, take_artefact, take_lightgbm
from plait.train.plan import plan_race
from plait.train.prepare import prepare
from plait.train.variant import with_variants


@pytest.fixture(scope="module")
def table(loans, contracts):
    return prepare(loans, contracts["binary"])


def text(names, classes=2, **told):
    dice = np.random.Generator(np.random.PCG64(1))
    matrix = dice.normal(size=(80, len(names)))
    target = np.arange(80) % classes
    objective = "binary" if classes == 2 else "multiclass"
    options = {"objective": objective, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 3}
    if classes > 2:
        options["num_class"] = classes
    data = lightgbm.Dataset(matrix, target, feature_name=list(names))
    return lightgbm.train({**options, **told}, data, 2).model_to_string().encode()


def test_columns_are_found_by_name(table):
    taken = take_lightgbm(text(["debt", "income"]), table, Told())
    assert taken.pipeline.encode == (NumberCode(column="debt"), NumberCode(column="income"))
    assert taken.pipeline.classes == table.classes


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["debt", "incom"], "did you mean 'income'"),
        (["debt", "score"], "the contract excludes it"),
        (["debt", "area"], "the model reads numbers in 'area'"),
        (["Column_0", "Column_1"], "--columns A,B,C"),
    ],
)
def test_a_column_that_is_no_feature_is_named(table, names, said):
    told = Told(absent={"score": "the contract excludes it"})
    with pytest.raises(Refused, match=said):
        take_lightgbm(text(names), table, told)


def test_an_artefact_that_computes_features_reads_what_they_are_made_of(
    loans, contracts, table, tmp_path
):
    made = {"ratio": FeatureNote(expr="debt / (income + 1)"), "area": FeatureNote()}
    contract = replace(contracts["binary"], candidates=("linear",), features=made)
    prepared = prepare(loans, contract)
    make = with_variants(plan_race(prepared, contract)).recipes["linear+engineered"]
    rows = np.arange(len(prepared))
    expected = (
        make(tmp_path / "old").fit(prepared.sample(rows, seed=0)).predict(prepared.take(rows))
    )
    taken = take_artefact(tmp_path / "old", table, Told())
    assert taken.read == ("area", "debt", "income")
    manifest = manifest_of(taken, table, origin="tests", licence="own")
    files = {**taken.files, PIPELINE: json_bytes(taken.pipeline.record())}
    write_artefact(tmp_path / "new", manifest, files)
    found = load(tmp_path / "new").predict(table.take(rows))
    np.testing.assert_array_equal(found["probability_yes"], expected["probability_yes"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes": 3}, "contract is binary"),
        ({"objective": "cross_entropy"}, "objective is 'cross_entropy'"),
    ],
)
def test_another_problem_is_told_at_once(table, options, said):
    with pytest.raises(Refused, match=said):
        take_lightgbm(text(["debt", "income"], **options), table, Told())


def test_a_column_may_not_be_named_twice(table):
    with pytest.raises(Refused, match="named twice"):
        take_lightgbm(text(["a", "b"]), table, Told(columns=("debt", "debt")))


def test_scores_of_the_other_class_are_turned_round(table):
    calibrate = Calibration(slope=2.0, offset=0.3, knots=((-1.0, -0.5), (0.5, 2.0)))
    turned = surround(table, table.classes[::-1], (), calibrate).calibrate
    raw = np.linspace(-3, 3, 13)
    expected = -calibrated_odds(raw, calibrate)
    np.testing.assert_allclose(calibrated_odds(raw, turned), expected, atol=1e-12)
    assert surround(table, table.classes, (), calibrate).calibrate == calibrate


def test_three_classes_keep_the_order_of_the_model(loans, contracts):
    table = prepare(loans, contracts["multiclass"])
    order = table.classes[::-1]
    assert surround(table, order, (), Calibration()).classes == order
    names = tuple(f"{level:g}" for level in order)
    taken = take_lightgbm(text(["debt", "income"], 3), table, Told(classes=names))
    assert taken.pipeline.classes == order
    with pytest.raises(Refused, match="knows 4 classes, and the target has 3"):
        take_lightgbm(text(["debt", "income"], 4), table, Told())
