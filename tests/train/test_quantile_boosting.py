"""Raised trees: the same model, a constant higher."""

import lightgbm
import numpy as np
import pytest

from plait.engines.booster import Booster
from plait.train.quantile_boosting import raised

QUIET = {"objective": "quantile", "alpha": 0.9, "verbosity": -1, "num_threads": 1, "num_leaves": 4}


def grown(rows, rounds=4, **more):
    random = np.random.default_rng(0)
    matrix = random.normal(size=(rows, 2))
    target = matrix[:, 0] + random.exponential(size=rows)
    return lightgbm.train({**QUIET, **more}, lightgbm.Dataset(matrix, target), rounds), matrix


@pytest.mark.parametrize("by", [2.5, -0.75])
def test_answers_and_their_base_rise_and_shares_stay(by):
    booster, matrix = grown(200)
    before = Booster(booster.model_to_string())
    after = Booster(raised(booster, by))
    assert after.raw(matrix) == pytest.approx(before.raw(matrix) + by)
    parts = before.contributions(matrix)
    parts[:, -1] += by
    assert after.contributions(matrix) == pytest.approx(parts)
    assert (after.n_trees, after.objective) == (before.n_trees, "quantile")


def test_a_tree_that_splits_nothing_is_raised_too():
    booster, matrix = grown(60, min_data_in_leaf=50)
    before = booster.predict(matrix)
    assert len(set(before)) == 1
    assert Booster(raised(booster, 1.0)).raw(matrix) == pytest.approx(before + 1.0)
