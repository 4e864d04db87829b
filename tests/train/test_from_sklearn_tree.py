import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.engines.booster import Booster
from plait.train.from_sklearn_tree import (
    Tree,
    as_wide,
    booster_text,
    categorical_features,
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


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_a_number_is_compared_as_if_it_were_rounded(number, threshold):
    (wide,) = as_wide(np.array([threshold]))
    for each in (number, threshold, wide, np.nextafter(wide, np.inf)):
        assert (each <= wide) == (np.float64(np.float32(each)) <= threshold)
