"""Arrays of numbers as files of an artefact, in NumPy's own format."""

import math
from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
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


def read_weights(
    path: Path, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[np.float32]]:
    """Return the arrays that lie one after the other in the one row of numbers of a file.

    Args:
        path: of the file.
        shapes: name -> what shape it has, in the order of the file.

    Raises:
        EngineError: `artefact_damaged`, when it does not hold so many numbers.
    """
    ends = np.cumsum([0, *(math.prod(shape) for shape in shapes.values())]).tolist()
    numbers = read_array(path, (ends[-1],)).astype(np.float32)
    return {
        name: numbers[start:end].reshape(shape)
        for (name, shape), (start, end) in zip(shapes.items(), pairwise(ends), strict=True)
    }
