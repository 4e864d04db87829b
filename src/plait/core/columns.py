"""Tables and rows as every room passes them on: plain mappings, no data-frame library."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
Row: TypeAlias = Mapping[str, Scalar]


class Column(Protocol):
    """One column: a list, a tuple or a one-dimensional array of scalars; None or NaN is missing."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, index: int, /) -> Any: ...  # noqa: ANN401  # arrays answer with Any


Columns: TypeAlias = Mapping[str, Column]


def height(columns: Columns) -> int:
    """Return the number of rows.

    Raises:
        ValueError: the columns are of unequal length.
    """
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of unequal length: {sorted(lengths)}")
    return lengths.pop() if lengths else 0
