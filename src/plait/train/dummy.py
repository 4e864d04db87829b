"""The candidate that looks at no feature: what the others must beat."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.base import json_bytes
from plait.engines.linear import MODEL, LinearModel
from plait.engines.pipeline import Calibration, Pipeline
from plait.train.base import export
from plait.train.calibrate import interval


class Dummy:
    """Answers the share of each class, the mean or the quantile, whatever the row says."""

    name = "dummy"
    paradigm: Paradigm = "rule"
    complexity = 0
    of_quantile: Mapping[str, Json] = {"model": "empirical quantile"}

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is: nothing but the target."""
        return {"model": "share of each class, or mean"}

    def fit(self, sample: Sample) -> Predictor:
        """Write an artefact of no inputs and return what runs it."""
        target = np.asarray(sample.target)
        if sample.quantile is not None:
            scores = [float(np.quantile(target, sample.quantile, method="inverted_cdf"))]
        elif sample.problem == "regression":
            scores = [float(target.mean())]
        else:
            logs = np.log(np.bincount(target.astype(np.int64)) / len(target))
            scores = [float(logs[1] - logs[0])] if sample.problem == "binary" else logs.tolist()
        regression = sample.problem == "regression"
        spread = regression and sample.quantile is None
        pipeline = Pipeline(
            problem=sample.problem,
            classes=sample.classes,
            encode=(),
            calibrate=None if regression else Calibration(),
            interval=interval(target - target.mean()) if spread else None,
            threshold=self._threshold,
        )
        model = LinearModel(coefficients=[()] * len(scores), intercept=scores, center=())
        files = {MODEL: json_bytes(model.record())}
        return export(self._folder, sample, pipeline, engine="linear", files=files)
