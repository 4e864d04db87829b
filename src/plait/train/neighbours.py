"""The neighbour candidate: a row is answered by the rows most like it (Cover and Hart 1967)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.neighbours import MODEL, ROWS, TARGET, Vote
from plait.train.base import export, inner_folds
from plait.train.calibrate import loss_of
from plait.train.code import pipeline_of, standard_codes

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

NEAREST = (5, 15, 50, 150)
MOST_ROWS = 20_000
REACH = 5.0
"""Standard deviations: beyond, a number is as far as it can be."""

_BLOCK = 256


class NearestRows:
    """Numbers standardised, categories one-hot; positions may count by their correlation."""

    name = "neighbours"
    paradigm: Paradigm = "neighbour"
    complexity = 3

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "nearest rows",
            "nearest": NEAREST,
            "most rows": MOST_ROWS,
            "reach": REACH,
            "scales": ["standard deviation", "correlation with the target"],
            "chosen by": "log loss or squared error in inner folds",
            "calibration": "where it helps in inner folds",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose scale and number of neighbours in folds within the sample, write the artefact."""
        sample = _thinned(sample)
        target = np.asarray(sample.target, dtype=np.float64)
        codes = standard_codes(sample)
        matrix = Encoder(codes).matrix(sample.columns, len(target))
        fold = inner_folds(sample)
        choice = _Choice(1, weighted=False, loss=np.inf, scores=np.zeros(0))
        if fold is not None:
            choice = min(
                (_best(sample, matrix, fold, weighted=each) for each in (False, True)),
                key=lambda each: each.loss,
            )
        vote = _vote(sample, matrix, target, choice.nearest, weighted=choice.weighted)
        files = {
            MODEL: json_bytes(vote.record()),
            ROWS: array_bytes(vote.place(matrix)),
            TARGET: array_bytes(target),
        }
        pipeline = pipeline_of(sample, codes, choice.scores, fold, threshold=self._threshold)
        return export(
            self._folder, sample, pipeline, engine="neighbours", files=files, holds_rows=True
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """How many rows, whether positions are weighted, and what that came to on rows held out."""

    nearest: int
    weighted: bool
    loss: float
    scores: Floats


def _thinned(sample: Sample) -> Sample:
    """Return at most so many rows of a sample, drawn by its seed."""
    rows = len(sample.target)
    if rows <= MOST_ROWS:
        return sample
    dice = np.random.Generator(np.random.PCG64(sample.seed))
    kept = np.sort(dice.choice(rows, MOST_ROWS, replace=False))
    return replace(
        sample,
        columns={name: np.asarray(values)[kept] for name, values in sample.columns.items()},
        target=np.asarray(sample.target)[kept].tolist(),
        groups=np.asarray(sample.groups)[kept].tolist() if len(sample.groups) else [],
    )


def _vote(sample: Sample, matrix: Matrix, target: Floats, nearest: int, *, weighted: bool) -> Vote:
    """Return how these rows answer others."""
    rates: tuple[float, ...] = ()
    if sample.problem != "regression":
        counts = np.bincount(target.astype(np.int64), minlength=len(sample.classes)) + 0.5
        rates = tuple((counts / counts.sum()).tolist())
    scale = _correlation(matrix, target, len(rates)) if weighted else np.ones(matrix.shape[1])
    return Vote(nearest=nearest, scale=tuple(scale.tolist()), reach=REACH, rates=rates)


def _correlation(matrix: Matrix, target: Floats, classes: int) -> Floats:
    """Return how much each position has to do with the target, the strongest with 1."""
    cut = np.clip(matrix, -REACH, REACH)
    truth = np.eye(classes)[target.astype(np.int64)] if classes else target[:, None]
    truth, cut = truth - truth.mean(axis=0), cut - cut.mean(axis=0)
    spread = np.outer(np.sqrt((cut**2).sum(axis=0)), np.sqrt((truth**2).sum(axis=0)))
    shares = np.abs(cut.T @ truth) / np.maximum(spread, 1e-12)
    most: Floats = shares.max(axis=1)
    return most / max(float(most.max(initial=0.0)), 1e-12)


def _best(sample: Sample, matrix: Matrix, fold: Ints, *, weighted: bool) -> _Choice:
    """Return the number of neighbours that does best on rows held out."""
    target = np.asarray(sample.target, dtype=np.float64)
    least = min(int((fold != number).sum()) for number in np.unique(fold))
    tried = [each for each in NEAREST if each <= least] or [1]
    width = len(sample.classes) if sample.problem == "multiclass" else 1
    scores = np.empty((len(tried), len(target), width))
    for number in np.unique(fold):
        out = fold == number
        base, truth = matrix[~out], target[~out]
        vote = _vote(sample, base, truth, tried[-1], weighted=weighted)
        squares, near = _nearest(vote.place(base), vote.place(matrix[out]), tried[-1])
        for at, nearest in enumerate(tried):
            voted = vote.scores(squares[:, :nearest], truth[near[:, :nearest]])
            scores[at, out] = voted
    flat = scores if width > 1 else scores[:, :, 0]
    losses = [loss_of(each, target, sample.problem) for each in flat]
    best = int(np.argmin(losses))
    return _Choice(tried[best], weighted, losses[best], flat[best])


def _nearest(
    rows: NDArray[np.float32], asked: NDArray[np.float32], most: int
) -> tuple[NDArray[np.float32], Ints]:
    """Return squared distances of the nearest rows to each asked one, ascending, and which."""
    norms = (rows * rows).sum(axis=1)
    squares = np.empty((len(asked), most), dtype=np.float32)
    near = np.empty((len(asked), most), dtype=np.int64)
    for start in range(0, len(asked), _BLOCK):
        part = asked[start : start + _BLOCK]
        every = norms - 2 * (part @ rows.T) + (part * part).sum(axis=1)[:, None]
        picked = np.argpartition(every, most - 1, axis=1)[:, :most]
        found = np.maximum(np.take_along_axis(every, picked, axis=1), 0)
        order = np.argsort(found, axis=1, kind="stable")
        squares[start : start + _BLOCK] = np.take_along_axis(found, order, axis=1)
        near[start : start + _BLOCK] = np.take_along_axis(picked, order, axis=1)
    return squares, near
