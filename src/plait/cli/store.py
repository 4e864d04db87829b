"""`plait store`: back up and restore what outlives the process."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.settings import load_project
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import whole
from plait.store.backup import restore


@click.group("store")
def command() -> None:
    """Back the store up, and restore it."""


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@project_option
@json_option
def backup(target: Path, project: Path, as_json: bool) -> None:
    """Write everything, as it is now, to the new folder TARGET; a server may go on meanwhile."""
    with open_app(project) as app:
        app.store.backup(target)
        folder = app.project.store
    _tell("backed up", folder, target, as_json=as_json)


@command.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the store that is there.")
@project_option
@json_option
def restore_store(source: Path, overwrite: bool, project: Path, as_json: bool) -> None:
    """Make the project's store from the backup SOURCE. A store that is replaced is kept beside."""
    folder = load_project(project).store
    restore(source, folder, overwrite=overwrite)
    _tell("restored", source, folder, as_json=as_json)


def _tell(done: str, source: Path, target: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"from": str(source), "to": str(target)})
    else:
        whole(escape(f"{done} {source} to {target}"))
