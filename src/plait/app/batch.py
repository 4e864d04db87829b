"""Many rows at once: data frames, and files of any length in constant memory."""

import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Columns
from plait.core.errors import InvalidData, shown, suggestion
from plait.core.protocol import RowTask
from plait.core.schema import Field
from plait.engines.answer import level_text
from plait.store.frame import Frame, RawColumn, check_names, objects
from plait.store.table_read import NUMBER, read_chunks
from plait.store.table_write import TableWriter

CHUNK_ROWS = 20_000
_NUMBER = re.compile(NUMBER)
_BOOLEANS = {"true": True, "false": False}  # in text, as a CSV column is with one other text


class Series(Protocol):
    """A column of a data frame, as pandas has it."""

    def astype(self, kind: type[object], /) -> object:
        """Return it with items of another type."""
        ...

    def isna(self) -> "Series":
        """Return whether each item is missing."""
        ...

    def to_numpy(self) -> NDArray[Any]:
        """Return its items."""
        ...


class DataFrame(Protocol):
    """What is asked of a data frame: that of pandas has it all, and no library is imported."""

    @property
    def columns(self) -> Iterable[object]:
        """The labels of its columns."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, label: object, /) -> Series: ...

    def assign(self, **columns: object) -> Self:
        """Return it with columns added."""
        ...

    def rename(self, *, columns: Mapping[Any, str]) -> Self:
        """Return it with columns renamed."""
        ...


D = TypeVar("D", bound=DataFrame)


def predict_frame(task: RowTask, frame: D, reasons: int) -> D:
    """Answer a pandas frame; its index is kept.

    Returns:
        The frame's columns plus the answers; see `free_names` for columns of the same name.

    Raises:
        InvalidData: the frame is of another library, lacks a feature, or holds a value that does
            not fit.
    """
    given: object = frame  # whatever the caller has
    if not hasattr(given, "assign"):
        raise InvalidData(
            "data_format",
            f"plait answers pandas frames, not {type(frame).__module__}.{type(frame).__qualname__}",
            hint="frame.to_pandas(), or frame.to_dicts() for a list of rows",
        )
    labels = {str(label): label for label in frame.columns}
    fields = task.predictor.artefact.manifest.input.fields
    _refuse_absent(fields, labels, "the frame")
    used = [field.name for field in fields]
    check_names([str(label) for label in frame.columns if str(label) in used], "the frame")
    present = {name: _plain_values(frame[labels[name]]) for name in used}
    columns = read_columns(Frame.of(present), fields, "the frame")
    if not len(frame):
        columns = {field.name: [] for field in fields}
    answers = task.predictor.predict(columns, reasons=reasons)
    return frame.rename(columns=free_names(labels, answers)).assign(**answers)


def predict_file(
    task: RowTask,
    source: str | Path,
    target: str | Path,
    watch: Callable[[int], None] | None = None,
) -> int:
    """Answer every row of a file, in chunks; return the number of rows.

    Raises:
        InvalidData: the file cannot be read, lacks a feature, or holds a value that does not fit;
            the answers cannot be written, or would replace the file.
    """
    manifest = task.predictor.artefact.manifest
    if manifest.task == "series":
        raise InvalidData(
            "data_format",
            f"{task.contract} answers a series, not the rows of a file",
            hint="plait predict NAME --row '{\"history\": [12.5, 13, null]}'",
        )
    _check_target(str(source), Path(target))
    check_names(manifest.output.names, f"the answers of {task.contract}")
    fields = manifest.input.fields
    texts = [field.name for field in fields if field.kind == "category"]

    def answered(frame: Frame, first: int) -> Frame:
        columns = read_columns(frame, fields, str(source), first=first)
        answers = task.predictor.predict(columns)
        names = free_names(frame.names, answers)
        kept = (replace(each, name=names.get(each.name, each.name)) for each in frame.columns)
        return Frame((*kept, *Frame.of(answers).columns))

    done = 0
    with (
        TableWriter(Path(target)) as writer,
        closing(read_chunks(source, CHUNK_ROWS, strings=texts)) as chunks,
    ):
        for frame in _side_by_side(answered, chunks):
            writer.write(frame)
            done += frame.height
            if watch is not None:
                watch(done)
    return done


def _side_by_side(
    answered: Callable[[Frame, int], Frame], chunks: Iterable[Frame]
) -> Iterator[Frame]:
    """Yield the answered chunks in order; a few are under way at once, one thread each.

    Engines let go of the interpreter's lock, so that chunks are answered while others are read and
    written. What is in memory does not grow with the table.
    """
    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, "plait-batch")
    waiting: deque[Future[Frame]] = deque()
    first = 1
    try:
        for chunk in chunks:
            waiting.append(pool.submit(answered, chunk, first))
            first += chunk.height
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def free_names(names: Collection[str], answers: Collection[str]) -> dict[str, str]:
    """Return new names for the columns that bear the name of an answer: `input_` before the old.

    Names that differ only in case count as one, as they do for SQL and Parquet.
    """
    taken = {name.casefold() for name in (*names, *answers)}
    found = {}
    for name in names:
        if name.casefold() in {answer.casefold() for answer in answers}:
            free = f"input_{name}"
            while free.casefold() in taken:
                free = f"input_{free}"
            taken.add(free.casefold())
            found[name] = free
    return found


def read_columns(frame: Frame, fields: tuple[Field, ...], where: str, *, first: int = 1) -> Columns:
    """Return the columns of `fields`, checked as the rows of a request are.

    Only that numbers, true and false may be written as text: a single text among them makes a whole
    column of CSV text, and that text is the one to blame.

    Args:
        frame: at least the features, and any other columns.
        fields: of the artefact.
        where: what to call the table in an error.
        first: number of the frame's first row in the table, counted from 1.

    Raises:
        InvalidData: a feature is missing, or a value does not fit it; the row is named.
    """
    _refuse_absent(fields, frame.names, where)
    known = {column.name: column for column in frame.columns}
    return {field.name: _Cells(known[field.name], field, where, first).values() for field in fields}


def _refuse_absent(fields: tuple[Field, ...], names: Collection[str], where: str) -> None:
    for field in fields:
        if field.name not in names:
            raise InvalidData(
                "data_column_missing",
                f"there is no column {field.name!r}, which the contract needs",
                where=where,
                hint=suggestion(field.name, names),
            )


class _Cells:
    """One column on its way to a field."""

    def __init__(self, column: RawColumn, field: Field, where: str, first: int) -> None:
        self._column = column
        self._field = field
        self._where = where
        self._first = first
        if column.kind == "number":
            self._absent = np.isnan(column.values)
        else:
            self._absent = _flags(value is None for value in column.values)

    def values(self) -> NDArray[Any]:
        """Return the values in the kind of the field.

        Raises:
            InvalidData: one of them does not fit.
        """
        if not self._field.nullable:
            self._refuse(self._absent, "is missing, and it never was in training")
        match self._field.kind:
            case "number":
                return self._numbers()
            case "boolean":
                return self._booleans()
            case _:
                return self._levels()

    def _numbers(self) -> NDArray[Any]:
        values = self._column.values
        if self._column.kind != "number":
            if self._column.kind != "boolean":
                texts = _flags(value is not None and not _is_number(value) for value in values)
                self._refuse(texts, "is text, not a number")
            cells = zip(values, self._absent, strict=True)
            values = np.array([np.nan if absent else float(value) for value, absent in cells])
        self._refuse(np.isinf(values), "is infinite")
        return values

    def _booleans(self) -> NDArray[Any]:
        values = self._column.values
        if self._column.kind == "boolean":
            return values
        read = [_BOOLEANS.get(str(value).lower(), value) for value in values.tolist()]
        wrong = _flags(value not in (0, 1) for value in read)
        self._refuse(wrong & ~self._absent, "is neither true nor false")
        return self._objects(map(bool, read))

    def _levels(self) -> NDArray[Any]:
        values = self._column.values
        if self._column.kind in ("string", "time"):
            return values
        # a frame may hold only levels that look like numbers where training saw text as well
        return self._objects(map(level_text, values.tolist()))

    def _objects(self, values: Iterable[object]) -> NDArray[Any]:
        cells = zip(values, self._absent, strict=True)
        return objects(None if absent else value for value, absent in cells)

    def _refuse(self, rows: NDArray[np.bool_], problem: str) -> None:
        """Raise an error on the first of these rows, if there is one."""
        if rows.any():
            at = int(np.argmax(rows))
            value = "" if self._absent[at] else f" ({shown(self._column.values.tolist()[at])})"
            raise InvalidData(
                "data_format",
                f"{self._field.name!r} {problem}{value}",
                where=f"{self._where}, row {self._first + at}",
                hint="mend the row, or train on data that looks like it",
            )


def _check_target(source: str, target: Path) -> None:
    """Refuse before any work what could not be written in the end."""
    if target.exists() and Path(source).exists() and target.samefile(source):
        problem, hint = "it is the file to answer", "name another file for the answers"
    elif target.is_dir():
        problem, hint = "it is a folder", f"name a file in it, such as {target / 'answers.csv'}"
    elif not target.absolute().parent.is_dir():
        problem, hint = "its folder does not exist", f"mkdir -p {target.parent}"
    else:
        return
    raise InvalidData("data_unwritable", problem, where=str(target), hint=hint)


def _plain_values(series: Series) -> NDArray[Any]:
    """Return a pandas column with None for whatever it calls missing (NaN, NaT, pd.NA)."""
    values: NDArray[Any] = np.array(series.astype(object), dtype=object)
    values[series.isna().to_numpy()] = None
    return values


def _is_number(value: object) -> bool:
    return _NUMBER.fullmatch(str(value)) is not None


def _flags(answers: Iterable[bool]) -> NDArray[np.bool_]:
    return np.array(list(answers), dtype=bool)
