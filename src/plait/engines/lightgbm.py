"""Artefacts whose model is a LightGBM booster."""

from plait.core.artefact import Artefact
from plait.core.contract import Problem
from plait.core.errors import EngineError
from plait.engines.base import read_bytes
from plait.engines.booster import Booster
from plait.engines.predictor import TabularPredictor

MODEL = "model.txt"

# The losses whose raw score is what a pipeline reads: log-odds, log-probabilities, the target.
_LOSSES: dict[Problem, frozenset[str]] = {
    "binary": frozenset({"binary"}),
    "multiclass": frozenset({"multiclass"}),
    "regression": frozenset(
        {"regression", "regression_l1", "huber", "fair", "quantile", "mape"},
    ),
}


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the text in `model.txt`, as LightGBM's `save_model` writes it.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read; `artefact_format`, when the
            model was trained with a loss whose scores mean something else.
        MissingExtra: LightGBM is not installed.
    """
    path = artefact.folder / MODEL
    booster = Booster(read_bytes(path))
    problem = artefact.manifest.problem
    losses = _LOSSES[problem] if problem else frozenset[str]()
    if booster.objective not in losses:
        raise EngineError(
            "artefact_format",
            f"a {problem} artefact cannot hold a model with the objective {booster.objective!r}",
            where=str(path),
            hint=f"train with one of: {', '.join(sorted(losses))}",
        )
    return TabularPredictor(artefact, booster)
