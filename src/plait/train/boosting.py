"""The tree candidate: gradient boosting by LightGBM (Ke et al. 2017)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm, Problem
from plait.core.errors import MissingExtra
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.booster import OPENMP
from plait.engines.encode import Encoder, Matrix
from plait.engines.lightgbm import MODEL, QUANTILES
from plait.evaluate.conformal import smallest
from plait.evaluate.monotone import monotone_signs
from plait.train.bag import averaged
from plait.train.base import MANY_ROWS, export, inner_folds
from plait.train.calibrate import LEVEL
from plait.train.code import PRIOR_ROWS, ordered_codes, pipeline_of
from plait.train.quantile_boosting import raised
from plait.train.reference import reference

try:
    import lightgbm
except OSError as error:  # its wheel is there, and the system's OpenMP is not
    raise MissingExtra("missing_extra", f"LightGBM does not load: {error}", hint=OPENMP) from error

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Settings: TypeAlias = Mapping[str, int | float | bool]

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
"""The portfolio of up to 10,000 rows."""

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

BAG = 3
"""Boosters of unlike dice whose mean answers. It gained on each of eight sets, scikit-learn's own
and made ones, where a greedy blend of unlike settings gained on some and lost on others."""

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


class Boosting:
    """A small portfolio of settings, the best of it by rows held out; missing stays missing.

    Attributes:
        held_out: after a fit, the raw scores of its rows by models that did not see them.
    """

    name = "lightgbm"
    paradigm: Paradigm = "tree"
    complexity = 2
    of_quantile: Mapping[str, Json] = {
        "model": "gradient boosted trees of the pinball loss",
        "chosen by": "pinball loss in inner folds, of many rows in one of them",
        "raised": "until the quantile of the rows held out in inner folds lies below",
    }

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self.held_out: Floats | None = None
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "gradient boosted trees",
            "portfolio to 10,000 rows": FEW,
            "portfolio beyond": MANY,
            "bins": [FEW_BINS, MANY_BINS],
            "boosters": BAG,
            "most rounds": MOST_ROUNDS,
            "patience": PATIENCE,
            "least gain": LEAST_GAIN,
            "chosen by": "log loss or squared error in inner folds, of many rows in one of them",
            "calibration": "sigmoid, isotonic, temperature, offsets: where it helps in inner folds",
            "interval": "residuals, or quantiles where they score better in inner folds",
            "prior rows of a level": PRIOR_ROWS,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose settings and rounds in folds within the sample, fit on all, write the artefact."""
        target = np.asarray(sample.target)
        fold = inner_folds(sample)
        folds = [] if fold is None else _folds(sample, target, fold)
        choice = _choose(folds, sample) if folds else _USUAL
        scores = _bagged(folds, choice, sample)
        by = 0.0
        if sample.quantile is not None and folds:
            by = smallest(target - scores, sample.quantile)
            scores = scores + by
        self.held_out = scores if folds else None
        codes = ordered_codes(sample, np.arange(len(target)))
        encoder = Encoder(codes)
        matrix = encoder.matrix(sample.columns, len(target))
        grown = _dataset(matrix, target, sample)
        text = averaged(
            [
                _grow(dice, grown, choice.rounds).model_to_string()
                for dice in _dice(choice.settings, sample)
            ]
        )
        whole = lightgbm.Booster(model_str=text)
        if by:
            text = raised(whole, by)
        pipeline = pipeline_of(
            sample,
            codes,
            scores,
            fold,
            band=_band(folds, choice, sample),
            threshold=self._threshold,
            reference=reference(sample, encoder, matrix, partial(_split, whole)),
        )
        files = {MODEL: text.encode()}
        if pipeline.interval is not None and pipeline.interval.quantiles:
            for name, wanted in zip(QUANTILES, _quantiles(choice, sample), strict=True):
                files[name] = _grow(wanted, grown, choice.rounds).model_to_string().encode()
        return export(self._folder, sample, pipeline, engine="lightgbm", files=files)


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """One fold within a sample: rows to grow trees on, and rows held out to judge them."""

    held_out: NDArray[np.bool_]
    matrix: Matrix
    judged: lightgbm.Dataset
    grown: lightgbm.Dataset


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """Settings, rounds, their loss on rows held out, and the raw scores these rows got."""

    settings: Settings
    rounds: int
    loss: float
    scores: Floats


