"""Features that an artefact computes from a row before it encodes: expressions over its columns.

A batch and a single row get the same numbers, bit for bit; see `plait.engines.operation`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns, Scalar
from plait.core.errors import EngineError, InvalidSettings
from plait.core.expression import Call, Name, Number, Text, Tree, operation, parse_expression
from plait.core.protocol import Embedder
from plait.engines.base import damaged
from plait.engines.encode import number_of, numbers_of, unreadable
from plait.engines.operation import BATCH, MOST, NAN, ROW, Array
from plait.engines.pipeline import PIPELINE, Derived, Read, TextScore
from plait.engines.text_score import Reader, embedder_in

RowOf: TypeAlias = Callable[[Sequence[Any]], Any]
BatchOf: TypeAlias = Callable[[Sequence[Array]], Array]


def deriver_of(
    parts: Sequence[Derived | TextScore], artefact: Artefact, embedder: Embedder | None = None
) -> "Deriver | None":
    """Return what computes the derived fields of an artefact; None when it has none.

    Args:
        parts: of its pipeline.
        artefact: holds the encoder and the weights of texts.
        embedder: runs the same encoder already, and remembers; None loads the artefact's own.

    Raises:
        EngineError: `artefact_damaged`, when one cannot be computed.
        MissingExtra: the encoder needs a library that is not installed.
    """
    if not parts:
        return None
    texts = [part for part in parts if isinstance(part, TextScore)]
    if texts and embedder is None:
        embedder = embedder_in(artefact)
    readers = [Reader(part, artefact, embedder) for part in texts if embedder is not None]
    try:
        return Deriver([part for part in parts if isinstance(part, Derived)], readers)
    except (InvalidSettings, KeyError) as error:
        raise damaged(artefact.folder / PIPELINE, f"it derives no field so: {error}") from error


class Deriver:
    """Adds what is computed to the columns of a row or a batch; safe to share between threads."""

    def __init__(self, parts: Sequence[Derived], texts: Sequence[Reader] = ()) -> None:
        """Read the expressions.

        Args:
            parts: what is computed by expressions.
            texts: what reads texts.

        Raises:
            InvalidSettings: one is no expression of the language.
        """
        self._parts = tuple(_Formula(part) for part in parts)
        self._texts = tuple(texts)

    def added(self, columns: Columns, rows: int) -> Columns:
        """Return the columns with those that are computed: a list for one row, arrays for more.

        Args:
            columns: every column that is read, `rows` values each.
            rows: how many.

        Raises:
            EngineError: `engine_failed`, when a column is absent or of another kind.
        """
        found: dict[str, Column] = dict(columns)
        for part in self._parts:
            found[part.name] = [part.row(columns)] if rows == 1 else part.batch(columns, rows)
        for reader in self._texts:
            try:
                scores = reader.scores([text_of(value) for value in columns[reader.column]])
            except (KeyError, TypeError) as error:
                raise unreadable(reader.column, error) from error
            for name, column in zip(reader.names, scores.T, strict=True):
                found[name] = column.tolist() if rows == 1 else column
        return found


class _Formula:
    """One expression, ready to run."""

    def __init__(self, part: Derived) -> None:
        tree = parse_expression(part.expr).tree
        self.name = part.field.name
        places = {read.column: at for at, read in enumerate(part.reads)}
        self._readers = tuple((read.column, _reader(read)) for read in part.reads)
        self._columns = tuple((read.column, _column_reader(read)) for read in part.reads)
        self._row = _row_of(tree, places)
        self._batch = _batch_of(tree, places)

    def row(self, columns: Columns) -> float:
        name = ""
        values = []
        try:
            for name, read in self._readers:
                values.append(read(columns[name][0]))
            value: float = self._row(values)
        except (KeyError, TypeError, OverflowError) as error:
            raise _unread(name, self.name, error) from error
        return value

    def batch(self, columns: Columns, rows: int) -> Array:
        name = ""
        values = []
        try:
            for name, read in self._columns:
                values.append(read(columns[name]))
            found = self._batch(values)
        except (KeyError, TypeError, OverflowError) as error:
            raise _unread(name, self.name, error) from error
        return np.broadcast_to(found, (rows,)).astype(np.float64)


def _reader(read: Read) -> Callable[[Scalar], Any]:
    """Return what reads a value: a number as a float, NaN for missing; a text, None for missing."""
    if read.kind not in ("number", "boolean"):
        return text_of
    sentinels = read.sentinels

    def number(value: Scalar) -> float:
        found = value if value.__class__ is float else number_of(value)
        return found if -MOST <= found <= MOST and found not in sentinels else NAN

    return number


def text_of(value: Scalar) -> str | None:
    """Return a text, a missing one as None; anything else is a TypeError."""
    if value is None or value != value:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _column_reader(read: Read) -> Callable[[Column], Array]:
    """Return the same for a whole column."""
    if read.kind not in ("number", "boolean"):
        return lambda column: _objects([text_of(value) for value in column])
    sentinels = read.sentinels

    def numbers(column: Column) -> Array:
        found = numbers_of(column)
        absent = ~np.isfinite(found)
        for sentinel in sentinels:
            absent |= found == sentinel
        found[absent] = NAN
        return found

    return numbers


def _objects(values: Sequence[str | None]) -> Array:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _row_of(tree: Tree, places: Mapping[str, int]) -> RowOf:
    """Return what computes a tree from the values of a row."""
    match tree:
        case Number(constant) | Text(constant):
            return lambda _: constant
        case Name(column):
            at = places[column]
            return lambda values: values[at]
        case Call(_, arguments):
            work = ROW[operation(tree)]
            parts = [_row_of(each, places) for each in arguments]
    if len(parts) == 1:
        (only,) = parts
        return lambda values: work(only(values))
    if len(parts) == 2:
        first, second = parts
        return lambda values: work(first(values), second(values))
    return lambda values: work(*[part(values) for part in parts])


def _batch_of(tree: Tree, places: Mapping[str, int]) -> BatchOf:
    """Return what computes a tree from the columns of a batch."""
    match tree:
        case Number(constant):
            number = np.float64(constant)
            return lambda _: np.asarray(number)
        case Text(text):
            return lambda _: _objects([text])
        case Name(column):
            at = places[column]
            return lambda columns: columns[at]
        case Call(_, arguments):
            name = operation(tree)
            work = BATCH.get(name) or _each(ROW[name])
            parts = [_batch_of(each, places) for each in arguments]
            return lambda columns: work(*[part(columns) for part in parts])


def _each(work: Callable[..., float]) -> Callable[..., Array]:
    """Return the same on columns, row by row."""

    def found(*columns: Array) -> Array:
        lists = [each.tolist() for each in np.broadcast_arrays(*columns)]
        if not isinstance(lists[0], list):  # of constants alone
            return np.asarray(work(*lists))
        return np.array([work(*values) for values in zip(*lists, strict=True)], dtype=np.float64)

    return found


def _unread(column: str, feature: str, error: Exception) -> EngineError:
    found = unreadable(column, error)
    return EngineError(found.code, f"{feature!r}: {found.message}", where=column, hint=found.hint)
