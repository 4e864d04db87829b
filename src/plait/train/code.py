"""What surrounds a model, by what a sample says: columns into numbers, raw scores into answers."""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.protocol import Sample
from plait.core.schema import Field
from plait.engines.pipeline import (
    Code,
    NumberCode,
    OneHotCode,
    OrdinalCode,
    Pipeline,
    Reference,
)
from plait.train.calibrate import calibrated, regression_interval

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LEVEL_ROWS = 5
"""A level in fewer rows is treated as unknown: a position of its own would be a guess."""

PRIOR_ROWS = 10
"""Rows of the overall rate added to each level's own before levels are put in order."""


def standard_codes(sample: Sample, *, scaled: bool = True) -> tuple[Code, ...]:
    """Return codes for what adds or compares: no missing values, numbers of one scale.

    Numbers are standardised, missing ones at the median and flagged, categories one-hot. They look
    at no target.

    Args:
        sample: the columns.
        scaled: whether numbers are standardised; if not, they keep their unit.
    """
    return tuple(
        _standard(field, np.asarray(sample.columns[field.name]), scaled=scaled)
        for field in sample.input.fields
    )


def ordered_codes(sample: Sample, rows: Ints) -> tuple[Code, ...]:
    """Return codes for what asks only whether a number is above another: missing stays missing.

    Args:
        sample: the columns and the target.
        rows: those that may be looked at; the target puts levels in order, so that rows held out
            must have no say in it.
    """
    return tuple(
        OrdinalCode(column=field.name, levels=_levels(sample, field, rows))
        if field.kind == "category"
        else NumberCode(column=field.name, sentinels=field.sentinels)
        for field in sample.input.fields
    )


def pipeline_of(
    sample: Sample,
    codes: tuple[Code, ...],
    scores: Floats,
    fold: Ints | None,
    *,
    threshold: float | None,
    reference: Reference | None = None,
    band: Floats | None = None,
) -> Pipeline:
    """Return the pipeline around a model, calibrated where it helps rows held out.

    Args:
        sample: what the model was fitted on.
        codes: how its columns become numbers.
        scores: (n,) or (n, k) raw scores of each row by a model that did not see it.
        fold: (n,) the fold each was held out in; None when nothing was, and `scores` mean nothing.
        threshold: the probability from which on the positive class is answered.
        reference: against which a refusal is explained.
        band: (n, 2) out-of-fold quantiles of a regression, if there are any.
    """
    pipeline = Pipeline(
        problem=sample.problem,
        classes=sample.classes,
        encode=codes,
        threshold=threshold,
        reference=reference,
    )
    if sample.problem != "regression":
        calibration, levels = calibrated(sample, scores, fold)
        return replace(pipeline, calibrate=calibration, set=levels)
    if fold is None or sample.quantile is not None:  # a quantile is a bound, and needs no interval
        return pipeline
    return replace(pipeline, interval=regression_interval(sample, scores, fold, band))


def _standard(field: Field, values: NDArray[np.generic], *, scaled: bool) -> Code:
    if field.kind == "category":
        present = values[[value is not None for value in values]]
        levels, rows = np.unique(present, return_counts=True)
        return OneHotCode(column=field.name, levels=tuple(levels[rows >= LEVEL_ROWS].tolist()))
    numbers = values.astype(np.float64)  # None of a boolean becomes NaN
    absent = np.isnan(numbers) | np.isin(numbers, field.sentinels)
    fill = 0.0 if absent.all() else float(np.median(numbers[~absent]))
    code = NumberCode(
        column=field.name, sentinels=field.sentinels, fill=fill, indicator=bool(absent.any())
    )
    if not scaled:
        return code
    filled = np.where(absent, fill, numbers)
    spread = float(filled.std())
    scale = spread if spread > 1e-9 * float(np.abs(filled).max()) else 1.0
    return replace(code, shift=float(filled.mean()), scale=scale)


def _levels(sample: Sample, field: Field, rows: Ints) -> tuple[str, ...]:
    """Return the levels by the mean of the target, drawn to the overall one where they are rare.

    Indexes of three classes or more have no mean; there the levels go by their frequency.
    """
    target = np.asarray(sample.target, dtype=np.float64)
    values = np.asarray(sample.columns[field.name])[rows]
    present = np.array([value is not None for value in values], dtype=np.bool_)
    levels, index, count = np.unique(values[present], return_inverse=True, return_counts=True)
    if sample.problem == "multiclass":
        order = np.argsort(-count, kind="stable")
    else:
        total = np.bincount(index, target[rows][present], len(levels))
        total += PRIOR_ROWS * target[rows].mean()
        order = np.argsort(total / (count + PRIOR_ROWS), kind="stable")
    return tuple(levels[order].tolist())
