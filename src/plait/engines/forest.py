"""Artefacts whose model is a forest: the mean of trees that each give a probability or a number.

The trees are LightGBM text, so that its library runs them; what they give is put on the scale of
raw scores here. `forest.json` says how sure the forest may be.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.contract import Problem
from plait.engines.answer import Scores
from plait.engines.base import read_bytes, read_json, reading
from plait.engines.booster import Booster
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

MODEL = "model.txt"
FOREST = "forest.json"

_NEAR = 1e-9


class Forest:
    """Scores rows by the mean of trees; safe to share between threads.

    Attributes:
        n_features: width of a row.
        n_classes: scores per row.
    """

    def __init__(self, booster: Booster, problem: Problem, floor: float) -> None:
        """Put the parts together.

        Args:
            booster: its raw scores are probabilities, of the second of two classes or of each of
                more, or the number to predict.
            problem: which of these.
            floor: a probability is at least this, and of two classes at most 1 minus this.
        """
        if not 0 < floor < 0.5:
            raise ValueError(f"its floor is {floor}")
        self.n_features = booster.n_features
        self.n_classes = booster.n_classes
        self._booster = booster
        self._problem = problem
        self._floor = floor
        self._link = _LINKS[problem]

    def raw(self, matrix: Matrix) -> Scores:
        """Return log-odds (n,), logarithms of probabilities (n, k), or the numbers (n,)."""
        return self._linked(self._booster.raw(matrix))

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        return [self._link(each, self._floor) for each in self._booster.raw_row(values)]

    def contributions(self, matrix: Matrix) -> Scores:
        """Split the scores over the positions, the score of the mean row last.

        The shares in a probability are exact (TreeSHAP); those in its logarithm or log-odds are in
        the same proportion, and add up to it.

        Returns:
            (n, k, n_features + 1)
        """
        parts = self._booster.contributions(matrix)
        parts = parts.reshape(len(matrix), self.n_classes, self.n_features + 1)
        if self._problem == "regression":
            return parts
        base, total = parts[..., -1], parts.sum(axis=2)
        base_score, score = self._linked(base), self._linked(total)
        gap = total - base
        held = np.clip(base, self._floor, 1 - self._floor)
        slope = 1 / (held * (1 - held) if self._problem == "binary" else held)
        near = abs(gap) < _NEAR
        ratio = np.where(near, slope, (score - base_score) / np.where(near, 1.0, gap))
        shares = parts * ratio[..., None]
        shares[..., -1] = base_score
        found: Scores = shares
        return found

    def _linked(self, means: NDArray[np.float64]) -> Scores:
        values = (self._link(each, self._floor) for each in means.ravel().tolist())
        return np.fromiter(values, np.float64, means.size).reshape(means.shape)


def _log_odds(mean: float, floor: float) -> float:
    held = min(max(mean, floor), 1 - floor)
    return math.log(held / (1 - held))


def _log(mean: float, floor: float) -> float:
    return math.log(max(mean, floor))


def _same(mean: float, _floor: float) -> float:
    return mean


_LINKS: dict[Problem, Callable[[float, float], float]] = {
    "binary": _log_odds,
    "multiclass": _log,
    "regression": _same,
}


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the trees in `model.txt`, with `floor` of `forest.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read.
        MissingExtra: LightGBM is not installed.
    """
    folder, problem = artefact.folder, artefact.manifest.problem
    booster = Booster(read_bytes(folder / MODEL))
    with reading(folder / FOREST):
        (floor,) = read_json(folder / FOREST).values()
        forest = Forest(booster, problem or "regression", float(str(floor)))
    return TabularPredictor(artefact, forest)
