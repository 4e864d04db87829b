"""The isolation forest as arrays: its trees are whole, and few or equal rows are no trouble."""

import numpy as np
import pytest

from plait.train.anomaly_forest import TREES, IsolatedRows


@pytest.mark.parametrize("rows", [2, 20, 600])
def test_every_walk_ends_in_a_leaf(rows, tmp_path):
    matrix = np.random.Generator(np.random.PCG64(rows)).normal(size=(rows, 3))
    model = IsolatedRows(tmp_path).model(matrix, seed=0)
    assert len(model.roots) == TREES
    left, right = model.children[::2], model.children[1::2]
    leaf = left == np.arange(len(left))
    assert (leaf == np.isinf(model.threshold)).all()
    assert (leaf == (right == np.arange(len(right)))).all()
    assert model.depth <= 8
    scores = model.raw(matrix)
    assert ((scores > 0) & (scores < 1)).all()


def test_rows_that_are_all_equal_are_scored_alike(tmp_path):
    model = IsolatedRows(tmp_path).model(np.ones((30, 2)), seed=0)
    assert len(set(model.raw(np.array([[1.0, 1.0], [5.0, -5.0]])).tolist())) == 1
