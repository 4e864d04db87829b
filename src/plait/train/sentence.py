"""The candidates of texts that read by a frozen sentence encoder: linear, and by neighbours."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes
from plait.engines.pipeline import Calibration
from plait.engines.text_vector import EXAMPLES, HEAD, VECTORS, WEIGHTS, load, votes
from plait.train.encoder import Encoder, Vectors
from plait.train.head import Floats, Ints, fit_logistic
from plait.train.text import (
    calibrated,
    export_text,
    held_out,
    target_of,
    text_pipeline_of,
    texts_of,
)

STRENGTHS = (3.0, 30.0)
"""Of the logistic regression: how much the rows count against the penalty."""

SHARPNESS = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Of the votes of neighbours."""

MOST_LEFT_OUT = 2_000
"""The sharpness is chosen on at most so many rows, each by all the others."""

_BLOCK = 256


class Sentence:
    """What all have in common: the encoder, and the examples that stand in the artefact."""

    needs_encoder = True

    def __init__(
        self,
        folder: Path,
        *,
        encoder: Encoder,
        threshold: float | None = None,
        abstain: float | None = None,
    ) -> None:
        self._folder = folder
        self._encoder = encoder
        self._threshold = threshold
        self._abstain = abstain

    def export(
        self,
        sample: Sample,
        vectors: Vectors,
        calibration: Calibration,
        head: Mapping[str, Json],
        files: Mapping[str, bytes],
        *,
        encoder: Encoder | None = None,
    ) -> Predictor:
        """Write the artefact and return what runs it, with the encoder's memory.

        Args:
            sample: what the model was fitted on.
            vectors: of its texts.
            calibration: of the raw scores.
            head: what stands on the vectors.
            files: of the head.
            encoder: what gave the vectors; None is that of the race.
        """
        encoder = encoder or self._encoder
        examples: dict[str, Json] = {
            "texts": texts_of(sample),
            "labels": target_of(sample).tolist(),
        }
        artefact = export_text(
            self._folder,
            sample,
            text_pipeline_of(sample, calibration, self._threshold, self._abstain),
            engine="text_vector",
            files={
                **encoder.files(),
                HEAD: json_bytes(dict(head)),
                EXAMPLES: json_bytes(examples),
                VECTORS: array_bytes(vectors.astype(np.float16)),
                **files,
            },
            holds_rows=True,
            licence=encoder.licence,
        )
        return load(artefact, embedder=encoder)


class MinilmLinear(Sentence):
    """A logistic regression of the encoder's vectors."""

    name = "minilm_linear"
    paradigm: Paradigm = "linear"
    complexity = 3

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "logistic regression of a frozen encoder's vectors",
            "encoder": self._encoder.record(),
            "strengths": STRENGTHS,
            "chosen by": "log loss of rows held out, calibrated",
            "examples": "float16",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the strength on rows held out, fit on all, write the artefact."""
        vectors = self._encoder.matrix(texts_of(sample))
        target, classes = target_of(sample), len(sample.classes)

        def score(strength: float, train: Ints, test: Ints) -> Floats:
            fitted = fit_logistic(vectors[train], target[train], classes, strength)
            return fitted.raw(vectors[test])

        found = []
        for strength in STRENGTHS:
            calibration, loss = calibrated(*held_out(sample, partial(score, strength)))
            found.append((loss, strength, calibration))
        _, strength, calibration = min(found, key=lambda each: each[0])
        weights = fit_logistic(vectors, target, classes, strength)
        head: dict[str, Json] = {"kind": "linear", "intercept": weights.intercept.tolist()}
        files = {WEIGHTS: array_bytes(weights.coefficients.astype(np.float32))}
        return self.export(sample, vectors, calibration, head, files)


class MinilmNeighbours(Sentence):
    """Every example votes for its level, the nearer the more."""

    name = "minilm_neighbours"
    paradigm: Paradigm = "neighbour"
    complexity = 2

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "votes of the examples, exp(sharpness * cosine) each",
            "encoder": self._encoder.record(),
            "sharpness": SHARPNESS,
            "chosen by": f"log loss of at most {MOST_LEFT_OUT} rows left out, calibrated",
            "examples": "float16",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the sharpness by leaving rows out one at a time, write the artefact."""
        vectors = self._encoder.matrix(texts_of(sample))
        target, classes = target_of(sample), len(sample.classes)
        rows = np.unique(
            np.linspace(0, len(target) - 1, min(len(target), MOST_LEFT_OUT)).astype(np.int64)
        )
        found = []
        for sharpness, raw in _left_out(vectors, target, rows, classes).items():
            calibration, loss = calibrated(raw, target[rows])
            found.append((loss, sharpness, calibration))
        _, sharpness, calibration = min(found, key=lambda each: each[0])
        head: dict[str, Json] = {"kind": "neighbours", "intercept": [], "sharpness": sharpness}
        return self.export(sample, vectors, calibration, head, {})


def _left_out(vectors: Vectors, target: Ints, rows: Ints, classes: int) -> dict[float, Floats]:
    """Return, for each sharpness, the raw scores of some rows by the votes of all others."""
    scores: dict[float, list[Floats]] = {sharpness: [] for sharpness in SHARPNESS}
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        for row, likeness in zip(block, vectors[block] @ vectors.T, strict=True):
            likeness[row] = -np.inf
            for sharpness, found in scores.items():
                found.append(votes(likeness, target, sharpness, classes))
    return {
        sharpness: np.array(found)[:, 0] if classes == 2 else np.array(found)
        for sharpness, found in scores.items()
    }
