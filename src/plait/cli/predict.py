"""`plait predict`: a row or a file."""

from collections.abc import Mapping
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from plait.app.app import App
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import console, show_response
from plait.core.errors import InvalidRequest


@click.command("predict")
@click.argument("contract")
@click.option("--row", help="One row as a JSON object, or several as a list.")
@click.option("--file", "source", type=click.Path(), help="CSV or Parquet to answer.")
@click.option("--out", type=click.Path(), help="CSV or Parquet to write.")
@click.option("--reasons", default=0, show_default=True, help="How many reasons per row.")
@project_option
@json_option
def command(
    contract: str,
    row: str | None,
    source: str | None,
    out: str | None,
    reasons: int,
    project: Path,
    as_json: bool,
) -> None:
    """Answer a row, or every row of a file, by the champion of CONTRACT."""
    if (row is None) == (source is None):
        raise click.UsageError("give either --row JSON, or --file F --out G")
    if (source is None) != (out is None):
        raise click.UsageError("--file and --out go together")
    with open_app(project) as app:
        if source is not None and out is not None:
            _file(app, contract, source, out, as_json=as_json)
            return
        response = app.predict(contract, _rows(row or ""), reasons=reasons)
        if as_json:
            print_json(response.record())
        else:
            show_response(response, app.contract(contract).features)


def _rows(text: str) -> list[Mapping[str, bool | int | float | str | None]]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            "request_not_json",
            f"not JSON: {error}",
            where="--row",
            hint="""quote it for the shell: --row '{"field": 1}'""",
        ) from None
    rows = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in rows):
        raise InvalidRequest("request_shape", "not an object or a list of objects", where="--row")
    return rows


def _file(app: App, contract: str, source: str, out: str, *, as_json: bool) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.completed} rows"), TimeElapsedColumn())
    error_console = Console(stderr=True)
    with Progress(
        *columns, console=error_console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("rows", total=None)
        rows = app.predict_file(
            contract, source, out, watch=lambda done: bar.update(task, completed=done)
        )
    if as_json:
        print_json({"rows": rows, "out": out})
    else:
        console.print(f"{rows} rows answered: {out}")
