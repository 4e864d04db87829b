"""The tree candidate: gradient boosting by LightGBM (Ke et al. 2017)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.encode import Encoder, Matrix
from plait.engines.lightgbm import MODEL, QUANTILES
from plait.evaluate.conformal import smallest
from plait.train.bag import averaged
from plait.train.base import MANY_ROWS, export, inner_folds
from plait.train.calibrate import LEVEL
from plait.train.code import PRIOR_ROWS, ordered_codes, pipeline_of
from plait.train.portfolio import (
    FEW,
    FEW_BINS,
    LEAST_GAIN,
    MANY,
    MANY_BINS,
    MOST_ROUNDS,
    PATIENCE,
    USUAL,
    Choice,
    Fold,
    Grown,
    Settings,
    booster_of,
    choose,
    dataset,
    folds_of,
    grow,
    parameters,
)
from plait.train.quantile_boosting import raised
from plait.train.reference import reference

Floats: TypeAlias = NDArray[np.float64]

BAG = 3
"""Boosters of unlike dice whose mean answers. It gained on each of eight sets, scikit-learn's own
and made ones, where a greedy blend of unlike settings gained on some and lost on others."""


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
        folds = [] if fold is None else folds_of(sample, target, fold)
        choice = choose(folds, sample) if folds else USUAL
        scores = _bagged(folds, choice, sample)
        by = 0.0
        if sample.quantile is not None and folds:
            by = smallest(target - scores, sample.quantile)
            scores = scores + by
        self.held_out = scores if folds else None
        codes = ordered_codes(sample, np.arange(len(target)))
        encoder = Encoder(codes)
        matrix = encoder.matrix(sample.columns, len(target))
        grown = dataset(matrix, target, sample)
        text = averaged(
            [
                grow(dice, grown, choice.rounds).model_to_string()
                for dice in _dice(choice.settings, sample)
            ]
        )
        whole = booster_of(text)
        if by:
            text = raised(whole, by)
        pipeline = pipeline_of(
            sample,
            codes,
            scores,
            fold,
            band=_band(folds, choice, sample),
            threshold=self._threshold,
            reference=reference(sample, encoder, matrix, lambda rows: _shares(whole, rows)),
        )
        files = {MODEL: text.encode()}
        if pipeline.interval is not None and pipeline.interval.quantiles:
            for name, wanted in zip(QUANTILES, _quantiles(choice, sample), strict=True):
                files[name] = grow(wanted, grown, choice.rounds).model_to_string().encode()
        return export(self._folder, sample, pipeline, engine="lightgbm", files=files)


def _bagged(folds: Sequence[Fold], choice: Choice, sample: Sample) -> Floats:
    """Return the mean raw scores of each row by the boosters of the bag that did not see it.

    Of many rows the first booster stands for all: it was calibrated alike, and is there already.
    """
    others = _dice(choice.settings, sample)[1:] if len(sample.target) <= MANY_ROWS else []
    total = choice.scores.copy()
    for dice in others:
        for each in folds:
            booster = grow(dice, each.grown, choice.rounds)
            total[each.held_out] += booster.predict(each.matrix, raw_score=True, num_threads=1)
    return total / (1 + len(others))


def _dice(settings: Settings, sample: Sample) -> list[dict[str, Json]]:
    """Return the parameters of each booster of the bag; the first are those that were tried."""
    usual = parameters(settings, sample)
    return [{**usual, "seed": sample.seed + number} for number in range(BAG)]


def _band(folds: Sequence[Fold], choice: Choice, sample: Sample) -> Floats | None:
    """Return (n, 2) a low and a high quantile of each row by trees that did not see it.

    None of classes, and where the sample asks for no coverage: the usual interval is worth no
    further fits.
    """
    if sample.problem != "regression" or sample.interval is None or not folds:
        return None
    band = np.empty((len(sample.target), 2))
    for at, wanted in enumerate(_quantiles(choice, sample)):
        for each in folds:
            booster = grow(wanted, each.grown, choice.rounds)
            band[each.held_out, at] = booster.predict(each.matrix, num_threads=1)
    return band


def _quantiles(choice: Choice, sample: Sample) -> list[dict[str, Json]]:
    """Return the parameters of a low and a high quantile, free of what the answer must obey."""
    level = sample.interval or LEVEL
    free = parameters(choice.settings, replace(sample, monotone={}))
    return [
        {**free, "objective": "quantile", "alpha": alpha}
        for alpha in ((1 - level) / 2, (1 + level) / 2)
    ]


def _shares(booster: Grown, matrix: Matrix) -> Floats:
    """Return (n, fields + 1) contributions, by exact TreeSHAP."""
    return np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1))
