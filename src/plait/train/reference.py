"""The usual accepted row, against which a refusal is explained."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.protocol import Sample
from plait.core.schema import Field
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import Reference

Floats: TypeAlias = NDArray[np.float64]

MOST_ROWS = 200
"""So many accepted rows, evenly spread, settle the means; exact TreeSHAP is slow on more."""


def reference(
    sample: Sample, encoder: Encoder, matrix: Matrix, split: Callable[[Matrix], Floats]
) -> Reference | None:
    """Return the means over rows of the positive class; None where the sample asks for none.

    Args:
        sample: what the model was fitted on.
        encoder: of its columns.
        matrix: (n, width) what the encoder made of them.
        split: gives (m, width + 1) contributions of the positions to m rows' raw scores.
    """
    if not (sample.reasons and sample.problem == "binary" and encoder.fields):
        return None
    accepted = np.flatnonzero(np.asarray(sample.target) == 1)
    spread = np.linspace(0, len(accepted) - 1, min(MOST_ROWS, len(accepted))).astype(np.int64)
    rows = accepted[spread]
    parts = split(np.ascontiguousarray(matrix[rows]))[:, :-1]
    shares = np.add.reduceat(parts, encoder.starts, axis=1).mean(axis=0)
    return Reference(
        shares=tuple(shares.tolist()),
        values=tuple(
            _usual(field, np.asarray(sample.columns[field.name])[accepted])
            for field in sample.input.fields
        ),
    )


def _usual(field: Field, values: NDArray[np.generic]) -> bool | float | str | None:
    """Return the mean of a number or the most frequent level, of the values that are there."""
    present = [each for each in values.tolist() if each is not None and each == each]
    if field.kind == "number":
        numbers = [each for each in present if each not in field.sentinels]
        return float(np.mean(numbers)) if numbers else None
    levels: list[bool | str] = sorted(set(present))
    return max(levels, key=present.count, default=None)
