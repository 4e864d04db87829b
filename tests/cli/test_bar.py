"""Bars show where work stands, and leave nothing behind."""

from io import StringIO

import pytest
from rich.console import Console

from plait.cli import bar
from plait.registry.origin import Progress
from plait.store.record import JobRow


@pytest.fixture
def screen(monkeypatch):
    """A terminal in memory."""
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    monkeypatch.setattr(bar, "side", console)
    return stream


def test_a_job_shows_its_step_and_how_far_it_is(screen):
    with bar.job_bar() as watch:
        watch(JobRow(step="linear, fold 3", done=7, total=36, **ROW))
    assert "linear, fold 3" in screen.getvalue()
    assert " 7/36" in screen.getvalue()


def test_a_pull_shows_its_phase_and_bytes(screen):
    with bar.pull_bar("minilm") as watch:
        watch(Progress("downloading", 500_000, 2_000_000))
    assert "minilm: downloading" in screen.getvalue()
    assert "0.5/2.0 MB" in screen.getvalue()


def test_rows_are_counted(screen):
    with bar.row_bar() as watch:
        watch(40_000)
    assert "40,000 rows" in screen.getvalue()


def test_without_a_terminal_nothing_is_shown(monkeypatch):
    stream = StringIO()
    monkeypatch.setattr(bar, "side", Console(file=stream))
    with bar.job_bar() as watch:
        watch(JobRow(step="x", done=1, total=2, **ROW))
    assert stream.getvalue() == ""


ROW = {
    "id": "job_1",
    "tenant": "default",
    "privacy": 1,
    "created": 0.0,
    "key": "k",
    "kind": "train",
    "arguments": {},
}
