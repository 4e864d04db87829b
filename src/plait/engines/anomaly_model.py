"""Models of strangeness: how unlike the training rows a row is, and by which positions.

Every formula is applied to each row alike, alone and among others, so both get the same numbers.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plait.engines.encode import Matrix

_CHUNK_CELLS = 1 << 18
"""Rows are scored so many numbers at a time: they stay in the processor's cache."""


class Strangeness(Protocol):
    """Scores rows of numbers without NaN; safe to share between threads."""

    @property
    def n_features(self) -> int:
        """Width of a row."""
        ...

    @property
    def peak(self) -> bool:
        """Whether a field counts by the largest of its positions, not by their sum."""
        ...

    def raw(self, matrix: Matrix) -> Matrix:
        """Return (n,) scores, higher for stranger: (n, n_features) -> (n,)."""
        ...

    def parts(self, matrix: Matrix) -> Matrix:
        """Return (n, n_features): what each position did for the score."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RobustZ:
    """The largest distance of a position from its middle, in robust standard deviations.

    Attributes:
        center: (n_features,) medians.
        scale: (n_features,) above 0.
    """

    center: Matrix
    scale: Matrix
    peak = True

    @property
    def n_features(self) -> int:
        """Width of a row."""
        return len(self.center)

    def raw(self, matrix: Matrix) -> Matrix:
        """Return the largest of `parts`."""
        found: Matrix = self.parts(matrix).max(axis=1, initial=0.0)
        return found

    def parts(self, matrix: Matrix) -> Matrix:
        """Return how many deviations each position is off."""
        found: Matrix = np.abs(matrix - self.center) / self.scale
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The root mean squared distance to the k nearest of the rows it keeps.

    Ramaswamy, Rastogi and Shim (2000), SIGMOD, with the mean of Angiulli and Pizzuti (2002), PKDD.

    Attributes:
        center: (n_features,) subtracted first.
        scale: (n_features,) divided by then, above 0.
        rows: (m, n_features) kept, so prepared.
        k: how many neighbours, at most m.
    """

    center: Matrix
    scale: Matrix
    rows: Matrix
    k: int
    peak = False

    @property
    def n_features(self) -> int:
        """Width of a row."""
        return len(self.center)

    def raw(self, matrix: Matrix) -> Matrix:
        """Return the distances."""
        prepared = (matrix - self.center) / self.scale
        found = np.empty(len(matrix))
        columns = np.ascontiguousarray(self.rows.T)
        with np.errstate(over="ignore", invalid="ignore"):
            for at, row in enumerate(prepared):
                apart = columns - row[:, None]
                squared = (apart * apart).sum(axis=0)
                nearest = np.sort(np.partition(squared, self.k - 1)[: self.k])
                found[at] = np.sqrt(nearest.mean())
        return found

    def parts(self, matrix: Matrix) -> Matrix:
        """Return the mean squared distance along each position; the sum is the score squared."""
        prepared = (matrix - self.center) / self.scale
        found = np.empty(matrix.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            for at, row in enumerate(prepared):
                squared = (self.rows - row) ** 2
                near = np.argpartition(squared.sum(axis=1), self.k - 1)[: self.k]
                found[at] = squared[near].mean(axis=0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Isolation:
    """How few random cuts set a row apart: an isolation forest (Liu, Ting and Zhou 2008, ICDM).

    All trees lie in one array of nodes. A leaf leads to itself, so every walk is `depth` steps.

    Attributes:
        feature: (nodes,) position that a node looks at.
        threshold: (nodes,) a row goes left up to it, right beyond; infinite at a leaf.
        children: (2 * nodes,) left and right node of each in turn.
        length: (nodes,) path that is expected of a row at this node: the mean over training rows
            below it, of a leaf its depth and what a tree of its rows would add.
        roots: (trees,) first node of each.
        depth: longest walk.
        usual: path expected of a row, by which scores are put on one scale.
        n_features: width of a row.
    """

    feature: NDArray[np.int64]
    threshold: Matrix
    children: NDArray[np.int64]
    length: Matrix
    roots: NDArray[np.int64]
    depth: int
    usual: float
    n_features: int
    peak = False

    def raw(self, matrix: Matrix) -> Matrix:
        """Return 2 ** -(mean path / usual path), of (0, 1)."""
        found = np.empty(len(matrix))
        step = max(1, _CHUNK_CELLS // len(self.roots))
        narrow = _narrow(matrix)
        for start in range(0, len(matrix), step):
            nodes = self._leaves(narrow[start : start + step])
            found[start : start + step] = self.length[nodes].mean(axis=1)
        scores: Matrix = 2.0 ** (-found / self.usual)
        return scores

    def parts(self, matrix: Matrix) -> Matrix:
        """Return by how much each position shortened the mean path, against that of the roots.

        They add up to the difference between the two, cut by cut (Saabas 2014 for trees).
        """
        found = np.zeros((len(matrix), self.n_features))
        narrow = _narrow(matrix)
        every = np.arange(len(matrix))[:, None]
        node = np.broadcast_to(self.roots, (len(matrix), len(self.roots)))
        for _ in range(self.depth):
            after = self._step(narrow, every, node)
            shorter = self.length[node] - self.length[after]
            np.add.at(found, (np.broadcast_to(every, node.shape), self.feature[node]), shorter)
            node = after
        parts: Matrix = found / len(self.roots)
        return parts

    def _leaves(self, narrow: Matrix) -> NDArray[np.int64]:
        """Return (n, trees) leaves."""
        every = np.arange(len(narrow))[:, None]
        node = np.broadcast_to(self.roots, (len(narrow), len(self.roots)))
        for _ in range(self.depth):
            node = self._step(narrow, every, node)
        return node

    def _step(
        self, narrow: Matrix, every: NDArray[np.int64], node: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        right = narrow[every, self.feature[node]] > self.threshold[node]
        after: NDArray[np.int64] = self.children[2 * node + right]
        return after


def _narrow(matrix: Matrix) -> Matrix:
    """Return the numbers as scikit-learn compares them: rounded to 32 bits."""
    with np.errstate(over="ignore"):
        return matrix.astype(np.float32).astype(np.float64)
