"""The version of a dataset: an id of its rows and schema, whatever file they came in."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.ids import canonical
from plait.store.frame import RawColumn

_MISSING = -1


def dataset_id(columns: Sequence[RawColumn]) -> str:
    """Return `ds_` and 128 bits of the SHA-256 of the rows, in hex.

    Hashed are names, kinds and values, in order. Whether a number was written 1 or 1.0, and
    whether a missing one was NaN or null, makes no difference.
    """
    digest = hashlib.sha256()
    for column in columns:
        digest.update(canonical([column.name, column.kind, len(column.values)]))
        for part in _parts(column):
            digest.update(part)
    return f"ds_{digest.hexdigest()[:32]}"


def _parts(column: RawColumn) -> Iterator[bytes]:
    """Yield the one encoding of a column's values.

    Numbers are 64-bit floats with one NaN and one zero. Anything else is text: the lengths in
    bytes, -1 for missing, then the bytes.
    """
    if column.kind == "number":
        yield _one_nan(column.values).astype("<f8").tobytes()
        return
    texts = [None if value is None else str(value).encode() for value in column.values.tolist()]
    lengths = [_MISSING if text is None else len(text) for text in texts]
    yield np.array(lengths, dtype="<i8").tobytes()
    yield b"".join(text for text in texts if text is not None)


def _one_nan(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values with every NaN the same NaN, and every zero the positive one."""
    return np.where(np.isnan(values), np.nan, values) + 0.0
