"""How wide lines are, in a terminal and in a file."""

import os
import sys
import time

import pytest

from plait.cli import terminal


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_a_terminal_wraps_and_a_file_does_not(spawn, made):
    import pty

    project = made["customers"].folder
    listed = spawn("decisions", "--json", cwd=project).json["decisions"]
    told = ("decisions", listed[0]["id"])
    free = spawn(*told, cwd=project).out.splitlines()
    assert max(map(len, free)) > 300, "the summary is one line"
    assert max(map(len, spawn(*told, cwd=project, env={"COLUMNS": "60"}).out.splitlines())) <= 60

    master, slave = pty.openpty()
    child = os.fork()
    if not child:
        os.dup2(slave, 1)
        os.chdir(project)
        os.environ.pop("NO_COLOR", None)
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "plait", *told], environment)
    os.close(slave)
    shown = b""
    while chunk := _read(master):
        shown += chunk
    os.waitpid(child, 0)
    os.close(master)
    assert b"\x1b[1m" in shown, "a terminal gets colours"
    assert "\x1b[" not in "".join(free), "a file does not"


def _read(master):
    try:
        return os.read(master, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_a_table_wraps_in_its_last_column_only(run, narrow, capsys):
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
