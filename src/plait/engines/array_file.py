"""Arrays of numbers as files of an artefact, in NumPy's own format."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.engines.base import damaged, read_bytes


def array_bytes(array: NDArray[Any]) -> bytes:
    """Return an array as the one sequence of bytes in which artefacts keep it."""
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_array(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of finite numbers in a file of an artefact.

    Args:
        path: of the file.
        shape: what it must have; -1 for any length.

    Raises:
        EngineError: `artefact_damaged`, when it is no such array.
    """
    content = read_bytes(path)
    try:
        array: NDArray[Any] = np.load(BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise damaged(path, f"it holds no array: {error}") from error
    fits = len(array.shape) == len(shape) and all(
        wanted in (-1, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype.kind not in "fiu":
        raise damaged(path, f"it holds {array.dtype} of shape {array.shape}, not {shape}")
    if not np.isfinite(array).all():
        raise damaged(path, "it holds a number that is not finite")
    return array
