"""Artefacts whose model is a LightGBM booster, or three: the answer and two quantiles."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plait.core.artefact import Artefact
from plait.core.contract import Problem
from plait.core.errors import EngineError
from plait.engines.answer import Scores
from plait.engines.base import damaged, read_bytes
from plait.engines.booster import Booster
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

MODEL = "model.txt"
QUANTILES = ("lower.txt", "upper.txt")
"""Boosters of a low and a high quantile, in the artefact of a regression that has them."""

# The losses whose raw score is what a pipeline reads: log-odds, log-probabilities, the target.
_LOSSES: dict[Problem, frozenset[str]] = {
    "binary": frozenset({"binary"}),
    "multiclass": frozenset({"multiclass"}),
    "regression": frozenset(
        {"regression", "regression_l1", "huber", "fair", "quantile", "mape"},
    ),
}


def losses_of(problem: Problem) -> frozenset[str]:
    """Return LightGBM's names of the losses that an artefact of the problem may have."""
    return _LOSSES[problem]


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the text in `model.txt`, as LightGBM's `save_model` writes it.

    A regression may have two more beside it, `lower.txt` and `upper.txt`, trained for quantiles.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read; `artefact_format`, when the
            model was trained with a loss whose scores mean something else.
        MissingExtra: LightGBM is not installed.
    """
    problem = artefact.manifest.problem
    losses = _LOSSES[problem] if problem else frozenset[str]()
    booster = _booster(artefact.folder / MODEL, f"a {problem} artefact", losses)
    if QUANTILES[0] not in artefact.manifest.files:
        return TabularPredictor(artefact, booster)
    quantile = frozenset({"quantile"})
    lower, upper = (_booster(artefact.folder / name, "a quantile", quantile) for name in QUANTILES)
    widths = {booster.n_features, lower.n_features, upper.n_features}
    if len(widths) > 1:
        raise damaged(artefact.folder / QUANTILES[0], "its boosters read rows of unlike widths")
    return TabularPredictor(artefact, _Banded(booster, lower, upper))


class _Banded:
    """A booster with one of a low and one of a high quantile: three scores per row."""

    n_classes = 3

    def __init__(self, middle: Booster, lower: Booster, upper: Booster) -> None:
        self._boosters = middle, lower, upper
        self.n_features = middle.n_features

    def raw(self, matrix: Matrix) -> Scores:
        return np.column_stack([booster.raw(matrix) for booster in self._boosters])

    def raw_row(self, values: Sequence[float]) -> list[float]:
        return [score for booster in self._boosters for score in booster.raw_row(values)]

    def contributions(self, matrix: Matrix) -> Scores:
        """Split the answer alone: (n, 3, n_features + 1), zeros for the quantiles."""
        parts = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        parts[:, 0] = self._boosters[0].contributions(matrix)
        return parts


def _booster(path: Path, what: str, losses: frozenset[str]) -> Booster:
    booster = Booster(read_bytes(path))
    if booster.objective not in losses:
        raise EngineError(
            "artefact_format",
            f"{what} cannot hold a model with the objective {booster.objective!r}",
            where=str(path),
            hint=f"train with one of: {', '.join(sorted(losses))}",
        )
    return booster
