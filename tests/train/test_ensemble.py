import json
from dataclasses import replace

import numpy as np
import pytest

from plait.engines.base import load
from plait.engines.blend import BLEND, MEMBERS
from plait.testing.engine import check_engine
from plait.train.ensemble import Ensemble, greedy_weights


@pytest.fixture(scope="module", autouse=True)
def quick_members():
    """Two members that are quickly fitted; test_candidate.py takes the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plait.train.ensemble.NAMES", ("linear", "extra_trees"))
        patch.setattr("plait.train.extra_trees.TREES", 12)
        yield


@pytest.fixture(scope="module")
def noisy():
    """Log-odds of a binary target by four models: two good ones that err apart, two poor ones."""
    dice = np.random.Generator(np.random.PCG64(2))
    odds = dice.normal(0, 2, 2000)
    target = (dice.random(2000) < 1 / (1 + np.exp(-odds))).astype(float)
    good, also = (odds + dice.normal(0, 1.5, 2000) for _ in range(2))
    return target, [good, also, dice.normal(0, 2, 2000), -odds]


def test_models_that_err_apart_share_the_weight_and_poor_ones_get_none(noisy):
    target, scores = noisy
    weights = greedy_weights(scores, target, "binary")
    assert weights.sum() == pytest.approx(1)
    assert weights[:2] == pytest.approx([0.5, 0.5], abs=0.16)
    assert weights[3] == 0


def test_a_model_that_nothing_helps_stands_alone(noisy):
    target, scores = noisy
    assert greedy_weights([scores[3], target], target, "regression").tolist() == [0, 1]


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def fitted(request, samples, tmp_path_factory):
    sample = samples[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    return sample, Ensemble(folder, threshold=None).fit(sample), folder


def test_its_raw_scores_are_the_weighted_ones_of_its_members(fitted):
    sample, predictor, folder = fitted
    weights = json.loads((folder / BLEND).read_text())
    assert sum(weights.values()) == pytest.approx(1)
    expected = 0.0
    for name, weight in weights.items():
        member = load(folder / MEMBERS / name)
        rows = member._encoder.matrix(sample.columns, len(sample.target))
        expected += weight * member.model.raw(rows).reshape(len(rows), -1)
    rows = predictor._encoder.matrix(sample.columns, len(sample.target))
    np.testing.assert_allclose(predictor.model.raw(rows), expected, rtol=1e-9, atol=1e-9)


def test_a_field_is_one_reason_however_many_members_read_it(fitted):
    sample, predictor, folder = fitted
    rows = [
        {name: values.tolist()[at] for name, values in sample.columns.items()} for at in range(10)
    ]
    rows = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    check_engine(load, folder, rows)
    reasons = predictor.predict(sample.columns, reasons=9)["reasons"]
    for row in reasons:
        assert len({each.feature for each in row}) == len(row)


def test_a_member_that_is_damaged_damages_it(fitted):
    _, predictor, folder = fitted
    for member in (folder / MEMBERS).iterdir():
        assert f"{MEMBERS}/{member.name}/manifest.json" in predictor.artefact.manifest.files


def test_what_a_contract_asks_for_is_given_once_by_the_whole(samples, tmp_path):
    asked = replace(samples["binary"], interval=0.9, reasons=True)
    predictor = Ensemble(tmp_path).fit(asked)
    answer = predictor.predict(asked.columns)
    held = np.where(np.array(asked.target) == 1, answer["set_yes"], answer["set_no"])
    assert held.mean() > 0.85
    assert any(predictor.predict(asked.columns, reasons=3)["codes"])
