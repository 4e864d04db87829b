"""How wide lines are, in a terminal and in a file."""

import os
import re
import subprocess
import sys
import time

import pytest

from plait.cli import terminal


def test_a_file_has_no_width_unless_it_is_said(spawn, measured):
    free = spawn(*measured).out.splitlines()
    assert max(map(len, free)) > 300, "the summary is one line"
    bound = spawn(*measured, env={"COLUMNS": "60"}).out.splitlines()
    assert max(map(len, bound)) <= 60
    assert "\x1b" not in "".join(free)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals (pty)")
def test_a_terminal_gets_colours_unless_it_refuses(measured):
    assert b"\x1b[1;32m" in shown(measured)
    assert b"32m" not in shown(measured, NO_COLOR="1")


@pytest.fixture
def measured(made):
    """The command that shows a measured decision."""
    project = made["customers"]
    decision = re.search(r"dec_\w+", project.trained.out)[0]
    return "decisions", decision, "--project", project.folder


def shown(command, **environment):
    """Return what a command writes to a terminal."""
    import pty  # not on Windows

    terminal, end = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    child = subprocess.Popen(
        [sys.executable, "-m", "plait", *map(str, command)],
        stdout=end,
        env={**clean, "COLUMNS": "80", "TERM": "xterm", **environment},
    )
    os.close(end)
    found = b""
    while chunk := _read(terminal):
        found += chunk
    os.close(terminal)
    assert child.wait(timeout=60) == 0
    return found


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_a_table_wraps_in_its_last_column_only(narrow, capsys):
    terminal.table(("id", "score", "why"), [("x" * 40, "0.5", "because " * 20)], right=("score",))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("x" * 40)
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(line[40:].replace("0.5", "").strip() for line in lines[1:]).split() == (
        ["because"] * 20
    )


def test_what_people_copy_is_never_broken(narrow, capsys):
    terminal.whole("y" * 200)
    assert capsys.readouterr().out == "y" * 200 + "\n"


def test_moments_are_dates():
    at = time.mktime((2026, 11, 23, 9, 5, 0, 0, 0, -1))
    assert terminal.moment(at) == "2026-11-23 09:05"


def test_counts_have_their_plural():
    assert [terminal.plural(count, "row") for count in (0, 1, 2, 12_345)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "12,345 rows",
    ]
