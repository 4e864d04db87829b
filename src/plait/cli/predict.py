"""`plait predict`: a row or a file."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict, Unpack

import click
import orjson
from rich.markup import escape

from plait.app.app import App
from plait.cli.bar import row_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import show_answers, show_forecast, show_legend
from plait.cli.terminal import plural, whole
from plait.core.errors import InvalidRequest
from plait.core.history import forecast_request
from plait.core.response import PredictResponse
from plait.core.schema import FieldKind

_MOST_REASONS = 100


class _Shared(TypedDict):
    """What every command takes."""

    project: Path
    as_json: bool


@click.command("predict")
@click.argument("contract")
@click.argument("pairs", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--row", help="One row as a JSON object, or several as a list.")
@click.option("--file", "source", type=click.Path(), help="CSV, JSON lines or Parquet to answer.")
@click.option("--out", type=click.Path(), help="CSV, JSON lines or Parquet to write.")
@click.option(
    "--reasons",
    type=click.IntRange(0, _MOST_REASONS),
    default=0,
    show_default=True,
    help="How many reasons to give for each row; not with --file.",
)
@project_option
@json_option
def command(
    contract: str,
    pairs: tuple[str, ...],
    row: str | None,
    source: str | None,
    out: str | None,
    reasons: int,
    **shared: Unpack[_Shared],
) -> None:
    """Answer a row, or every row of a file, by the champion of CONTRACT.

    A row is written as FIELD=VALUE arguments, such as text="where is my card", or as JSON. A series
    contract goes on with --row '{"history": [12.5, 13, null], "horizon": 2}'.
    A file is written with the input's columns, `prediction`, and `probability_CLASS` for each
    class. A column of the input that bears such a name is kept as `input_NAME`.
    """
    if sum((bool(pairs), row is not None, source is not None)) != 1:
        raise click.UsageError("give either FIELD=VALUE, or --row JSON, or --file F --out G")
    if (source is None) != (out is None):
        raise click.UsageError("--file and --out go together")
    if source is not None and reasons:
        raise click.UsageError("--reasons goes with FIELD=VALUE and --row")
    with open_app(shared["project"]) as app:
        if source is not None and out is not None:
            _file(app, contract, source, out, as_json=shared["as_json"])
            return
        if app.contract(contract).task == "series":
            _series(app, contract, row, as_json=shared["as_json"])
            return
        rows = [_pairs(app, contract, pairs)] if pairs else _rows(row or "")
        response = app.predict(contract, rows, reasons=reasons)
        if shared["as_json"]:
            print_json(response.record())
        else:
            _show(app, response)


def _series(app: App, contract: str, row: str | None, *, as_json: bool) -> None:
    """Answer the history of a series."""
    if row is None:
        raise click.UsageError(f"{contract} answers a series: --row '{{\"history\": [1.5, 2]}}'")
    sent = _rows(row)
    if len(sent) != 1:
        raise click.UsageError("a series contract answers one history at a time")
    asked = forecast_request(contract, sent[0])
    response = app.forecast(contract, asked.history, asked.horizon)
    if as_json:
        print_json(response.record())
    else:
        show_forecast(response.content())
        whole(f"[dim]plait explain {response.id}[/]")


def _pairs(
    app: App, contract: str, pairs: tuple[str, ...]
) -> Mapping[str, bool | int | float | str | None]:
    """Return the row of FIELD=VALUE arguments; a value is what its field is."""
    kinds: dict[str, FieldKind] = {
        field.name: field.kind for field in app.live.task(contract).input.fields
    }
    row: dict[str, bool | int | float | str | None] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{pair!r} is not FIELD=VALUE")
        row[name] = text
        if kinds.get(name) in ("number", "boolean"):
            with suppress(orjson.JSONDecodeError):  # then the schema says what is wrong with it
                row[name] = orjson.loads(text)
    return row


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
        raise InvalidRequest(
            "request_shape",
            "not an object or a list of objects",
            where="--row",
            hint="""write --row '{"field": 1}'""",
        )
    return rows


def _file(app: App, contract: str, source: str, out: str, *, as_json: bool) -> None:
    with row_bar() as bar:
        rows = app.predict_file(contract, source, out, watch=bar)
    if as_json:
        print_json({"rows": rows, "out": out})
    else:
        whole(f"{plural(rows, 'row')} answered: {escape(out)}")


def _show(app: App, response: PredictResponse) -> None:
    contract = app.contract(response.contract)
    show_answers(
        [each.record() for each in response.predictions],
        contract.target,
        point=response.operating_point,
        notes=contract.features,
    )
    show_legend(response, contract.target)
    whole(f"[dim]plait explain {response.id}[/]")
