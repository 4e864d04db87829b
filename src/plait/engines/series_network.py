"""Artefacts that forecast a series by a few small residual networks of many series, run by NumPy.

Each passes the features of a step through fully connected layers whose output is added to what
they were given: the tabular residual network of Gorishniy et al. (2021), arXiv:2106.11959, without
its normalisation. What they answer is averaged.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.ids import Json
from plait.engines.array_file import array_bytes, read_weights
from plait.engines.base import json_bytes, read_json, reading
from plait.engines.network import MODEL, WEIGHTS
from plait.engines.series import SeriesPredictor, read_settings
from plait.engines.series_global import predictor_of
from plait.engines.series_lag import Matrix

Weights: TypeAlias = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the weights are of.

    Attributes:
        width: features of a step.
        members: networks.
        layers: that are added to what they are given.
        hidden: units of each.
        reach: features are cut off at this and minus this, in their usual spread.
    """

    width: int
    members: int
    layers: int
    hidden: int
    reach: float

    def __post_init__(self) -> None:
        sizes = (self.width, self.members, self.layers, self.hidden)
        if any(not isinstance(each, int) or each < 1 for each in sizes) or not self.reach > 0:
            raise ValueError("a size is no whole number from 1 on")

    @property
    def arrays(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of weights, in the order in which the file holds them."""
        sizes = [(self.width, self.hidden), *[(self.hidden, self.hidden)] * self.layers]
        found: dict[str, tuple[int, ...]] = {"shift": (self.width,), "scale": (self.width,)}
        for layer, (before, after) in enumerate([*sizes, (self.hidden, 1)]):
            found[f"weight_{layer}"] = (self.members, before, after)
            found[f"bias_{layer}"] = (self.members, 1, after)
        return found


class ResidualNetworks:
    """Says of the features of each step what is to be added; safe to share between threads.

    Attributes:
        n_features: width of a row.
    """

    def __init__(self, shape: Shape, weights: Weights) -> None:
        """Put the parts together; `weights` are those that `shape.arrays` names."""
        self.n_features = shape.width
        self._shape = shape
        self._kept = weights
        self._weights = {name: each.astype(np.float64) for name, each in weights.items()}

    def read(self, matrix: Matrix) -> Matrix:
        """Return the features as the layers see them: centred, cut off, 0 where there is none."""
        reach = self._shape.reach
        spread = (matrix - self._weights["shift"]) / self._weights["scale"]
        return np.nan_to_num(np.clip(spread, -reach, reach))

    def raw(self, matrix: Matrix) -> Matrix:
        """Return (n,) the mean of what the networks answer to n rows of features."""
        weights, last = self._weights, self._shape.layers + 1
        units = self.read(matrix) @ weights["weight_0"] + weights["bias_0"]
        for layer in range(1, last):
            inner = units @ weights[f"weight_{layer}"] + weights[f"bias_{layer}"]
            units = units + np.maximum(inner, 0)
        answers = units @ weights[f"weight_{last}"] + weights[f"bias_{last}"]
        return np.asarray(answers[..., 0].mean(axis=0))

    def files(self) -> dict[str, bytes]:
        """Return the files of an artefact that hold it."""
        flat = np.concatenate([self._kept[name].ravel() for name in self._shape.arrays])
        record: Mapping[str, Json] = asdict(self._shape)
        return {MODEL: json_bytes(record), WEIGHTS: array_bytes(flat.astype(np.float32))}


def load(artefact: Artefact) -> SeriesPredictor:
    """Return what runs `artefact`: the weights in `weights.npy`, the settings in `series.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or they do not fit each other.
    """
    settings = read_settings(artefact)
    path = artefact.folder / MODEL
    with reading(path):
        record: dict[str, Any] = dict(read_json(path))
        shape = Shape(**record)
        weights = read_weights(artefact.folder / WEIGHTS, shape.arrays)
    return predictor_of(artefact, settings, ResidualNetworks(shape, weights))
