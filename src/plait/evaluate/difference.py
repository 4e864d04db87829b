"""What two versions of a table have in common, row by row and column by column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plait.evaluate.drift import Drift, drifts

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a table differs from an earlier version of itself.

    Attributes:
        rows_before: how many it had.
        rows_after: how many it has.
        columns_added: names of columns that are new.
        columns_removed: names of columns that are gone.
        added: rows that are new, in the columns both have; a row that stands there twice and stood
            there once is one of them.
        removed: rows that are gone.
        columns: how each column that both have differs; empty when one of them has no row.
    """

    rows_before: int
    rows_after: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    added: int
    removed: int
    columns: tuple[Drift, ...]

    @property
    def same(self) -> int:
        """Rows that both have."""
        return self.rows_after - self.added


def difference(
    before: Mapping[str, NDArray[np.generic]], after: Mapping[str, NDArray[np.generic]]
) -> Difference:
    """Compare two versions of a table.

    Args:
        before: name -> (n,) values, floats with NaN, or objects with None.
        after: name -> (m,) values.
    """
    shared = [name for name in before if name in after]
    sizes = [len(next(iter(each.values()), ())) for each in (before, after)]
    keys = np.zeros(sum(sizes), dtype=np.uint64)
    for name in shared:
        codes = _codes(before[name], after[name])
        keys = (keys ^ (keys >> _SHIFT) ^ codes) * _PRIME
    _, code = np.unique(keys, return_inverse=True)
    most = int(code.max(initial=-1)) + 1
    counts = [np.bincount(part, minlength=most) for part in np.split(code, [sizes[0]])]
    change = counts[1] - counts[0]
    return Difference(
        rows_before=sizes[0],
        rows_after=sizes[1],
        columns_added=tuple(name for name in after if name not in before),
        columns_removed=tuple(name for name in before if name not in after),
        added=int(change[change > 0].sum()),
        removed=int(-change[change < 0].sum()),
        columns=tuple(
            drifts({name: before[name] for name in shared}, {name: after[name] for name in shared})
        )
        if all(sizes)
        else (),
    )


def _codes(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.uint64]:
    """Return one number per value of both, equal for equal values; missing ones are equal too."""
    if before.dtype.kind == after.dtype.kind == "f":
        joined = np.concatenate([before, after]).astype(np.float64) + 0.0
        return np.unique(joined, return_inverse=True)[1].astype(np.uint64) + np.uint64(1)
    texts = [
        "" if _absent(value) else f"{type(value).__name__}={value}"
        for value in (*before.tolist(), *after.tolist())
    ]
    return np.unique(np.array(texts), return_inverse=True)[1].astype(np.uint64) + np.uint64(1)


def _absent(value: object) -> bool:
    return value is None or value != value
