"""Bars that show how far long work has come; silent where there is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from plait.cli.terminal import plural, side
from plait.core import job
from plait.registry import origin
from plait.store.record import JobRow


@contextmanager
def job_bar() -> Iterator[Callable[[JobRow], None]]:
    """Show the progress of a job."""
    with _bar("waiting", BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn()) as move:
        yield lambda job: move(job.step or job.state, job.done, job.total or None)


@contextmanager
def pull_bar(name: str) -> Iterator[origin.Report]:
    """Show the progress of a pull."""
    with _bar(name, BarColumn(24), DownloadColumn(), TimeRemainingColumn()) as move:
        yield lambda told: move(f"{name}: {told.phase}", told.done, told.total)


@contextmanager
def row_bar() -> Iterator[Callable[[int], None]]:
    """Show how many rows of a file are answered."""
    with _bar("reading", TimeElapsedColumn()) as move:
        yield lambda rows: move(plural(rows, "row"), rows, None)


@contextmanager
def ingest_bar() -> Iterator[Callable[[job.Progress], None]]:
    """Show how many documents are taken in."""
    with _bar("reading", BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn()) as move:
        yield lambda told: move(told.step, told.done, told.total or None)


@contextmanager
def _bar(
    said: str, *columns: ProgressColumn
) -> Iterator[Callable[[str, int | None, int | None], None]]:
    """Show a bar within `with`, and yield what moves it: words, units done, units in all."""
    with Progress(
        TextColumn("{task.description}"),
        *columns,
        console=side,
        transient=True,
        disable=not side.is_terminal,
    ) as progress:
        task = progress.add_task(escape(said), total=None)
        yield lambda words, done, total: progress.update(
            task, description=escape(words), completed=done, total=total
        )
