"""The command itself: its help, its exit statuses, and what becomes of errors."""

import os
import subprocess
import sys

import click
import pytest

from plait.cli.main import COMMANDS, cli


def test_help_names_every_command(run):
    for arguments in ((), ("--help",), ("-h",)):
        ran = run(*arguments)
        assert ran.status == (0 if arguments else 2)
        told = ran.out + ran.err
        assert [name for name in COMMANDS if f"  {name} " not in told] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself_and_its_options(run, name):
    ran = run(name, "--help")
    assert ran.status == 0
    command = cli.get_command(click.Context(cli), name)
    commands = [*command.commands.values()] if isinstance(command, click.Group) else [command]
    for each in commands:
        assert each.help, each.name
        silent = [p.name for p in each.params if isinstance(p, click.Option) and not p.help]
        assert silent == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_speaks_json(name):
    command = cli.get_command(click.Context(cli), name)
    commands = [*command.commands.values()] if isinstance(command, click.Group) else [command]
    assert [each.name for each in commands if "as_json" not in {p.name for p in each.params}] == []


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("init",), ("train", "--nonsense"), ("serve", "--port", "99999")]
)
def test_a_wrong_call_ends_with_two(run, arguments):
    ran = run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Error: " in ran.err


def test_an_error_is_one_line_and_with_json_an_object_too(run, tmp_path):
    plain = run("config", "--project", tmp_path)
    assert (plain.status, plain.out) == (1, "")
    assert plain.err == (
        f"plait: {tmp_path}: there is no plait.yaml (make one with `plait init DIR`, or name the "
        "project with --project) [settings_missing]\n"
    )
    ran = run("config", "--project", tmp_path, "--json")
    assert (ran.status, ran.err) == (1, plain.err)
    assert ran.json["error"]["code"] == "settings_missing"
    assert "there is no plait.yaml" in ran.json["error"]["message"]


def test_an_unexpected_error_is_one_line_too(run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr("plait.cli.config.load_project", broken)
    ran = run("config")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("plait: unexpected ZeroDivisionError: by; nothing (a fault of plait")
    with pytest.raises(ZeroDivisionError):
        run("--traceback", "config")


def test_ctrl_c_ends_with_130(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("plait.cli.config.load_project", interrupted)
    ran = run("config")
    assert (ran.status, ran.out, ran.err.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_leaves_gets_no_traceback(project, form):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "plait", "config", "--project", project, *form],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_it_runs_as_a_module(spawn):
    ran = spawn("--version")
    assert ran.status == 0
    assert ran.out.startswith("plait, version ")
