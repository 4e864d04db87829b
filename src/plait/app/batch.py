"""Many rows at once: data frames, and files of any length in constant memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Columns
from plait.core.errors import InvalidData, nearest_of
from plait.core.schema import Field
from plait.engines.answer import level_text
from plait.store.frame import Frame, RawColumn
from plait.store.table_read import read_chunks
from plait.store.table_write import TableWriter
from plait.tasks.tabular.task import TabularTask

CHUNK_ROWS = 20_000


def predict_frame(task: TabularTask, frame: Any, reasons: int) -> Any:  # noqa: ANN401
    """Return a frame of the same kind (pandas, polars): its columns plus the answers.

    Raises:
        InvalidData: a feature is missing, or a value does not fit it.
    """
    fields = task.predictor.artefact.manifest.input.fields
    present = {name: frame[name].to_numpy() for name in frame.columns if name in _names(fields)}
    columns = read_columns(Frame.of(present), fields, "the frame")
    answers = task.predictor.predict(columns, reasons=reasons)
    if hasattr(frame, "assign"):  # keeps the index of a pandas frame
        return frame.assign(**answers)
    kept = {name: frame[name] for name in frame.columns}
    return type(frame)({**kept, **answers})


def predict_file(
    task: TabularTask,
    source: str | Path,
    target: str | Path,
    watch: Callable[[int], None] | None = None,
) -> int:
    """Answer every row of a file, in chunks; return the number of rows.

    Raises:
        InvalidData: the file cannot be read, lacks a feature, or holds a value that does not fit.
    """
    fields = task.predictor.artefact.manifest.input.fields
    texts = [field.name for field in fields if field.kind == "category"]
    done = 0
    with TableWriter(Path(target)) as writer:
        for frame in read_chunks(source, CHUNK_ROWS, strings=texts):
            writer.write(answer_frame(task, frame, str(source)))
            done += frame.height
            if watch is not None:
                watch(done)
    return done


def answer_frame(task: TabularTask, frame: Frame, where: str) -> Frame:
    """Return the frame's columns plus `prediction`, and `probability_<class>` per class.

    Raises:
        InvalidData: a feature is missing, or a value does not fit it.
    """
    columns = read_columns(frame, task.predictor.artefact.manifest.input.fields, where)
    answers = task.predictor.predict(columns)
    kept = tuple(column for column in frame.columns if column.name not in answers)
    return Frame(kept + Frame.of(answers).columns)


def read_columns(frame: Frame, fields: tuple[Field, ...], where: str) -> Columns:
    """Return the columns of `fields`, checked as strictly as the rows of a request.

    Raises:
        InvalidData: a feature is missing, or a value does not fit it; the row is named.
    """
    known = {column.name: column for column in frame.columns}
    found: dict[str, NDArray[Any]] = {}
    for field in fields:
        if field.name not in known:
            near = nearest_of(field.name, list(known))
            raise InvalidData(
                "data_column_missing",
                f"there is no column {field.name!r}",
                where=where,
                hint=f"did you mean {near!r}?" if near else "the contract needs it",
            )
        found[field.name] = _values(known[field.name], field, where)
    return found


def _values(column: RawColumn, field: Field, where: str) -> NDArray[Any]:
    values = _fitted(column, field, where)
    missing = np.array([value is None or value != value for value in values.tolist()], dtype=bool)
    if missing.any() and not field.nullable:
        raise _unfit(field, where, missing, "is missing, and it never was in training")
    if field.kind == "number" and (infinite := np.isinf(values)).any():
        raise _unfit(field, where, infinite, "is infinite")
    return values


def _fitted(column: RawColumn, field: Field, where: str) -> NDArray[Any]:
    """Return the column's values as the kind the field has."""
    values = column.values
    absent = np.array([value is None or value != value for value in values.tolist()], dtype=bool)
    if field.kind == "number":
        if column.kind == "string" and not absent.all():
            raise _unfit(field, where, ~absent, "is text, not a number")
        return np.array([np.nan if a else v for v, a in zip(values, absent, strict=True)], float)
    if field.kind == "boolean":
        wrong = ~absent & np.array([value not in (0, 1) for value in values.tolist()], dtype=bool)
        if wrong.any():
            raise _unfit(field, where, wrong, "is neither true nor false")
        return _objects(None if a else bool(v) for v, a in zip(values, absent, strict=True))
    if column.kind == "string":
        return values
    # this file holds only levels that look like numbers, where training saw text as well
    return _objects(
        None if a else level_text(v) for v, a in zip(values.tolist(), absent, strict=True)
    )


def _objects(values: Iterator[object]) -> NDArray[Any]:
    return np.array(list(values), dtype=object)


def _unfit(field: Field, where: str, rows: NDArray[np.bool_], problem: str) -> InvalidData:
    return InvalidData(
        "data_format",
        f"{field.name!r} {problem}",
        where=f"{where}, row {int(np.argmax(rows)) + 1}",
        hint="mend the data, or train on data that looks like it",
    )


def _names(fields: tuple[Field, ...]) -> set[str]:
    return {field.name for field in fields}
