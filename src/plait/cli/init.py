"""`plait init`: start a project."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.project import Started, init_data, init_desk
from plait.cli.frame import json_option, print_json
from plait.cli.render import console


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--data", help="A CSV or Parquet file, or its URL.")
@click.option("--target", help="The column to predict.")
@json_option
def command(folder: Path, data: str | None, target: str | None, as_json: bool) -> None:
    """Start a project in DIR.

    With --data and --target from your own data; without, the lending desk: real mortgage
    applications, fetched once.
    """
    if (data is None) != (target is None):
        raise click.UsageError("--data and --target go together")
    started = (
        init_desk(folder) if data is None or target is None else init_data(folder, data, target)
    )
    if as_json:
        print_json(
            {
                "folder": str(started.folder),
                "contract": started.contract,
                "findings": started.findings,
                "example": started.example,
            }
        )
        return
    _show(started)


def _show(started: Started) -> None:
    console.print(f"[bold]{escape(str(started.folder / 'plait.yaml'))}[/] written")
    for finding in started.findings:
        console.print(f"  {escape(finding)}")
    console.print("\nnext:")
    console.print(f"  cd {escape(str(started.folder))}")
    console.print(f"  plait train {started.contract}")
    console.print("  plait serve")
    if started.example:
        console.print("and from elsewhere:")
        click.echo(f"  {started.curl()}")
