"""The candidate of texts that reads none: what the others must beat."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load
from plait.engines.pipeline import Calibration
from plait.engines.text_linear import MODEL, WEIGHTS
from plait.train.text import export_text, target_of, text_pipeline_of


class Majority:
    """Answers the commonest level, and the share of each as its probability."""

    name = "majority"
    paradigm: Paradigm = "rule"
    complexity = 0
    needs_encoder = False

    def __init__(
        self, folder: Path, *, threshold: float | None = None, abstain: float | None = None
    ) -> None:
        self._folder = folder
        self._threshold = threshold
        self._abstain = abstain

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is: nothing but the target."""
        return {"model": "share of each class"}

    def fit(self, sample: Sample) -> Predictor:
        """Write an artefact that knows no term and return what runs it."""
        counts = np.bincount(target_of(sample), minlength=len(sample.classes))
        logs = np.log(np.maximum(counts, 0.5) / counts.sum())
        scores = [float(logs[1] - logs[0])] if sample.problem == "binary" else logs.tolist()
        files = {
            MODEL: json_bytes({"words": [], "characters": [], "idf": [], "intercept": scores}),
            WEIGHTS: array_bytes(np.zeros((0, len(scores)), dtype=np.float16)),
        }
        pipeline = text_pipeline_of(sample, Calibration(), self._threshold, self._abstain)
        export_text(self._folder, sample, pipeline, engine="text_linear", files=files)
        return load(self._folder)
