"""`plait init`: start a project."""

from pathlib import Path
from shlex import quote

import click
from rich.markup import escape

from plait.app.project import Started, init_data, init_desk
from plait.cli.bar import pull_bar
from plait.cli.frame import json_option, print_json
from plait.cli.terminal import console, whole

_MOST_FINDINGS = 12


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--data", help="A CSV or Parquet file, a glob of several, or a URL.")
@click.option("--target", help="The column to predict.")
@json_option
def command(folder: Path, data: str | None, target: str | None, as_json: bool) -> None:
    """Start a project in DIR.

    With --data and --target from your own data; without, the lending desk: real mortgage
    applications, fetched once. It writes a contract for rows with a target; those for texts,
    forecasts and anomalies are a line each in plait.yaml: docs/contracts.md.
    """
    if (data is None) != (target is None):
        raise click.UsageError(
            "--data and --target go together (a contract for anomalies has no target: write it in "
            "plait.yaml, docs/contracts.md)"
        )
    if data is not None and target is not None:
        started = init_data(folder, data, target)
    else:
        with pull_bar("loanapp") as bar:
            started = init_desk(folder, progress=bar)
    if as_json:
        print_json(
            {
                "folder": str(started.folder),
                "contract": started.contract,
                "findings": started.findings,
                "example": started.example,
                "curl": started.curl(),
            }
        )
    else:
        _show(started)


def _show(started: Started) -> None:
    whole(f"[bold]{escape(str(started.folder / 'plait.yaml'))}[/] written\n")
    for finding in started.findings[:_MOST_FINDINGS]:
        console.print(f"  {escape(finding)}")
    if (more := len(started.findings) - _MOST_FINDINGS) > 0:
        console.print(f"  and {more} more like these")
    lines = [f"plait train {started.contract}", "plait serve"]
    if started.folder.resolve() != Path().resolve():
        lines.insert(0, f"cd {quote(str(started.folder))}")
    console.print("next:")
    for line in lines:
        whole(f"  [bold]{escape(line)}[/]")
    console.print("\nand while it serves, from another terminal:")
    whole(f"  {escape(started.curl())}")
