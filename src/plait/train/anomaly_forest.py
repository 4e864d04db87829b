"""The detector that cuts at random: an isolation forest, fitted by scikit-learn, kept as arrays."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.engines.anomaly_model import Isolation
from plait.engines.encode import Matrix
from plait.train.anomaly_fit import Detector, Files

TREES = 100
ROWS = 256
"""Rows of a tree; both as in the paper (Liu, Ting and Zhou 2008)."""

_LARGEST = float(np.finfo(np.float32).max)


class IsolatedRows(Detector[Isolation]):
    """Cuts at random until rows stand alone; a row is as strange as few cuts are needed."""

    name = "isolation_forest"
    paradigm: Paradigm = "tree"
    complexity = 1
    settings: Mapping[str, Json] = {
        "model": "isolation forest",
        "trees": TREES,
        "rows of a tree": ROWS,
    }

    def model(self, matrix: Matrix, *, seed: int) -> Isolation:
        """Return a forest whose scores are scikit-learn's."""
        forest = IsolationForest(
            n_estimators=TREES, max_samples=min(ROWS, len(matrix)), random_state=seed
        )
        forest.fit(np.clip(matrix, -_LARGEST, _LARGEST))
        trees: list[_Tree] = [each.tree_ for each in forest.estimators_]
        sizes = [len(tree.feature) for tree in trees]
        roots = np.cumsum([0, *sizes[:-1]])
        lengths, depths = zip(*map(_lengths, trees), strict=True)
        return Isolation(
            feature=np.concatenate([np.maximum(tree.feature, 0) for tree in trees]),
            threshold=np.concatenate(
                [np.where(tree.children_left < 0, np.inf, tree.threshold) for tree in trees]
            ),
            children=np.concatenate(
                [_children(tree) + root for tree, root in zip(trees, roots, strict=True)]
            ),
            length=np.concatenate(lengths),
            roots=roots,
            depth=max(depths),
            usual=float(_path(np.array([min(ROWS, len(matrix))]))[0]) or 1.0,
            n_features=matrix.shape[1],
        )

    def files(self, model: Isolation) -> Files:
        """Return what is written of a model."""
        leaf = np.isinf(model.threshold)
        arrays = {
            "feature": model.feature.astype(np.int32),
            "threshold": np.where(leaf, 0.0, model.threshold),
            "children": model.children.astype(np.int32),
            "length": model.length,
            "roots": model.roots.astype(np.int32),
        }
        return {"model": "isolation", "depth": model.depth, "usual": model.usual}, arrays


class _Tree(Protocol):
    """What scikit-learn keeps of a tree: arrays with an entry per node; a leaf has no children."""

    children_left: NDArray[np.int64]
    children_right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    n_node_samples: NDArray[np.int64]


def _children(tree: _Tree) -> NDArray[np.int64]:
    """Return left and right node of each in turn; a leaf leads to itself."""
    itself = np.arange(len(tree.feature))
    pairs = [np.where(each < 0, itself, each) for each in (tree.children_left, tree.children_right)]
    return np.column_stack(pairs).ravel()


def _lengths(tree: _Tree) -> tuple[NDArray[np.float64], int]:
    """Return the path expected at each node, and the depth of the tree."""
    depth = np.zeros(len(tree.feature), dtype=np.int64)
    for node in np.flatnonzero(tree.children_left >= 0).tolist():  # a parent comes before its own
        for child in (tree.children_left[node], tree.children_right[node]):
            depth[child] = depth[node] + 1
    length = depth + _path(tree.n_node_samples)
    for node in reversed(np.flatnonzero(tree.children_left >= 0).tolist()):
        below = [tree.children_left[node], tree.children_right[node]]
        rows = tree.n_node_samples[below]
        length[node] = (length[below] * rows).sum() / rows.sum()
    return length, int(depth.max())


def _path(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean path in a tree of so many rows: that of a failed search in a binary tree."""
    many = np.maximum(rows, 3).astype(np.float64)
    found = 2.0 * (np.log(many - 1.0) + np.euler_gamma) - 2.0 * (many - 1.0) / many
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, found))
