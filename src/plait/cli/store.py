"""`plait store`: back up and restore what outlives the process."""

from pathlib import Path

import click

from plait.app.settings import load_project
from plait.cli.frame import open_app, project_option
from plait.cli.render import console
from plait.store.backup import restore


@click.group("store")
def command() -> None:
    """Back the store up, and restore it."""


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@project_option
def backup(target: Path, project: Path) -> None:
    """Write everything, as it is now, to the new folder TARGET; a server may go on meanwhile."""
    with open_app(project) as app:
        app.store.backup(target)
    console.print(f"backed up to {target}")


@command.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of the store that is there.")
@project_option
def restore_store(source: Path, replace: bool, project: Path) -> None:
    """Make the project's store from the backup SOURCE."""
    folder = load_project(project).store
    restore(source, folder, overwrite=replace)
    console.print(f"restored {source} to {folder}")
