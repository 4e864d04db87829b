"""Artefacts that hold rows and answer by the nearest of them: `holds_rows` is true of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.array_file import read_array
from plait.engines.base import damaged, read_json, reading
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

MODEL = "model.json"
ROWS = "rows.npy"
TARGET = "target.npy"

_FARTHEST = 0.9
"""The last of the nearest rows counts for 1 minus this, one at no distance for 1."""

_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How the nearest rows make an answer.

    Attributes:
        nearest: how many rows have a say.
        scale: (width,) what each position is multiplied by before rows are compared.
        reach: positions are cut off at this and minus this before that.
        rates: the share of each class among all rows, which counts as one more row; empty for a
            regression.
    """

    nearest: int
    scale: tuple[float, ...]
    reach: float
    rates: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.nearest < 1 or not self.reach > 0:
            raise ValueError("it counts no row, or looks at no number")
        if len(self.rates) == 1 or not all(rate > 0 for rate in self.rates):
            raise ValueError("a class has no share of the rows")

    def place(self, matrix: Matrix) -> NDArray[np.float32]:
        """Return where rows stand: (n, width)."""
        cut = np.clip(matrix, -self.reach, self.reach) * np.array(self.scale)
        place: NDArray[np.float32] = cut.astype(np.float32)
        return place

    def scores(self, squares: NDArray[np.float32], target: NDArray[np.float64]) -> Scores:
        """Return the raw scores of n rows.

        Args:
            squares: (n, nearest) squared distances of the nearest rows, ascending.
            target: (n, nearest) their classes or numbers.

        Returns:
            (n, 1), or (n, k) for three classes or more.
        """
        far = np.maximum(squares[:, -1:].astype(np.float64), _TINY)
        weight = 1.0 - _FARTHEST * squares / far
        if not self.rates:
            mean: Scores = (weight * target).sum(axis=1) / weight.sum(axis=1)
            return mean[:, None]
        votes = [(weight * (target == at)).sum(axis=1) + rate for at, rate in enumerate(self.rates)]
        logs: Scores = np.log(np.column_stack(votes))
        return logs[:, 1:] - logs[:, :1] if len(votes) == 2 else logs

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Vote":
        """Return what `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts: dict[str, Any] = dict(record)
        for name in ("scale", "rates"):
            parts[name] = tuple(map(float, parts[name]))
        return cls(**parts)


class Neighbours:
    """Scores a row by the nearest of those it holds; safe to share between threads.

    It gives no reasons: no part of a score is one field's.

    Attributes:
        n_features: width of a row.
        n_classes: scores per row.
    """

    def __init__(self, vote: Vote, rows: NDArray[np.float32], target: NDArray[np.float64]) -> None:
        """Put the parts together.

        Args:
            vote: how they make an answer.
            rows: (m, width) where the rows it holds stand.
            target: (m,) their classes or numbers.
        """
        self.n_features = len(vote.scale)
        self.n_classes = len(vote.rates) if len(vote.rates) > 2 else 1
        self._vote = vote
        self._rows = np.ascontiguousarray(rows)
        self._norms = (rows * rows).sum(axis=1)
        self._target = target

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        # One by one: a product of matrices rounds otherwise than one of a matrix and a row.
        scores = np.empty((len(matrix), self.n_classes))
        for at, place in enumerate(self._vote.place(matrix)):
            scores[at] = self._score(place)
        return scores

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        (place,) = self._vote.place(np.array([values]))
        found: list[float] = self._score(place).tolist()
        return found

    def contributions(self, matrix: Matrix) -> Scores:
        """Return (n, n_classes, n_features + 1): the score as a whole, last, and nothing before."""
        shares = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        shares[:, :, -1] = self.raw(matrix)
        return shares

    def _score(self, place: NDArray[np.float32]) -> Scores:
        squares = np.maximum(self._norms - 2 * (self._rows @ place) + place @ place, 0)
        near = np.argpartition(squares, self._vote.nearest - 1)[: self._vote.nearest]
        near = near[np.argsort(squares[near], kind="stable")]
        score: Scores = self._vote.scores(squares[None, near], self._target[None, near])[0]
        return score


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: `model.json`, and the rows in `rows.npy` and `target.npy`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the others.
    """
    path = artefact.folder / MODEL
    with reading(path):
        vote = Vote.read(read_json(path))
    target = read_array(artefact.folder / TARGET, (-1,)).astype(np.float64)
    rows = read_array(artefact.folder / ROWS, (len(target), len(vote.scale))).astype(np.float32)
    if len(target) < vote.nearest:
        raise damaged(path, f"it counts {vote.nearest} rows, and there are {len(target)}")
    return TabularPredictor(artefact, Neighbours(vote, rows, target))
