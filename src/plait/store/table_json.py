"""Tables of JSON lines: one object per line, its keys the columns."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from plait.core.columns import Scalar
from plait.core.errors import shown
from plait.store.frame import check_names
from plait.store.table_source import empty, foreign, opened


def survey(files: Sequence[Path]) -> tuple[list[str], frozenset[str]]:
    """Return the names of all columns as they first come, and of those that hold a string.

    Raises:
        InvalidData: as `records`; two names are one to SQL and Parquet tools; there is no object.
    """
    names: dict[str, None] = {}
    texts: set[str] = set()
    for file in files:
        for record in records(file):
            names.update(dict.fromkeys(record))
            texts.update(name for name, value in record.items() if value.__class__ is str)
    if not names:
        raise empty(files[0], "no line holds an object with a field")
    check_names(names, str(files[0]))
    return list(names), frozenset(texts)


def records(file: Path) -> Iterator[Mapping[str, Scalar]]:
    """Yield the object of each line that is not blank.

    Raises:
        InvalidData: a line holds no object of plain values; the error says which.
    """
    with opened(file) as stream:
        for number, line in enumerate(stream, 1):
            bare = line.strip()
            if not bare:
                continue
            try:
                record = orjson.loads(bare)
            except orjson.JSONDecodeError as error:
                hint = "write one object per line, in UTF-8; a missing value is null"
                raise foreign(file, f"not JSON: {error}", hint, number) from None
            if not isinstance(record, dict):
                raise foreign(file, f"{shown(record)} is no object", "write {...}", number)
            for name, value in record.items():
                if isinstance(value, dict | list):
                    message = f"{name!r} is {shown(value)}, no plain value"
                    raise foreign(file, message, "give each of its parts a field", number)
            yield record


def cell(value: Scalar) -> str | None:
    """Return a value as CSV would have it; a missing one as None."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
