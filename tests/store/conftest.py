import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plait.store.record import DecisionRow
from plait.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def decision():
    """A maker of decisions' rows."""

    def make(row_id: str, **body) -> DecisionRow:
        return DecisionRow(
            id=row_id,
            tenant="default",
            privacy=1,
            created=1.0,
            contract="loans",
            kind="declared",
            evidence="",
            artefact="",
            body=body,
        )

    return make


@pytest.fixture
def start():
    """Runs Python source in a process that is killed at the end."""
    running: list[subprocess.Popen[str]] = []

    def run(source: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", source, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()
