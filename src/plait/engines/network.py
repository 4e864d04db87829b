"""Artefacts whose model is a TabM network (arXiv:2410.24210), run by NumPy one row at a time.

Numbers are embedded piecewise linearly (arXiv:2203.05556); the row that comes of it is scaled in k
ways, each of which passes the same layers and a head of its own, and the k answers are averaged.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.contract import Problem
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.array_file import read_weights
from plait.engines.base import read_json, reading
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = Mapping[str, Floats]

MODEL = "network.json"
WEIGHTS = "weights.npy"

_LEAST = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the weights are of.

    Attributes:
        width: positions of a row.
        numbers: positions that are embedded; the others pass as they are.
        bins: pieces of each number's line.
        embedding: numbers that one number becomes.
        members: k, how many answers are averaged.
        hidden: units of each layer that the members share.
        layers: how many of these.
        outputs: numbers per answer: 1 for a regression and for two classes, else the classes.
        reach: positions are cut off at this and minus this.
        shift: of a regression, what is added to the answer.
        scale: of a regression, what it is multiplied by before.
    """

    width: int
    numbers: tuple[int, ...]
    bins: int
    embedding: int
    members: int
    hidden: int
    layers: int
    outputs: int
    reach: float
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if sorted(set(self.numbers)) != list(self.numbers):
            raise ValueError("its numbers are not in order")
        if self.numbers and not 0 <= self.numbers[0] <= self.numbers[-1] < self.width:
            raise ValueError("a number is at a position that is not there")
        sizes = self.bins, self.embedding, self.members, self.hidden, self.layers, self.outputs
        if min(sizes) < 1 or not self.reach > 0:
            raise ValueError("a size is below 1")

    @property
    def rest(self) -> list[int]:
        """Positions that are not embedded."""
        embedded = set(self.numbers)
        return [at for at in range(self.width) if at not in embedded]

    @property
    def arrays(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array of weights, in the order in which the file holds them."""
        numbers, inner = len(self.numbers), len(self.rest) + len(self.numbers) * self.embedding
        found: dict[str, tuple[int, ...]] = {
            "start": (numbers, self.bins),
            "length": (numbers, self.bins),
            "slope": (numbers, self.embedding),
            "offset": (numbers, self.embedding),
            "piece": (numbers, self.bins, self.embedding),
            "member": (self.members, inner),
        }
        for layer in range(self.layers):
            found[f"weight_{layer}"] = (self.hidden if layer else inner, self.hidden)
            found[f"bias_{layer}"] = (self.hidden,)
        found["head"] = (self.members, self.hidden, self.outputs)
        found["head_bias"] = (self.members, self.outputs)
        return found

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Shape":
        """Return what `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts: dict[str, Any] = dict(record)
        parts["numbers"] = tuple(map(int, parts["numbers"]))
        return cls(**parts)


class Network:
    """Scores a row by the network; safe to share between threads.

    It gives no reasons: no part of a score is one field's.

    Attributes:
        n_features: width of a row.
        n_classes: scores per row.
    """

    def __init__(self, shape: Shape, weights: Weights, problem: Problem) -> None:
        """Put the parts together; `weights` are those that `shape.arrays` names."""
        self.n_features = shape.width
        self.n_classes = shape.outputs
        self._shape = shape
        self._weights = weights
        self._problem = problem
        self._numbers = np.array(shape.numbers, dtype=np.intp)
        self._rest = np.array(shape.rest, dtype=np.intp)

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        # One by one: products of larger matrices round otherwise.
        rows = [self.raw_row(row) for row in matrix.tolist()]
        return np.array(rows, dtype=np.float64).reshape(len(matrix), self.n_classes)

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        answers = self._answers(np.array(values)).astype(np.float64)
        if self._problem == "regression":
            mean = float(answers.mean())
            return [self._shape.shift + self._shape.scale * mean]
        if self._problem == "binary":
            power = np.exp(-abs(answers[:, 0]))
            chance = float(np.where(answers[:, 0] >= 0, 1.0, power).dot(1 / (1 + power)))
            chance = min(max(chance / len(answers), _LEAST), 1 - _LEAST)
            return [math.log(chance / (1 - chance))]
        powers = np.exp(answers - answers.max(axis=1, keepdims=True))
        chances = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
        found: list[float] = np.log(np.maximum(chances, _LEAST)).tolist()
        return found

    def contributions(self, matrix: Matrix) -> Scores:
        """Return (n, n_classes, n_features + 1): the score as a whole, last, and nothing before."""
        shares = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        shares[:, :, -1] = self.raw(matrix)
        return shares

    def _answers(self, values: NDArray[np.float64]) -> Floats:
        """Return what each member answers: (members, outputs)."""
        weights, reach = self._weights, self._shape.reach
        row = np.clip(values, -reach, reach).astype(np.float32)
        number = row[self._numbers][:, None]
        pieces = np.clip((number - weights["start"]) / weights["length"], 0, 1)
        embedded = number * weights["slope"] + weights["offset"]
        embedded = embedded + (pieces[:, None, :] @ weights["piece"])[:, 0, :]
        inner = np.concatenate([embedded.ravel(), row[self._rest]])
        units = inner * weights["member"]
        for layer in range(self._shape.layers):
            units = np.maximum(units @ weights[f"weight_{layer}"] + weights[f"bias_{layer}"], 0)
        answers: Floats = (units[:, None, :] @ weights["head"])[:, 0, :] + weights["head_bias"]
        return answers


def flat(shape: Shape, weights: Weights) -> Floats:
    """Return all weights as the one row of numbers that `weights.npy` holds."""
    return np.concatenate([weights[name].ravel() for name in shape.arrays]).astype(np.float32)


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the weights in `weights.npy`, of the shape in `network.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the other.
    """
    path = artefact.folder / MODEL
    with reading(path):
        shape = Shape.read(read_json(path))
        weights = read_weights(artefact.folder / WEIGHTS, shape.arrays)
    problem = artefact.manifest.problem or "regression"
    return TabularPredictor(artefact, Network(shape, weights, problem))
