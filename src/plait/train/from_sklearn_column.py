"""What a fitted preprocessing of scikit-learn makes of each column, as codes of a pipeline.

The preprocessing is followed step by step. A cell stands for one column of its output, and says
which column of the frame it comes from and how. Numbers are moved and scaled; of texts, and of
numbers that are encoded, the fitted encoder itself is asked what it makes of each level, of a
missing value and of one it never saw.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from plait.core.errors import Refused
from plait.engines.pipeline import Code, LookupCode, NumberCode, OneHotCode, OrdinalCode

Key: TypeAlias = str | float
Chosen: TypeAlias = Any
"""Columns as a ColumnTransformer has them: named, numbered, sliced or flagged."""

_UNSEEN_TEXT = "plait: a level that was never seen"


@dataclass(frozen=True, slots=True)
class Plain:
    """`(x - shift) / scale` of a column of the frame, `fill` standing for a missing x.

    Attributes:
        column: of the frame.
        fill: None leaves a missing value missing.
        shift: of a number.
        scale: of a number.
        absent: numbers that are read as missing.
    """

    column: str
    fill: Key | None = None
    shift: float = 0.0
    scale: float = 1.0
    absent: tuple[float, ...] = ()

    @property
    def untouched(self) -> bool:
        """Whether it is the column's own value, missing ones apart."""
        return (self.shift, self.scale) == (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Looked:
    """A number for each value of a column.

    Attributes:
        column: of the frame.
        values: value -> number.
        missing: of a missing value.
        unknown: of any other.
    """

    column: str
    values: Mapping[Key, float]
    missing: float
    unknown: float

    def moved(self, shift: float, scale: float) -> "Looked":
        """Return it with every number as `(x - shift) / scale`."""
        return replace(
            self,
            values={key: (value - shift) / scale for key, value in self.values.items()},
            missing=(self.missing - shift) / scale,
            unknown=(self.unknown - shift) / scale,
        )


Cell: TypeAlias = Plain | Looked


def refused(message: str, hint: str = "") -> Refused:
    """Return the error that says what of a model cannot be taken over."""
    return Refused("import_refused", message, where="plait.from_sklearn", hint=hint)


def follow(step: BaseEstimator, cells: Sequence[Cell], names: Sequence[str]) -> list[Cell]:
    """Return what a fitted step makes of the cells.

    Args:
        step: a transformer, "passthrough", "drop" or None.
        cells: one per column of its input.
        names: of these columns, by which a ColumnTransformer may choose.

    Raises:
        Refused: `import_refused`, when the step cannot be followed.
    """
    if step is None or step == "passthrough":
        return list(cells)
    if step == "drop":
        return []
    if isinstance(step, Pipeline):
        for _, each in step.steps:
            cells = follow(each, cells, names)
            names = names if len(names) == len(cells) else [""] * len(cells)
        return list(cells)
    if isinstance(step, ColumnTransformer):
        return _columns(step.transformers_, cells, names)
    if isinstance(step, FunctionTransformer) and step.func is None:
        return list(cells)
    if isinstance(step, SelectorMixin):
        return [cell for cell, kept in zip(cells, step.get_support(), strict=True) if kept]
    if isinstance(step, SimpleImputer):
        return _imputed(step, cells)
    if isinstance(step, OneHotEncoder | OrdinalEncoder):
        return _encoded(step, cells)
    return _scaled(step, cells)


def follow_categories(
    preprocessor: BaseEstimator, cells: Sequence[Cell], names: Sequence[str]
) -> list[Cell]:
    """Return what the preprocessing inside a HistGradientBoosting makes of the cells."""
    # its other part is a function that only checks the numbers
    parts = [
        (name, step if name == "encoder" else "passthrough", columns)
        for name, step, columns in preprocessor.transformers_
    ]
    return _columns(parts, cells, names)


def _columns(
    parts: Sequence[tuple[str, Any, Any]], cells: Sequence[Cell], names: Sequence[str]
) -> list[Cell]:
    found: list[Cell] = []
    for _, step, columns in parts:
        at = _places(columns, names)
        found += follow(step, [cells[each] for each in at], [names[each] for each in at])
    return found


def _places(columns: Chosen, names: Sequence[str]) -> list[int]:
    """Return the indexes of columns named, numbered, sliced or flagged."""
    every = np.arange(len(names))
    if isinstance(columns, slice) and isinstance(columns.start or columns.stop, str):
        first = 0 if columns.start is None else names.index(columns.start)
        last = len(names) if columns.stop is None else names.index(columns.stop) + 1
        return list(range(first, last, columns.step or 1))
    if isinstance(columns, str):
        return [names.index(columns)]
    if isinstance(columns, slice):
        return list(map(int, every[columns]))
    listed = list(np.atleast_1d(columns))
    if listed and isinstance(listed[0], str):
        return [names.index(name) for name in listed]
    return list(map(int, every[np.atleast_1d(columns)])) if listed else []


def _imputed(step: BaseEstimator, cells: Sequence[Cell]) -> list[Cell]:
    found: list[Cell] = []
    kept = step.statistics_.tolist()
    odd = step.missing_values
    absent = () if odd is None or not isinstance(odd, int | float) or odd != odd else (float(odd),)
    for cell, fill in zip(cells, kept, strict=True):
        if fill is None or fill != fill:  # it had no value, and the step drops it
            if step.keep_empty_features:
                raise refused(f"{cell.column!r} had no value when it was imputed", _REFIT)
            continue
        found.append(_filled(cell, fill, absent))
    if step.indicator_ is not None:
        found += [_flag(cells[at]) for at in step.indicator_.features_.tolist()]
    return found


def _filled(cell: Cell, fill: Key, absent: tuple[float, ...]) -> Cell:
    if isinstance(cell, Looked):
        missing, unknown = (
            float(fill) if value != value else value for value in (cell.missing, cell.unknown)
        )
        return replace(cell, missing=missing, unknown=unknown)
    if cell.fill is not None:
        return cell
    if isinstance(fill, str):
        return replace(cell, fill=fill)
    return replace(cell, fill=float(fill) * cell.scale + cell.shift, absent=absent)


def _flag(cell: Cell) -> Cell:
    if isinstance(cell, Looked) or cell.fill is not None:
        raise refused(
            f"missing values of {cell.column!r} are flagged after something was done to them",
            "impute before anything else, and fit again",
        )
    return Looked(cell.column, {}, missing=1.0, unknown=0.0)


def _scaled(step: BaseEstimator, cells: Sequence[Cell]) -> list[Cell]:
    ones, zeros = np.ones(len(cells)), np.zeros(len(cells))
    if isinstance(step, StandardScaler):
        shift, scale = step.mean_ if step.with_mean else None, step.scale_
    elif isinstance(step, RobustScaler):
        shift, scale = step.center_, step.scale_
    elif isinstance(step, MaxAbsScaler):
        shift, scale = None, step.scale_
    elif isinstance(step, MinMaxScaler) and not step.clip:
        shift, scale = -step.min_ / step.scale_, 1 / step.scale_
    else:
        raise refused(f"the step {type(step).__name__} cannot be converted", _STEPS)
    moves = zip(
        cells,
        (zeros if shift is None else shift).tolist(),
        (ones if scale is None else scale).tolist(),
        strict=True,
    )
    return [_moved(cell, *move) for cell, *move in moves]


def _moved(cell: Cell, shift: float, scale: float) -> Cell:
    if isinstance(cell, Looked):
        return cell.moved(shift, scale)
    return replace(cell, shift=cell.shift + shift * cell.scale, scale=cell.scale * scale)


def _encoded(step: BaseEstimator, cells: Sequence[Cell]) -> list[Cell]:
    found: list[Cell] = []
    for at, cell in enumerate(cells):
        if isinstance(cell, Looked) or not cell.untouched or cell.absent:
            raise refused(f"{cell.column!r} is encoded after it was changed", _REFIT)
        found += _table(step, at, cell)
    return found


def _table(step: BaseEstimator, at: int, cell: Plain) -> list[Cell]:
    """Ask an encoder what it makes of the levels of one column."""
    levels = [each for each in step.categories_[at].tolist() if each is not None and each == each]
    if not levels:
        raise refused(f"{cell.column!r} had no value when it was encoded", _REFIT)
    text = isinstance(levels[0], str)
    unseen: Key = _UNSEEN_TEXT if text else float(max(levels)) + 1.0
    try:
        answers = _asked(step, at, levels)
        unknown = _asked(step, at, [levels[0], unseen])[1]
    except ValueError:
        name = type(step).__name__
        way = '"ignore"' if name == "OneHotEncoder" else '"use_encoded_value" and unknown_value=-1'
        raise refused(
            f"the {name} fails at a level of {cell.column!r} that it never saw",
            f"set its handle_unknown={way}: it need not be fitted again",
        ) from None
    absent = None if None in step.categories_[at].tolist() else math.nan
    missing = _asked(step, at, [levels[0], absent if cell.fill is None else cell.fill])[1]
    keys = [each if isinstance(each, str) else float(each) for each in levels]
    offset, width = _block(step, at)
    return [
        Looked(
            cell.column,
            dict(zip(keys, answers[:, place].tolist(), strict=True)),
            missing=float(missing[place]),
            unknown=float(unknown[place]),
        )
        for place in range(offset, offset + width)
    ]


def _asked(step: BaseEstimator, at: int, values: Sequence[Any]) -> NDArray[np.float64]:
    """Return the encoder's output for some values of one column, the others at their first."""
    columns = [
        list(values) if place == at else [each.tolist()[0]] * len(values)
        for place, each in enumerate(step.categories_)
    ]
    texts = any(isinstance(value, str) for column in columns for value in column)
    table = np.empty((len(values), len(columns)), dtype=object if texts else np.float64)
    for place, column in enumerate(columns):
        table[:, place] = column
    with warnings.catch_warnings():  # of names it was fitted with, and of levels it ignores
        warnings.simplefilter("ignore")
        answer = step.transform(table)
    dense = answer.toarray() if hasattr(answer, "toarray") else answer
    return np.asarray(dense, dtype=np.float64)


def _block(step: BaseEstimator, at: int) -> tuple[int, int]:
    """Return where the output of a column begins, and how wide it is."""
    if isinstance(step, OrdinalEncoder):
        return at, 1
    widths = []
    rare = getattr(step, "infrequent_categories_", [None] * len(step.categories_))
    for place, levels in enumerate(step.categories_):
        few = 0 if rare[place] is None else len(rare[place]) - 1
        dropped = step.drop_idx_ is not None and step.drop_idx_[place] is not None
        widths.append(len(levels) - few - dropped)
    return sum(widths[:at]), widths[at]


def codes_of(cells: Sequence[Cell]) -> tuple[tuple[Code, ...], list[int]]:
    """Return codes that make the cells' numbers, and where each cell is in their matrix.

    Raises:
        Refused: `import_refused`, when a text reaches the model.
    """
    codes: list[Code] = []
    where: dict[int, int] = {}
    start = 0
    for column in dict.fromkeys(cell.column for cell in cells):
        for code, places in _codes(column, cells):
            codes.append(code)
            where.update({at: start + offset for offset, at in enumerate(places)})
            start += code.width
    return tuple(codes), [where[at] for at in range(len(cells))]


def _codes(column: str, cells: Sequence[Cell]) -> list[tuple[Code, list[int]]]:
    """Return the codes of one column, each with the cells that its positions stand for."""
    looked = {
        at: cell
        for at, cell in enumerate(cells)
        if isinstance(cell, Looked) and cell.column == column
    }
    found: list[tuple[Code, list[int]]] = []
    for at, cell in enumerate(cells):
        if not isinstance(cell, Plain) or cell.column != column:
            continue
        if isinstance(cell.fill, str):
            raise refused(f"{column!r} reaches the model as text", "encode it, and fit again")
        code = NumberCode(
            column=column,
            sentinels=cell.absent,
            fill=cell.fill,
            shift=cell.shift,
            scale=cell.scale,
        )
        flags = [place for place, each in looked.items() if _is_flag(each)]
        if flags:
            code = replace(code, indicator=True)
            del looked[flags[0]]
        found.append((code, [at, *flags[:1]]))
    if looked:
        found.append((_looked_code(column, list(looked.values())), list(looked)))
    return found


def _is_flag(cell: Looked) -> bool:
    return (dict(cell.values), cell.missing, cell.unknown) == ({}, 1.0, 0.0)


def _looked_code(column: str, cells: Sequence[Looked]) -> Code:
    """Return the plainest code that says what the cells say."""
    keys = tuple(dict.fromkeys(key for cell in cells for key in cell.values))
    rows = [[cell.values.get(key, cell.unknown) for cell in cells] for key in keys]
    missing = [cell.missing for cell in cells]
    unknown = [cell.unknown for cell in cells]
    texts = tuple(key for key in keys if isinstance(key, str))
    if len(texts) == len(keys):
        if rows == np.eye(len(keys)).tolist() and not any([*missing, *unknown]):
            return OneHotCode(column=column, levels=texts)
        counted = rows == [[float(at)] for at in range(len(keys))]
        if counted and missing[0] != missing[0] and unknown[0] == unknown[0]:
            return OrdinalCode(column=column, levels=texts, unknown=unknown[0])
    return LookupCode(
        column=column,
        keys=keys,
        rows=tuple(map(_sayable, rows)),
        missing=_sayable(missing),
        unknown=_sayable(unknown),
    )


def _sayable(row: Sequence[float]) -> tuple[float | None, ...]:
    return tuple(None if value != value else value for value in row)


_STEPS = (
    "use SimpleImputer, StandardScaler, MinMaxScaler, RobustScaler, MaxAbsScaler, OneHotEncoder, "
    "OrdinalEncoder or a ColumnTransformer of them; or export the model to ONNX and import that"
)
_REFIT = "leave the column out, or do it in another order, and fit again"
