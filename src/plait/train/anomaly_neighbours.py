"""The detector that finds rows far from all others: the distance to the nearest ones."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.anomaly_model import Neighbours
from plait.engines.encode import Matrix
from plait.train.anomaly_fit import Files, export_anomaly

NEIGHBOURS = 10
MOST_ROWS = 2_000
"""Rows kept, drawn at random: as many more would double the time of an answer."""


class NeighbourDistance:
    """Keeps rows; a row is as strange as it is far from the ten nearest of them."""

    name = "neighbour_distance"
    paradigm: Paradigm = "neighbour"
    complexity = 2

    def __init__(
        self,
        folder: Path,
        *,
        threshold: float | None = None,
        share: float = 0.01,
        held_out: bool = True,
    ) -> None:
        """Return a candidate; see `plait.train.anomaly_robust.RobustDistance`."""
        del threshold
        self._folder = folder
        self._share = share
        self._held_out = held_out

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "root mean squared distance to the nearest rows",
            "neighbours": NEIGHBOURS,
            "rows": MOST_ROWS,
            "scale": "standard deviation; 1 of flags",
            "share": self._share,
        }

    def fit(self, sample: Sample) -> Predictor:
        """Keep rows, write the artefact."""
        fit = partial(_fit, seed=sample.seed)
        return export_anomaly(
            self._folder,
            sample,
            fit,
            _files,
            share=self._share,
            held_out=self._held_out,
            holds_rows=True,
        )


def _fit(matrix: Matrix, *, seed: int) -> Neighbours:
    rows = matrix
    if len(matrix) > MOST_ROWS:
        random = np.random.Generator(np.random.PCG64(seed))
        rows = matrix[np.sort(random.choice(len(matrix), MOST_ROWS, replace=False))]
    flags = ((matrix == 0) | (matrix == 1)).all(axis=0)
    center, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale = np.where(flags | (scale <= 0), 1.0, scale)
    return Neighbours(center, scale, (rows - center) / scale, min(NEIGHBOURS, len(rows)))


def _files(model: Neighbours) -> Files:
    arrays = {"center": model.center, "scale": model.scale, "rows": model.rows}
    return {"model": "neighbours", "k": model.k}, arrays
