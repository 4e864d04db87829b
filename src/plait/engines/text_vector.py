"""Artefacts that read a text by a sentence encoder, and hold the examples they were made of.

The encoder is the artefact's own `model.onnx` and `tokenizer.json`; artefacts with the same encoder
share it within a process. On its vectors stands a head: `linear`, weights per class, or
`neighbours`, where every example votes for its class with `exp(sharpness * cosine)`.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.context import Context
from plait.core.protocol import Embedder
from plait.core.response import Reason
from plait.engines.answer import Scores, level_text
from plait.engines.array_file import read_array
from plait.engines.base import damaged, read_json, reading
from plait.engines.onnx import OnnxEmbedder
from plait.engines.pipeline import Pipeline
from plait.engines.text import Reading, TextPredictor, scores_of, text_pipeline

HEAD = "head.json"
EXAMPLES = "examples.json"
VECTORS = "vectors.npy"
WEIGHTS = "weights.npy"

_SMALLEST = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Texts with their levels.

    Attributes:
        texts: n texts.
        labels: (n,) class indexes.
        names: the level of each class, as text.
        vectors: (n, width) float32, of length 1.
    """

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    vectors: NDArray[np.float32]

    def nearest(self, likeness: NDArray[np.float32], most: int) -> tuple[Reason, ...]:
        """Return at most so many examples, the nearest first.

        Args:
            likeness: (n,) cosine of each with the text.
            most: how many.
        """
        order = np.argsort(-likeness, kind="stable")[:most]
        return tuple(
            Reason(
                self.names[self.labels[at]],
                self.texts[at],
                min(1.0, float(likeness[at])),
                "example",
            )
            for at in order
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands on the vectors.

    Attributes:
        kind: `linear` or `neighbours`.
        intercept: of `linear`: one per score.
        sharpness: of `neighbours`: how much more a nearer example counts.
    """

    kind: Literal["linear", "neighbours"]
    intercept: tuple[float, ...] = ()
    sharpness: float = 0.0


class VectorModel:
    """Scores a text by its vector; safe to share between threads."""

    def __init__(
        self, embedder: Embedder, examples: Examples, head: Head, weights: NDArray[np.float64]
    ) -> None:
        """Put the parts together; `weights` are (k, width), of a linear head, else empty."""
        self.n_classes = len(head.intercept) or scores_of(examples.names)
        self._embedder = embedder
        self._examples = examples
        self._head = head
        self._weights = weights
        self._intercept = np.array(head.intercept, dtype=np.float64)

    def read(self, text: str, reasons: int) -> Reading:
        """Return the scores of a text, how near the nearest example is, and the nearest ones."""
        # Each text alone: its vector is then the same whatever it comes with.
        vector = np.asarray(self._embedder.embed([text], Context())[0], dtype=np.float32)
        likeness = self._examples.vectors @ vector
        if self._head.kind == "linear":
            raw = self._intercept + self._weights @ vector.astype(np.float64)
        else:
            raw = votes(likeness, self._examples.labels, self._head.sharpness, self._classes)
        return Reading(
            raw,
            closeness=float(np.clip(likeness.max(), 0.0, 1.0)),
            reasons=self._examples.nearest(likeness, reasons) if reasons else (),
        )

    @property
    def _classes(self) -> int:
        return len(self._examples.names)


def votes(
    likeness: NDArray[np.float32], labels: NDArray[np.int64], sharpness: float, classes: int
) -> Scores:
    """Return the logarithm of each class's votes; of two classes their log-odds.

    Args:
        likeness: (n,) cosine of each example with the text.
        labels: (n,) class of each example.
        sharpness: an example that is nearer by 1 / sharpness counts e times as much.
        classes: how many.
    """
    powers = np.exp(sharpness * (likeness.astype(np.float64) - float(likeness.max())))
    logs = np.log(np.maximum(np.bincount(labels, powers, classes), _SMALLEST))
    found: Scores = np.array([logs[1] - logs[0]]) if classes == 2 else logs
    return found


def load(artefact: Artefact, *, embedder: Embedder | None = None) -> TextPredictor:
    """Return what runs `artefact`.

    Args:
        artefact: what to run.
        embedder: runs the same encoder already, and remembers; None loads the artefact's own.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or does not fit the others.
        MissingExtra: ONNX Runtime or tokenizers is not installed.
    """
    pipeline = text_pipeline(artefact)
    if embedder is None:
        embedder = OnnxEmbedder(artefact)
    head = _read_head(artefact)
    examples = _read_examples(artefact, pipeline)
    weights: NDArray[np.float64] = np.zeros((0, 0))
    if head.kind == "linear":
        shape = (len(head.intercept), examples.vectors.shape[1])
        weights = read_array(artefact.folder / WEIGHTS, shape).astype(np.float64)
    return TextPredictor(artefact, VectorModel(embedder, examples, head, weights), pipeline)


def _read_head(artefact: Artefact) -> Head:
    path = artefact.folder / HEAD
    with reading(path):
        record: dict[str, Any] = dict(read_json(path))
        return Head(**{**record, "intercept": tuple(map(float, record["intercept"]))})


def _read_examples(artefact: Artefact, pipeline: Pipeline) -> Examples:
    path = artefact.folder / EXAMPLES
    with reading(path):
        record: dict[str, Any] = dict(read_json(path))
        texts = tuple(map(str, record["texts"]))
        labels = np.array(record["labels"], dtype=np.int64)
    inside = len(texts) and labels.shape == (len(texts),) and labels.min() >= 0
    if not inside or labels.max() >= len(pipeline.classes):
        raise damaged(path, "it has not one level of the pipeline per text")
    vectors = read_array(artefact.folder / VECTORS, (len(texts), -1)).astype(np.float32)
    return Examples(texts, labels, tuple(map(level_text, pipeline.classes)), vectors)
