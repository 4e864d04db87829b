"""Tables and rows as every room passes them on: plain mappings, no data-frame library."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

Scalar: TypeAlias = bool | int | float | str | None
Row: TypeAlias = Mapping[str, Scalar]
Item = TypeVar("Item", covariant=True)


class ColumnOf(Protocol[Item]):
    """One column: a list, a tuple or a one-dimensional array; None or NaN is missing."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Item]: ...
    def __getitem__(self, index: int, /) -> Item: ...


Column: TypeAlias = ColumnOf[Any]
"""A column whose schema tells what its items are: scalars, or the reasons of each row."""

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
