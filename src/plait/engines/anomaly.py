"""Artefacts that tell rows unlike the others: `anomaly.json`, and its model's arrays of numbers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns, Scalar, height
from plait.core.errors import EngineError
from plait.core.response import Reason
from plait.core.schema import Field, Schema
from plait.engines.anomaly_model import Isolation, Neighbours, RobustZ, Strangeness
from plait.engines.anomaly_tail import Tail
from plait.engines.array_file import read_array
from plait.engines.base import read_json, reading
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import Pipeline

ANOMALY = "anomaly.json"
OUTPUT = Schema(
    (
        Field(name="prediction", kind="boolean"),
        Field(name="score", kind="number", low=0.0, high=1.0),
    )
)
"""What it answers with."""


class AnomalyPredictor:
    """Tells rows unlike the others; safe to share between threads.

    Attributes:
        artefact: what it runs.
    """

    def __init__(
        self, artefact: Artefact, encoder: Encoder, model: Strangeness, tail: Tail, share: float
    ) -> None:
        """Put the parts together.

        Args:
            artefact: what it runs.
            encoder: turns rows into numbers.
            model: says how strange these are.
            tail: says how rare that is.
            share: a row is an anomaly when at most this share of usual rows is as strange.
        """
        self.artefact = artefact
        self._encoder = encoder
        self._model = model
        self._tail = tail
        self._share = share

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `plait.core.protocol.Predictor`.

        Returns:
            `prediction`, true for an anomaly; `score`, the share of usual rows that are less
            strange, so that 0.999 is one in a thousand. Reasons are the fields that make a row
            strange, the most first: how many robust deviations they are off, or what they add to
            the squared distance from the neighbours, or by how many cuts they shorten the path.
            Lists for a single row, arrays for a batch.

        Raises:
            EngineError: `engine_failed`, when columns are absent or of unequal length, or a value
                does not fit its field.
        """
        try:
            rows = height(columns)
        except ValueError as error:
            hint = "give columns of one table"
            raise EngineError("engine_failed", str(error), hint=hint) from error
        alone = rows == 1
        matrix = (
            np.array([self._encoder.row(columns)]) if alone else self._encoder.matrix(columns, rows)
        )
        share = self._tail.share(self._model.raw(matrix))
        strange = share <= self._share
        answer: dict[str, Column] = {
            "prediction": strange.tolist() if alone else strange,
            "score": (1.0 - share).tolist() if alone else 1.0 - share,
        }
        if reasons:
            answer["reasons"] = self._reasons(columns, matrix, reasons)
        return answer

    def _reasons(self, columns: Columns, matrix: Matrix, most: int) -> list[tuple[Reason, ...]]:
        together = np.maximum if self._model.peak else np.add
        parts = together.reduceat(self._model.parts(matrix), self._encoder.starts, axis=1)
        order = np.argsort(-parts, axis=1, kind="stable")[:, :most]
        fields = self._encoder.fields
        return [
            tuple(
                Reason(fields[at], _plain(columns[fields[at]][row]), part[at])
                for at in picked
                if part[at] > 0
            )
            for row, (part, picked) in enumerate(zip(parts.tolist(), order.tolist(), strict=True))
        ]


def load(artefact: Artefact) -> AnomalyPredictor:
    """Return what runs `artefact`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read.
    """
    path = artefact.folder / ANOMALY
    record: dict[str, Any] = dict(read_json(path))
    with reading(path):
        parts = {"problem": "regression", "classes": (), "encode": record["encode"]}
        encoder = Encoder(Pipeline.read(parts).encode)
        tail, share = Tail.read(record["tail"]), float(record["share"])
        model = _MODELS[record["model"]](artefact, encoder.width, record)
    return AnomalyPredictor(artefact, encoder, model, tail, share)


def _robust(artefact: Artefact, width: int, _: Mapping[str, Any]) -> RobustZ:
    return RobustZ(*_standard(artefact, width))


def _neighbours(artefact: Artefact, width: int, record: Mapping[str, Any]) -> Neighbours:
    center, scale = _standard(artefact, width)
    rows = read_array(artefact.folder / "rows.npy", (-1, width)).astype(np.float64)
    k = int(record["k"])
    if not 0 < k <= len(rows):
        raise ValueError(f"{k} neighbours of {len(rows)}")
    return Neighbours(center, scale, rows, k)


def _isolation(artefact: Artefact, width: int, record: Mapping[str, Any]) -> Isolation:
    folder = artefact.folder
    feature = read_array(folder / "feature.npy", (-1,)).astype(np.int64)
    nodes = len(feature)
    cut, length = (
        read_array(folder / f"{name}.npy", (nodes,)).astype(np.float64)
        for name in ("threshold", "length")
    )
    children = read_array(folder / "children.npy", (2 * nodes,)).astype(np.int64)
    roots = read_array(folder / "roots.npy", (-1,)).astype(np.int64)
    inside = children.min() >= 0 and children.max() < nodes and roots.max(initial=0) < nodes
    if not (inside and feature.min() >= 0 and feature.max() < width and len(roots)):
        raise ValueError("its trees lead nowhere")
    leaf = children[::2] == np.arange(nodes)
    usual = float(record["usual"])
    if usual <= 0:
        raise ValueError("its usual path is not above 0")
    threshold = np.where(leaf, np.inf, cut)
    return Isolation(
        feature, threshold, children, length, roots, int(record["depth"]), usual, width
    )


_MODELS: dict[str, Callable[[Artefact, int, Mapping[str, Any]], Strangeness]] = {
    "robust_z": _robust,
    "neighbours": _neighbours,
    "isolation": _isolation,
}


def _standard(artefact: Artefact, width: int) -> tuple[Matrix, Matrix]:
    center, scale = (
        read_array(artefact.folder / f"{name}.npy", (width,)).astype(np.float64)
        for name in ("center", "scale")
    )
    if (scale <= 0).any():
        raise ValueError("a scale is not above 0")
    return center, scale


def _plain(value: Scalar | np.generic) -> Scalar:
    """Return a value as Python's own, a missing one as None."""
    plain: Scalar = value.item() if isinstance(value, np.generic) else value
    return plain if plain == plain else None
