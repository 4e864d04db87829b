"""`plait config`: the effective settings and where each comes from."""

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from plait.app.settings import load_project
from plait.cli.frame import json_option, print_json, project_option
from plait.cli.render import console


@click.command("config")
@project_option
@json_option
def command(project: Path, as_json: bool) -> None:
    """Show every setting in force and its origin. Precedence: flag, environment, file."""
    loaded = load_project(project)
    rows = list(loaded.origins())
    if as_json:
        print_json([{"key": key, "value": value, "origin": where} for key, value, where in rows])
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("key", "value", "origin"):
        table.add_column(title)
    for key, value, where in rows:
        table.add_row(escape(key), escape(str(value)), where)
    console.print(table)
