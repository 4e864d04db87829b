"""Many rows at once: data frames, and files of any length in constant memory."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from plait.app.cells import Misfit, fit_columns, misfit_error, read_columns, refuse_absent
from plait.core.clock import SYSTEM_CLOCK
from plait.core.columns import Columns
from plait.core.errors import InvalidData
from plait.core.protocol import RowTask
from plait.core.schema import Field
from plait.store.frame import Frame, check_names
from plait.store.table_read import read_chunks
from plait.store.table_write import TableWriter

CHUNK_ROWS = 20_000


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
T = TypeVar("T")


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
    fields = _fields(task, labels, "the frame")
    refuse_absent(fields, labels, "the frame")
    used = [field.name for field in fields]
    check_names([str(label) for label in frame.columns if str(label) in used], "the frame")
    present = {name: _plain_values(frame[labels[name]]) for name in used}
    columns = read_columns(Frame.of(present), fields, "the frame")
    if not len(frame):
        columns = {field.name: [] for field in fields}
    columns, misfits = _looked_up(task, columns, SYSTEM_CLOCK.now(), "the frame", 1)
    if misfits:
        raise misfit_error(misfits, "the frame")
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
        InvalidData: the file cannot be read, lacks a feature, or holds a value that does not fit:
            the first is named, all are counted, and nothing is written. The answers cannot be
            written, or would replace the file.
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
    fields = task.input.fields
    texts = [field.name for field in fields if field.kind in ("category", "text", "time")]
    numbers = [field.name for field in fields if field.kind == "number"]

    failed = Event()
    now = SYSTEM_CLOCK.now()

    def answered(frame: Frame, first: int) -> Frame | Sequence[Misfit]:
        asked = _fields(task, frame.names, str(source))
        columns, misfits = fit_columns(frame, asked, str(source), first=first)
        if not misfits:
            columns, misfits = _looked_up(task, columns, now, str(source), first)
        if misfits or failed.is_set():  # from then on rows are only checked
            failed.set()
            return misfits
        answers = task.predictor.predict(columns)
        names = free_names(frame.names, answers)
        kept = (replace(each, name=names.get(each.name, each.name)) for each in frame.columns)
        return Frame((*kept, *Frame.of(answers).columns))

    done, wrong = 0, list[Misfit]()
    with (
        TableWriter(Path(target)) as writer,
        closing(read_chunks(source, CHUNK_ROWS, strings=texts, numbers=numbers)) as chunks,
    ):
        for found in _side_by_side(answered, chunks):
            if not isinstance(found, Frame):
                wrong += found
            elif not wrong:
                writer.write(found)
                done += found.height
                if watch is not None:
                    watch(done)
        if wrong:
            raise misfit_error(wrong, str(source))
    return done


def _fields(task: RowTask, names: Collection[str], where: str) -> tuple[Field, ...]:
    """Return the fields to look for in a table of these columns.

    Raises:
        InvalidData: `data_format`, it has a column of what is looked up in tables.
    """
    if task.lookup is None:
        return task.input.fields
    for name in sorted(task.lookup.names & set(names)):
        raise InvalidData(
            "data_format",
            f"{name!r} is looked up in tables, and no column to answer from",
            where=where,
            hint="remove or rename the column",
        )
    return task.lookup.asked(task.input.fields, names)


def _looked_up(
    task: RowTask, columns: Columns, now: float, where: str, first: int
) -> tuple[Columns, Sequence[Misfit]]:
    """Return what the artefact takes, with what the tables say, and what of that does not fit."""
    if task.lookup is None:
        return columns, ()
    found = task.lookup.filled(columns, now)
    taken = task.predictor.artefact.manifest.input.fields
    fields = tuple(each for each in taken if each.name in task.lookup.names)
    looked_up = Frame.of({each.name: found[each.name] for each in fields})
    fitted, misfits = fit_columns(looked_up, fields, where, first=first)
    return {**found, **fitted}, misfits


def _side_by_side(answered: Callable[[Frame, int], T], chunks: Iterable[Frame]) -> Iterator[T]:
    """Yield the answered chunks in order; a few are under way at once, one thread each.

    Engines let go of the interpreter's lock, so that chunks are answered while others are read and
    written. What is in memory does not grow with the table.
    """
    workers = os.cpu_count() or 1
    pool = ThreadPoolExecutor(workers, "plait-batch")
    waiting: deque[Future[T]] = deque()
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
