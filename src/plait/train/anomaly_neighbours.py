"""The detector that finds rows far from all others: the distance to the nearest ones."""

from collections.abc import Mapping

import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.engines.anomaly_model import Neighbours
from plait.engines.encode import Matrix
from plait.train.anomaly_fit import Detector, Files, flags

NEIGHBOURS = 10
MOST_ROWS = 2_000
"""Rows kept, drawn at random: as many more would double the time of an answer."""


class NeighbourDistance(Detector[Neighbours]):
    """Keeps rows; a row is as strange as it is far from the ten nearest of them."""

    name = "neighbour_distance"
    paradigm: Paradigm = "neighbour"
    complexity = 2
    settings: Mapping[str, Json] = {
        "model": "root mean squared distance to the nearest rows",
        "neighbours": NEIGHBOURS,
        "rows": MOST_ROWS,
        "scale": "standard deviation; 1 of flags",
    }
    holds_rows = True

    def model(self, matrix: Matrix, *, seed: int) -> Neighbours:
        """Keep rows, drawn where there are too many."""
        rows = matrix
        if len(matrix) > MOST_ROWS:
            random = np.random.Generator(np.random.PCG64(seed))
            rows = matrix[np.sort(random.choice(len(matrix), MOST_ROWS, replace=False))]
        center, scale = matrix.mean(axis=0), matrix.std(axis=0)
        scale = np.where(flags(matrix) | (scale <= 0), 1.0, scale)
        return Neighbours(center, scale, (rows - center) / scale, min(NEIGHBOURS, len(rows)))

    def files(self, model: Neighbours) -> Files:
        """Return what is written of a model."""
        arrays = {"center": model.center, "scale": model.scale, "rows": model.rows}
        return {"model": "neighbours", "k": model.k}, arrays
