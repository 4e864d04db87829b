"""What every command has: the project it works on, and its output as a table or as JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from plait.app.app import App

F = TypeVar("F", bound=Callable[..., Any])


def project_option(command: F) -> F:
    """Add `--project`, the folder of plait.yaml; this folder unless said otherwise."""
    return click.option(
        "--project",
        "-C",
        type=click.Path(path_type=Path),
        default=Path(),
        metavar="DIR",
        help="Folder of plait.yaml; this one by default.",
    )(command)


def json_option(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def address_options(command: F) -> F:
    """Add `--host` and `--port`."""
    port = click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free one.")
    host = click.option(
        "--host", help="Address to listen on; another than 127.0.0.1 needs an API key."
    )
    return host(port(command))


def given(**flags: str | int | None) -> dict[str, str | int]:
    """Return the flags that were given."""
    return {name: flag for name, flag in flags.items() if flag is not None}


def open_app(project: Path, **flags: str | int | None) -> App:
    """Open the project, with the flags that were given."""
    return App.open(project, **given(**flags))


def print_json(value: object) -> None:
    """Print one JSON value, indented."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))
