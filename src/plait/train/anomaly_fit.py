"""What the detectors of strange rows share: how columns become numbers, and how rare a score is."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Manifest
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.core.schema import Field
from plait.engines.anomaly import ANOMALY, OUTPUT
from plait.engines.anomaly_model import Strangeness
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import Code, NumberCode, OneHotCode, Pipeline
from plait.evaluate.anomaly import fit_tail
from plait.evaluate.split import repeated_stratified

MOST_CALIBRATED = 5_000
"""Rows that say how rare a score is: beyond these the alarm share is known to 3 % of itself."""

FOLDS = 5
LEVEL_ROWS = 5
"""A level in fewer rows is treated as unknown."""

MAD = 1.4826
"""The standard deviation of a normal distribution in median absolute deviations."""


M = TypeVar("M", bound=Strangeness)
Files: TypeAlias = tuple[Mapping[str, Json], Mapping[str, NDArray[np.generic]]]
"""What is written of a model: parts of `anomaly.json`, and arrays by name."""


def codes_of(sample: Sample) -> tuple[Code, ...]:
    """Return how the columns of a sample become numbers without gaps.

    A missing number is the median, with a flag where any is missing: that it is missing may be what
    is strange. A category is one position per level, unknown and missing ones together.
    """
    return tuple(
        _code(field, np.asarray(sample.columns[field.name])) for field in sample.input.fields
    )


def rows_of(sample: Sample) -> int:
    """Return how many rows a sample has; its target says nothing here."""
    return len(next(iter(sample.columns.values())))


def centers(matrix: Matrix) -> Matrix:
    """Return (width,) medians, or means of positions that are 0 or 1."""
    return np.where(_flags(matrix), matrix.mean(axis=0), np.median(matrix, axis=0))


def robust_scales(matrix: Matrix) -> Matrix:
    """Return (width,) median absolute deviations as standard deviations; these where that is 0."""
    spread = MAD * np.median(np.abs(matrix - np.median(matrix, axis=0)), axis=0)
    usual = matrix.std(axis=0)
    found = np.where(_flags(matrix) | (spread <= 0), usual, spread)
    return np.where(found > 0, found, 1.0)


def export_anomaly(
    folder: Path,
    sample: Sample,
    fit: Callable[[Matrix], M],
    files: Callable[[M], Files],
    *,
    share: float,
    held_out: bool = True,
    holds_rows: bool = False,
) -> Predictor:
    """Fit, find how rare each score is, write the artefact and return what runs it.

    Args:
        folder: made when it does not exist.
        sample: the rows.
        fit: fits the model on (n, width) numbers.
        files: says what is written of it.
        share: of usual rows that may be taken for anomalies.
        held_out: whether rows that the model did not see say how rare a score is.
        holds_rows: whether rows can be read back from the arrays.
    """
    codes = codes_of(sample)
    matrix = Encoder(codes).matrix(sample.columns, rows_of(sample))
    model = fit(matrix)
    parts, arrays = files(model)
    tail = fit_tail(_held_out(matrix, fit, sample.seed) if held_out else model.raw(matrix))
    encode = Pipeline(problem="regression", classes=(), encode=codes).record()["encode"]
    record = {"encode": encode, "tail": tail.record(), "share": share, **parts}
    manifest = Manifest(
        engine="anomaly",
        task="tabular",
        input=sample.input,
        output=OUTPUT,
        origin=f"plait.train {version('plait')}",
        holds_rows=holds_rows,
    )
    contents = {f"{name}.npy": array_bytes(array) for name, array in arrays.items()}
    write_artefact(folder, manifest, {ANOMALY: json_bytes(record), **contents})
    return load(folder)


def _held_out(
    matrix: Matrix, fit: Callable[[Matrix], Strangeness], seed: int
) -> NDArray[np.float64]:
    """Return strangeness of at most 5,000 rows, each by a model that did not see it."""
    rows = np.arange(len(matrix))
    if len(rows) > MOST_CALIBRATED:
        random = np.random.Generator(np.random.PCG64(seed))
        rows = np.sort(random.choice(rows, MOST_CALIBRATED, replace=False))
    chosen = matrix[rows]
    found = np.empty(len(rows))
    folds = min(FOLDS, len(rows))
    none = np.zeros(len(rows), dtype=np.int64)
    for split in repeated_stratified(none, folds=folds, repeats=1, seed=seed):
        found[split.test] = fit(chosen[split.train]).raw(chosen[split.test])
    return found


def _code(field: Field, values: NDArray[np.generic]) -> Code:
    if field.kind == "category":
        present = values[[value is not None for value in values]]
        levels, rows = np.unique(present, return_counts=True)
        return OneHotCode(column=field.name, levels=tuple(levels[rows >= LEVEL_ROWS].tolist()))
    numbers = values.astype(np.float64)  # None of a boolean becomes NaN
    absent = np.isnan(numbers) | np.isin(numbers, field.sentinels)
    return NumberCode(
        column=field.name,
        sentinels=field.sentinels,
        fill=0.0 if absent.all() else float(np.median(numbers[~absent])),
        indicator=bool(absent.any()),
    )


def _flags(matrix: Matrix) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = ((matrix == 0) | (matrix == 1)).all(axis=0)
    return found
