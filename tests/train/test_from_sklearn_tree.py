import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from plait.engines.booster import Booster
from plait.train.from_sklearn_tree import (
    Tree,
    as_wide,
    booster_text,
    categorical_features,
    forest_text,
    rewired,
)


def grown(**changes):
    """Return `x0 <= 0.5 ? 1 : 2`, missing left."""
    parts = {
        "left": np.array([1, -1, -1]),
        "right": np.array([2, -1, -1]),
        "position": np.array([0, 0, 0]),
        "threshold": np.array([0.5, 0.0, 0.0]),
        "missing_left": np.array([True, False, False]),
        "rows": np.array([10, 6, 4]),
        "value": np.array([0.0, 1.0, 2.0]),
    }
    return Tree(**(parts | changes))


def test_a_tree_asks_and_adds():
    text = booster_text([grown(), grown()], width=2, scores=1, objective="regression")
    rows = np.array([[0.5, 9.0], [0.6, 9.0], [np.nan, 9.0]])
    assert Booster(text).raw(rows).tolist() == [2.0, 4.0, 2.0]


def test_a_set_sends_its_numbers_left_and_all_else_right():
    tree = grown(sets={0: [1, 40]})
    rows = np.array([[0.0], [1.0], [40.0], [41.0], [-1.0], [np.nan]])
    text = booster_text([tree], width=1, scores=1, objective="regression")
    assert Booster(text).raw(rows).tolist() == [2.0, 1.0, 1.0, 2.0, 2.0, 2.0]


def test_a_tree_may_be_one_leaf():
    leaf = grown(**{
        name: np.array([value])
        for name, value in {
            "left": -1, "right": -1, "position": 0, "threshold": 0.0, "missing_left": False,
            "rows": 3, "value": 7.5,
        }.items()
    })  # fmt: skip
    text = booster_text([leaf, grown()], width=1, scores=1, objective="regression")
    assert Booster(text).raw(np.array([[1.0]])).tolist() == [9.5]


@pytest.fixture(scope="module")
def boosted():
    dice = np.random.Generator(np.random.PCG64(5))
    matrix = dice.normal(size=(200, 3))
    matrix[:, 1] = dice.integers(0, 6, 200)
    target = (matrix[:, 0] + (matrix[:, 1] == 2) - matrix[:, 2] > 0).astype(int)
    told = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
    data = lightgbm.Dataset(matrix, target, categorical_feature=[1])
    return lightgbm.train(told, data, 8), matrix


def test_a_rewired_model_finds_its_features_elsewhere(boosted):
    model, matrix = boosted
    text = model.model_to_string()
    assert categorical_features(text) == [1]
    wide = np.full((200, 5), 77.0)
    wide[:, [4, 0, 2]] = matrix
    moved = Booster(rewired(text, [4, 0, 2], width=5))
    assert moved.raw(wide).tolist() == Booster(text).raw(matrix).tolist()
    assert moved.n_features == 5


def test_no_categories_are_found_where_there_are_none():
    assert categorical_features("tree\n") == []
    assert categorical_features("\n[categorical_feature: ]\n") == []


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
def test_a_forest_says_what_scikit_learn_does(numbers, problem):
    target = np.nan_to_num(numbers[:, 0]) + numbers[:, 2]
    if problem == "regression":
        forest = ExtraTreesRegressor(20, random_state=1).fit(numbers, target)
        expected = forest.predict(numbers)
    else:
        classes = np.digitize(target, [2.0] if problem == "binary" else [1.0, 3.0])
        forest = ExtraTreesClassifier(20, random_state=1).fit(numbers, classes)
        expected = forest.predict_proba(numbers)
        expected = expected[:, 1] if problem == "binary" else expected
    scores = 3 if problem == "multiclass" else 1
    booster = Booster(forest_text(forest.estimators_, range(4), width=4, scores=scores))
    np.testing.assert_allclose(booster.raw(numbers), expected, atol=1e-9)
    thresholds = np.concatenate([each.tree_.threshold for each in forest.estimators_])
    beside = np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf), thresholds
    edges = np.tile(np.concatenate(beside)[:, None], 4)
    oracle = forest.predict if problem == "regression" else forest.predict_proba
    expected = oracle(edges)
    expected = expected[:, 1] if problem == "binary" else expected
    np.testing.assert_allclose(booster.raw(edges), expected, atol=1e-9)


def test_a_tree_that_cuts_nothing_is_a_leaf(numbers):
    forest = ExtraTreesRegressor(3, random_state=1).fit(numbers, np.full(500, 2.5))
    booster = Booster(forest_text(forest.estimators_, range(4), width=4, scores=1))
    assert booster.raw(numbers) == pytest.approx(2.5)


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_a_number_is_compared_as_if_it_were_rounded(number, threshold):
    (wide,) = as_wide(np.array([threshold]))
    for each in (number, threshold, wide, np.nextafter(wide, np.inf)):
        assert (each <= wide) == (np.float64(np.float32(each)) <= threshold)
