"""Settings of boosted trees, and the choice among them by rows held out within a sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Problem
from plait.core.errors import MissingExtra
from plait.core.ids import Json
from plait.core.protocol import Sample
from plait.engines.booster import OPENMP
from plait.engines.encode import Encoder, Matrix
from plait.evaluate.monotone import monotone_signs
from plait.train.base import MANY_ROWS
from plait.train.code import ordered_codes

try:
    import lightgbm
except OSError as error:  # its wheel is there, and the system's OpenMP is not
    raise MissingExtra("missing_extra", f"LightGBM does not load: {error}", hint=OPENMP) from error

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Settings: TypeAlias = Mapping[str, int | float | bool]
Grown: TypeAlias = lightgbm.Booster

FEW: Sequence[Settings] = (
    {"num_leaves": 6, "learning_rate": 0.1, "feature_fraction": 0.5, "lambda_l2": 5.0},
    {"num_leaves": 15, "learning_rate": 0.1, "feature_fraction": 0.7, "lambda_l2": 1.0},
    {
        "num_leaves": 8,
        "learning_rate": 0.05,
        "feature_fraction": 0.5,
        "extra_trees": True,
        "min_data_in_leaf": 10,
    },
)
"""The portfolio of up to 10,000 rows.

Twelve settings, judged alike or by successive halving, took longer and did no better, as
bench/tune.py shows.
"""

MANY: Sequence[Settings] = (
    {"num_leaves": 8, "learning_rate": 0.15, "feature_fraction": 0.5, "lambda_l2": 5.0},
    {"num_leaves": 15, "learning_rate": 0.1, "feature_fraction": 0.7, "lambda_l2": 1.0},
    {
        "num_leaves": 31,
        "learning_rate": 0.1,
        "feature_fraction": 0.5,
        "lambda_l2": 5.0,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
    },
    {
        "num_leaves": 63,
        "learning_rate": 0.1,
        "feature_fraction": 0.6,
        "lambda_l2": 5.0,
        "min_data_in_leaf": 50,
    },
)
"""The portfolio beyond; one inner fold chooses among it, all of them say when to stop."""

MOST_ROUNDS = 1_000
PATIENCE, LEAST_GAIN = (20, 30), (1e-3, 1e-4)
"""A smaller share of the first loss in as many rounds is no gain: to 10,000 rows, and beyond."""

USUAL_ROUNDS = 50
FEW_BINS, MANY_BINS = 63, 255

_FIXED: Mapping[str, int | bool] = {
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "feature_pre_filter": False,
    "verbosity": -1,
}
_OBJECTIVES: Mapping[Problem, str] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "regression": "regression",
}


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One fold within a sample: rows to grow trees on, and rows held out to judge them."""

    held_out: NDArray[np.bool_]
    matrix: Matrix
    judged: lightgbm.Dataset
    grown: lightgbm.Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Settings, rounds, their loss on rows held out, and the raw scores these rows got."""

    settings: Settings
    rounds: int
    loss: float
    scores: Floats


USUAL = Choice(FEW[0], USUAL_ROUNDS, np.inf, np.empty(0))


def folds_of(sample: Sample, target: Floats, fold: Ints) -> list[Fold]:
    """Return the folds within a sample.

    Args:
        sample: of a training fold; no row to be tested on is in it.
        target: (n,) of its rows.
        fold: (n,) of `plait.train.base.inner_folds`.
    """
    return [_fold(sample, target, fold == number) for number in np.unique(fold)]


def choose(folds: Sequence[Fold], sample: Sample) -> Choice:
    """Return the settings of the portfolio that do best on rows held out.

    Args:
        folds: of `folds_of`, at least one.
        sample: that they are of; how many rows it has says which portfolio.
    """
    many = len(sample.target) > MANY_ROWS
    judges = folds[:1] if many else folds
    tried = [attempt(judges, settings, sample) for settings in (MANY if many else FEW)]
    best = min(tried, key=lambda choice: choice.loss)
    return attempt(folds, best.settings, sample) if many else best


def _fold(sample: Sample, target: Floats, held_out: NDArray[np.bool_]) -> Fold:
    """Encode by what the other rows say, so that the rows held out stay unseen."""
    codes = ordered_codes(sample, np.flatnonzero(~held_out))
    matrix = Encoder(codes).matrix(sample.columns, len(target))
    grown = dataset(matrix[~held_out], target[~held_out], sample)
    judged = dataset(matrix[held_out], target[held_out], sample, grown)
    return Fold(held_out, matrix[held_out], judged, grown)


def attempt(folds: Sequence[Fold], settings: Settings, sample: Sample) -> Choice:
    """Grow one booster per fold in step, until their mean loss has not fallen for a while.

    Args:
        folds: of `folds_of`, at least one.
        settings: of a portfolio.
        sample: that the folds are of.
    """
    boosters = []
    for each in folds:
        booster = lightgbm.Booster(parameters(settings, sample), each.grown)
        boosters.append(booster.add_valid(each.judged, "held out"))
    many = len(sample.target) > MANY_ROWS
    first, least, rounds = 0.0, np.inf, 0
    for number in range(1, MOST_ROUNDS + 1):
        for booster in boosters:
            booster.update()
        loss = float(np.mean([booster.eval_valid()[0][2] for booster in boosters]))
        first = first or loss
        if loss < least - LEAST_GAIN[many] * first:
            least, rounds = loss, number
        elif number - rounds >= PATIENCE[many]:
            break
    shape = (len(sample.classes),) if sample.problem == "multiclass" else ()
    scores = np.empty((len(sample.target), *shape))
    for booster, each in zip(boosters, folds, strict=True):
        scores[each.held_out] = booster.predict(
            each.matrix, num_iteration=rounds, raw_score=True, num_threads=1
        )
    return Choice(settings, rounds, least, scores)


def grow(parameters: dict[str, Json], dataset: lightgbm.Dataset, rounds: int) -> Grown:
    """Return a booster of so many rounds."""
    booster = lightgbm.Booster(parameters, dataset)
    for _ in range(rounds):
        booster.update()
    return booster


def booster_of(text: str) -> Grown:
    """Return the booster that LightGBM wrote down so."""
    return lightgbm.Booster(model_str=text)


def parameters(settings: Settings, sample: Sample) -> dict[str, Json]:
    """Return all that LightGBM is told: settings, loss, and what the sample asks for."""
    classes = {"num_class": len(sample.classes)} if sample.problem == "multiclass" else {}
    own: dict[str, Json] = {"seed": sample.seed, "objective": _OBJECTIVES[sample.problem]}
    if sample.quantile is not None:
        own |= {"objective": "quantile", "alpha": sample.quantile}
    return {**_FIXED, **settings, **classes, **own, **_constraints(sample)}


def _constraints(sample: Sample) -> dict[str, Json]:
    """Return what makes the trees monotone; each field has one position in the matrix.

    LightGBM has no monotone trees of quantiles; there the sweep of the race tells. Of its methods
    only `basic` keeps what it says where values are missing: in 100 fits on synthetic rows
    `advanced` broke it in 85 and `intermediate` in 2, and their log loss was no better.
    """
    signs = monotone_signs(sample.monotone, sample.input, sample.problem)
    if not signs or sample.quantile is not None:
        return {}
    return {
        "monotone_constraints": [signs.get(name, 0) for name in sample.input.names],
        "monotone_constraints_method": "basic",
    }


def dataset(
    matrix: Matrix, target: Floats, sample: Sample, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    """Return rows of a sample as LightGBM wants them, in the bins of `reference` if it is given."""
    bins = {"max_bin": FEW_BINS if len(sample.target) <= MANY_ROWS else MANY_BINS}
    return lightgbm.Dataset(matrix, target, reference=reference, params={**_FIXED, **bins})
