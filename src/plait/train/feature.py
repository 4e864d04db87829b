"""One raw column read as a feature, or left out with the reason."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import FeatureNote
from plait.core.errors import InvalidData, shown, suggestion
from plait.core.schema import Field
from plait.store.frame import RawColumn
from plait.train.sentinel import sentinels_of

MOST_LEVELS = 100
"""Text with more distinct values than this is no category."""

NEARLY = 0.9
"""Where so many values are numbers, the others are taken for mistakes."""

MOST_SHOWN = 3
"""Of these others."""

_LIKE_NUMBER = re.compile(r"\W{0,3}\d+([.,'’\s]\d{3})*([.,]\d+)?\W{0,3}")
_LIKE_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}( .*)?")

ALWAYS_LEVELS = 20
"""So is text with more distinct values than a twentieth of the rows, beyond this many."""


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """A column to learn from.

    Attributes:
        field: what it is.
        values: (n,) floats with NaN for a number, else objects with None; sentinels still in place.
        remark: a sentence on what was found in it; "" when nothing was.
    """

    field: Field
    values: NDArray[np.generic]
    remark: str = ""


def check_column(
    name: str, what: str, names: Collection[str], code: str = "data_column_missing"
) -> None:
    """Look for a column that a contract names.

    Args:
        name: of the column.
        what: what the contract calls it, as the start of a sentence.
        names: of all columns.
        code: of the error.

    Raises:
        InvalidData: `code`, when it is absent.
    """
    if name not in names:
        reason = f"{what} is no column of the data"
        raise InvalidData(code, reason, where=name, hint=suggestion(name, names))


def missing(column: RawColumn) -> NDArray[np.bool_]:
    """Return (n,) flags of the rows in which the column is missing."""
    if column.kind == "number":
        return np.asarray(np.isnan(column.values), dtype=np.bool_)
    return np.array([value is None for value in column.values.tolist()], dtype=np.bool_)


def read_feature(column: RawColumn, note: FeatureNote | None) -> Feature | str:
    """Read a column as a feature, or return why it is left out, as the end of a sentence.

    Args:
        column: the rows to learn from.
        note: what the contract calls it; None when the contract does not name it. A named column is
            used even when it looks like a number of the row.
    """
    found = _read(column, named=note is not None)
    if isinstance(found, str) or note is None:
        return found
    field = replace(found.field, label=note.label, unit=note.unit, also=note.also)
    return replace(found, field=field)


def _read(column: RawColumn, *, named: bool) -> Feature | str:
    absent = missing(column)
    if absent.all():
        return "it has no value in any row"
    if column.kind == "time":
        return "it is a time, from which no candidate learns yet"
    if column.kind == "number":
        return _number(column, named=named)
    levels, rows = np.unique(column.values[~absent], return_counts=True)
    if len(levels) == 1 and not absent.any():
        return f"it is {levels[0]} in every row"
    if column.kind == "boolean":
        field = Field(name=column.name, kind="boolean", nullable=bool(absent.any()))
        return Feature(field, column.values)
    most = min(MOST_LEVELS, max(ALWAYS_LEVELS, len(absent) // 20))
    spoilt = spoilt_numbers(levels, rows)
    if len(levels) > most:
        why = f", for {spoilt}" if spoilt else _like(levels)
        return f"it is text: {len(levels):,} different values in {len(absent):,} rows{why}"
    by_rows = levels[np.argsort(-rows, kind="stable")]
    field = Field(
        name=column.name,
        kind="category",
        nullable=bool(absent.any()),
        levels=tuple(by_rows.tolist()),
    )
    return Feature(field, column.values, f"{spoilt}: read as levels" if spoilt else "")


def spoilt_numbers(
    levels: NDArray[np.generic], rows: NDArray[np.int64], *, quoted: bool = False
) -> str:
    """Say which few texts keep a column from being one of numbers; "" when it is none of numbers.

    Codes of digits that may begin with a zero are no numbers.

    Args:
        levels: (k,) the different texts.
        rows: (k,) in how many rows each stands.
        quoted: whether to quote some of them: an error may, what a decision keeps may not, for a
            cell may hold anything.
    """
    texts: list[str] = levels.tolist()
    like = np.array([_LIKE_NUMBER.fullmatch(text) is not None for text in texts])
    coded = any(text.startswith("0") and text[1:].isdigit() for text in texts)
    others, all_of_them = int(rows[~like].sum()), int(rows.sum())
    if coded or not others or others > (1 - NEARLY) * all_of_them:
        return ""
    verb = "is no number" if others == 1 else "are no numbers"
    said = f"{others:,} of {all_of_them:,} values {verb}"
    if not quoted:
        return said
    few = [shown(texts[at]) for at in np.flatnonzero(~like)]
    named = ", ".join(few[:MOST_SHOWN]) + (", ..." if len(few) > MOST_SHOWN else "")
    return f"{said} ({named})"


def _like(levels: NDArray[np.generic]) -> str:
    """Return what texts that are meant otherwise must be written like; "" for any other."""
    texts: list[str] = levels.tolist()
    if all(map(_LIKE_DATE.fullmatch, texts)):
        return f", such as {texts[0]!r}; to be read as times they must be like 2024-05-31"
    if all(map(_LIKE_NUMBER.fullmatch, texts)) and not all(map(str.isdigit, texts)):
        return f", such as {texts[0]!r}; to be read as numbers they must be like 1234.5"
    return ""


def _number(column: RawColumn, *, named: bool) -> Feature | str:
    values = column.values.copy()
    infinite = np.isinf(values)
    values[infinite] = np.nan
    absent = np.isnan(values)
    if absent.all():
        return "it has no finite value in any row"
    low, high = np.nanmin(values), np.nanmax(values)
    if low == high and not absent.any():
        return f"it is {low:g} in every row"
    if column.integer and not named and _counts_rows(values):
        return "it numbers the rows; name it among the features to use it all the same"
    sentinels = sentinels_of(values)
    coded = np.isin(values, sentinels)
    honest = values[~(absent | coded)]
    field = Field(
        name=column.name,
        kind="number",
        nullable=bool(absent.any() or coded.any()),
        integer=column.integer,
        low=float(honest.min()),
        high=float(honest.max()),
        sentinels=sentinels,
    )
    return Feature(field, values, _remark(values, sentinels, int(infinite.sum())))


def _counts_rows(values: NDArray[np.float64]) -> bool:
    """Tell whether each row has a greater number than the one before."""
    return bool((np.diff(values) > 0).all())


def _remark(values: NDArray[np.float64], sentinels: Sequence[float], infinite: int) -> str:
    found = [f"{each:.10g} (in {_rows(int((values == each).sum()))})" for each in sentinels]
    if infinite:
        found.append(f"infinity (in {_rows(infinite)})")
    return f"{' and '.join(found)} is read as missing" if found else ""


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
