"""What the candidates of texts have in common: rows held out within a fit, and the export."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import OWN, Artefact, Manifest
from plait.core.protocol import Sample
from plait.engines.base import json_bytes, write_artefact
from plait.engines.pipeline import PIPELINE, Calibration, Pipeline
from plait.engines.text import text_output
from plait.evaluate.split import repeated_stratified
from plait.train.calibrate import calibrate, log_loss

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

FOLDS = 5
MANY_ROWS = 2_000
"""Beyond so many rows one fold in five is held out within a fit, not each in turn, for time."""


def texts_of(sample: Sample) -> list[str]:
    """Return the texts of a sample."""
    (field,) = sample.input.fields
    return [str(text) for text in sample.columns[field.name]]


def target_of(sample: Sample) -> Ints:
    """Return the class index of each row of a sample."""
    return np.asarray(sample.target).astype(np.int64)


def held_out(sample: Sample, score: Callable[[Ints, Ints], Floats]) -> tuple[Floats, Ints]:
    """Return raw scores of rows by models that did not see them, and the classes of these rows.

    Args:
        sample: the rows.
        score: fits on rows given by their indexes, and returns the raw scores of others.
    """
    target = target_of(sample)
    folds = min(FOLDS, len(target))
    splits = repeated_stratified(target, folds=folds, repeats=1, seed=sample.seed)
    used = splits.each if len(target) <= MANY_ROWS else splits.each[:1]
    raw = np.concatenate([score(split.train, split.test) for split in used])
    return raw, np.concatenate([target[split.test] for split in used])


def calibrated(raw: Floats, truth: Ints) -> tuple[Calibration, float]:
    """Return the calibration of scores that were held out, and the log loss under it."""
    found = calibrate(raw, truth, np.arange(len(truth)) % FOLDS)
    return found, log_loss(raw, truth, found)


def text_pipeline_of(
    sample: Sample, calibration: Calibration, threshold: float | None, abstain: float | None
) -> Pipeline:
    """Return what surrounds a model of texts."""
    return Pipeline(
        problem=sample.problem,
        classes=sample.classes,
        encode=(),
        calibrate=calibration,
        threshold=threshold,
        abstain=abstain,
    )


def export_text(
    folder: Path,
    sample: Sample,
    pipeline: Pipeline,
    *,
    engine: str,
    files: Mapping[str, bytes | Path],
    holds_rows: bool = False,
    licence: str = OWN,
) -> Artefact:
    """Write a text artefact; see `plait.train.base.export`.

    Args:
        folder: made when it does not exist.
        sample: what the model was fitted on.
        pipeline: what surrounds the model.
        engine: what runs it.
        files: the engine's own: path within the folder -> content.
        holds_rows: whether texts of the sample can be read back from the files.
        licence: of weights among the files that were not trained here.
    """
    manifest = Manifest(
        engine=engine,
        task="text",
        problem=pipeline.problem,
        input=sample.input,
        output=text_output(pipeline),
        origin=f"plait.train {version('plait')}",
        holds_rows=holds_rows,
        licence=licence,
    )
    return write_artefact(folder, manifest, {PIPELINE: json_bytes(pipeline.record()), **files})