_USUAL = _Choice(FEW[0], USUAL_ROUNDS, np.inf, np.empty(0))


def _folds(sample: Sample, target: Floats, fold: Ints) -> list[_Fold]:
    return [_fold(sample, target, fold == number) for number in np.unique(fold)]


def _choose(folds: Sequence[_Fold], sample: Sample) -> _Choice:
    """Return the settings of the portfolio that do best on rows held out."""
    many = len(sample.target) > MANY_ROWS
    judges = folds[:1] if many else folds
    tried = [_try(judges, settings, sample) for settings in (MANY if many else FEW)]
    best = min(tried, key=lambda choice: choice.loss)
    return _try(folds, best.settings, sample) if many else best


def _fold(sample: Sample, target: Floats, held_out: NDArray[np.bool_]) -> _Fold:
    """Encode by what the other rows say, so that the rows held out stay unseen."""
    codes = ordered_codes(sample, np.flatnonzero(~held_out))
    matrix = Encoder(codes).matrix(sample.columns, len(target))
    grown = _dataset(matrix[~held_out], target[~held_out], sample)
    judged = _dataset(matrix[held_out], target[held_out], sample, grown)
    return _Fold(held_out, matrix[held_out], judged, grown)


def _try(folds: Sequence[_Fold], settings: Settings, sample: Sample) -> _Choice:
    """Grow one booster per fold in step, until their mean loss has not fallen for a while."""
    boosters = []
    for each in folds:
        booster = lightgbm.Booster(_parameters(settings, sample), each.grown)
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
    return _Choice(settings, rounds, least, scores)


def _bagged(folds: Sequence[_Fold], choice: _Choice, sample: Sample) -> Floats:
    """Return the mean raw scores of each row by the boosters of the bag that did not see it.

    Of many rows the first booster stands for all: it was calibrated alike, and is there already.
    """
    others = _dice(choice.settings, sample)[1:] if len(sample.target) <= MANY_ROWS else []
    total = choice.scores.copy()
    for dice in others:
        for each in folds:
            booster = _grow(dice, each.grown, choice.rounds)
            total[each.held_out] += booster.predict(each.matrix, raw_score=True, num_threads=1)
    return total / (1 + len(others))


def _dice(settings: Settings, sample: Sample) -> list[dict[str, Json]]:
    """Return the parameters of each booster of the bag; the first are those that were tried."""
    usual = _parameters(settings, sample)
    return [{**usual, "seed": sample.seed + number} for number in range(BAG)]


def _band(folds: Sequence[_Fold], choice: _Choice, sample: Sample) -> Floats | None:
    """Return (n, 2) a low and a high quantile of each row by trees that did not see it.

    None of classes, and where the sample asks for no coverage: the usual interval is worth no
    further fits.
    """
    if sample.problem != "regression" or sample.interval is None or not folds:
        return None
    band = np.empty((len(sample.target), 2))
    for at, wanted in enumerate(_quantiles(choice, sample)):
        for each in folds:
            booster = _grow(wanted, each.grown, choice.rounds)
            band[each.held_out, at] = booster.predict(each.matrix, num_threads=1)
    return band


def _quantiles(choice: _Choice, sample: Sample) -> list[dict[str, Json]]:
    """Return the parameters of a low and a high quantile, free of what the answer must obey."""
    level = sample.interval or LEVEL
    free = _parameters(choice.settings, replace(sample, monotone={}))
    return [
        {**free, "objective": "quantile", "alpha": alpha}
        for alpha in ((1 - level) / 2, (1 + level) / 2)
    ]


def _split(booster: lightgbm.Booster, matrix: Matrix) -> Floats:
    """Return (n, fields + 1) contributions, by exact TreeSHAP."""
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1))


def _grow(parameters: dict[str, Json], dataset: lightgbm.Dataset, rounds: int) -> lightgbm.Booster:
    booster = lightgbm.Booster(parameters, dataset)
    for _ in range(rounds):
        booster.update()
    return booster


def _parameters(settings: Settings, sample: Sample) -> dict[str, Json]:
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


def _dataset(
    matrix: Matrix, target: Floats, sample: Sample, reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    """Return rows of a sample as LightGBM wants them, in the bins of `reference` if it is given."""
    bins = {"max_bin": FEW_BINS if len(sample.target) <= MANY_ROWS else MANY_BINS}
    return lightgbm.Dataset(matrix, target, reference=reference, params={**_FIXED, **bins})
