"""What the detectors of strange rows share: how columns become numbers, and how rare a score is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Manifest
from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.anomaly import ANOMALY, OUTPUT
from plait.engines.anomaly_model import Strangeness
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import Pipeline
from plait.evaluate.anomaly import fit_tail
from plait.evaluate.split import repeated_stratified
from plait.train.code import standard_codes

MOST_CALIBRATED = 5_000
"""Rows that say how rare a score is: beyond these the alarm share is known to 3 % of itself."""

FOLDS = 5
MAD = 1.4826
"""The standard deviation of a normal distribution in median absolute deviations."""

M = TypeVar("M", bound=Strangeness)
Files: TypeAlias = tuple[Mapping[str, Json], Mapping[str, NDArray[np.generic]]]
"""What is written of a model: parts of `anomaly.json`, and arrays by name."""


class Detector(ABC, Generic[M]):
    """A candidate of strange rows; a subclass says how its model is fitted and written.

    Attributes:
        settings: what makes a fit what it is, but for the share.
        holds_rows: whether rows can be read back from the arrays.
    """

    name: str
    paradigm: Paradigm
    complexity: int
    settings: Mapping[str, Json]
    holds_rows = False

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        share: float = 0.01,
        held_out: bool = True,
    ) -> None:
        """Return a candidate.

        Args:
            folder: where its fit writes the artefact.
            threshold: not looked at; there are no probabilities.
            share: of usual rows that may be taken for anomalies.
            held_out: whether rows it did not see say how rare a score is; without it the order of
                the scores is the same, and the fit is six times as quick.
        """
        del threshold
        self._folder = folder
        self._share = share
        self._held_out = held_out

    @abstractmethod
    def model(self, matrix: Matrix, *, seed: int) -> M:
        """Return the model fitted on (n, width) numbers."""

    @abstractmethod
    def files(self, model: M) -> Files:
        """Return what is written of a model."""

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {**self.settings, "share": self._share}

    def fit(self, sample: Sample) -> Predictor:
        """Fit, find how rare each score is, write the artefact and return what runs it.

        A missing number is the median, with a flag where any is missing: that it is missing may be
        what is strange.
        """
        codes = standard_codes(sample, scaled=False)
        rows = len(next(iter(sample.columns.values())))  # its target says nothing here
        matrix = Encoder(codes).matrix(sample.columns, rows)
        fit = partial(self.model, seed=sample.seed)
        model = fit(matrix)
        parts, arrays = self.files(model)
        raw = _held_out(matrix, fit, sample.seed) if self._held_out else model.raw(matrix)
        encode = Pipeline(problem="regression", classes=(), encode=codes).record()["encode"]
        tail = fit_tail(raw).record()
        record = {"encode": encode, "tail": tail, "share": self._share, **parts}
        manifest = Manifest(
            engine="anomaly",
            task="tabular",
            input=sample.input,
            output=OUTPUT,
            origin=f"plait.train {version('plait')}",
            holds_rows=self.holds_rows,
        )
        contents = {f"{name}.npy": array_bytes(array) for name, array in arrays.items()}
        write_artefact(self._folder, manifest, {ANOMALY: json_bytes(record), **contents})
        return load(self._folder)


def centers(matrix: Matrix) -> Matrix:
    """Return (width,) medians, or means of positions that are 0 or 1."""
    return np.where(flags(matrix), matrix.mean(axis=0), np.median(matrix, axis=0))


def robust_scales(matrix: Matrix) -> Matrix:
    """Return (width,) median absolute deviations as standard deviations; these where that is 0."""
    spread = MAD * np.median(np.abs(matrix - np.median(matrix, axis=0)), axis=0)
    usual = matrix.std(axis=0)
    found = np.where(flags(matrix) | (spread <= 0), usual, spread)
    return np.where(found > 0, found, 1.0)


def _held_out(
    matrix: Matrix, fit: Callable[[Matrix], Strangeness], seed: int
) -> NDArray[np.float64]:
    """Return strangeness of at most 5,000 rows, each by a model that did not see it."""
    rows = np.arange(len(matrix))
    if len(rows) > MOST_CALIBRATED:
        random = np.random.Generator(np.random.PCG64(seed))
        rows = np.sort(random.choice(rows, MOST_CALIBRATED, replace=False))
    chosen = matrix[rows]
    found = np.empty(len(rows))
    folds = min(FOLDS, len(rows))
    none = np.zeros(len(rows), dtype=np.int64)
    for split in repeated_stratified(none, folds=folds, repeats=1, seed=seed):
        found[split.test] = fit(chosen[split.train]).raw(chosen[split.test])
    return found


def flags(matrix: Matrix) -> NDArray[np.bool_]:
    """Return (width,) whether a position is 0 or 1 in every row."""
    found: NDArray[np.bool_] = ((matrix == 0) | (matrix == 1)).all(axis=0)
    return found
