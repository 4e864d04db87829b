from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from plait.engines.booster import Booster
from plait.train.extra_trees import ExtraTrees, _as_wide, forest_text


@pytest.fixture(scope="module")
def numbers():
    """Numbers of many sizes, some missing, some on a grid so that they meet thresholds."""
    dice = np.random.Generator(np.random.PCG64(3))
    matrix = np.column_stack(
        [dice.normal(size=500), 1e6 * dice.random(500), dice.integers(0, 5, 500), dice.random(500)]
    )
    matrix[dice.random(500) < 0.2, 0] = np.nan
    return matrix


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_text_says_what_scikit_learn_does(samples, numbers, problem):
    target = np.nan_to_num(numbers[:, 0]) + numbers[:, 2]
    if problem == "regression":
        forest = ExtraTreesRegressor(20, random_state=1).fit(numbers, target)
        expected = forest.predict(numbers)
    else:
        classes = np.digitize(target, [2.0] if problem == "binary" else [1.0, 3.0])
        forest = ExtraTreesClassifier(20, random_state=1).fit(numbers, classes)
        expected = forest.predict_proba(numbers)
        expected = expected[:, 1] if problem == "binary" else expected
    booster = Booster(forest_text(forest, 4, samples[problem]))
    np.testing.assert_allclose(booster.raw(numbers), expected, atol=1e-9)
    thresholds = np.concatenate([each.tree_.threshold for each in forest.estimators_])
    beside = np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf), thresholds
    edges = np.tile(np.concatenate(beside)[:, None], 4)
    oracle = forest.predict if problem == "regression" else forest.predict_proba
    expected = oracle(edges)
    expected = expected[:, 1] if problem == "binary" else expected
    np.testing.assert_allclose(booster.raw(edges), expected, atol=1e-9)


def test_a_tree_that_cuts_nothing_is_a_leaf(samples, numbers):
    forest = ExtraTreesRegressor(3, random_state=1).fit(numbers, np.full(500, 2.5))
    booster = Booster(forest_text(forest, 4, samples["regression"]))
    assert booster.raw(numbers) == pytest.approx(2.5)


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_a_number_is_compared_as_if_it_were_rounded(number, threshold):
    (wide,) = _as_wide(np.array([threshold]))
    for each in (number, threshold, wide, np.nextafter(wide, np.inf)):
        assert (each <= wide) == (np.float64(np.float32(each)) <= threshold)


def test_numbers_beyond_32_bits_are_learned_from(samples, tmp_path):
    sample = samples["regression"]
    huge = np.array(sample.columns["income"]) * 1e300
    columns = {**sample.columns, "income": huge}
    answer = ExtraTrees(tmp_path).fit(replace(sample, columns=columns)).predict(columns)
    assert np.isfinite(answer["prediction"]).all()
