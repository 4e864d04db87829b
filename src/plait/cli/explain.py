"""`plait explain`: one id explains everything."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.markup import escape

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import console, moment
from plait.core.ids import Json


@click.command("explain")
@click.argument("request_id", metavar="ID")
@project_option
@json_option
def command(request_id: str, project: Path, as_json: bool) -> None:
    """Tell everything about the answered request ID: who, what, by which model, decided how."""
    with open_app(project) as app:
        found = app.explain(request_id)
    if as_json:
        print_json(found)
    else:
        show_explanation(found)


def show_explanation(found: Mapping[str, Json]) -> None:
    """Print what is known of one request."""
    created, seconds = float(str(found["created"])), float(str(found["seconds"]))
    console.print(f"[bold]{found['id']}[/]")
    console.print(
        f"  {moment(created)}  {found['name']}  {found['status']}  {1000 * seconds:.2f} ms"
    )
    for name, value in found.items():
        if name not in ("id", "name", "status", "created", "seconds") and value not in (None, ""):
            console.print(f"[bold]{name}[/]")
            _print(value, "  ")


def _print(value: object, indent: str) -> None:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(each, Mapping | list | tuple) and each:
                console.print(f"{indent}[dim]{escape(str(name))}[/]")
                _print(each, indent + "  ")
            elif each not in (None, "", [], {}):
                console.print(f"{indent}[dim]{escape(str(name))}[/] {escape(_short(each))}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(each, Mapping | list | tuple) for each in value):
            console.print(indent + escape(", ".join(map(str, value))))
            return
        for each in value:
            if isinstance(each, Mapping):
                parts = [f"[dim]{n}[/] {escape(_short(v))}" for n, v in each.items() if v]
                console.print(indent + "  ".join(parts))
            else:
                _print(each, indent)
    else:
        console.print(indent + escape(str(value)))


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_short(each)}" for name, each in value.items())
    return str(value)
