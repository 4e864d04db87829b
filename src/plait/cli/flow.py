"""`plait flow`: what flows are made of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import click
from rich.markup import escape
from rich.tree import Tree

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import brief, console, plural, table
from plait.core import figure
from plait.core.ids import Json

_APART = ("step", "flows", "decision", "artefact", "p50_ms", "count", "problem")


@click.group("flow")
def command() -> None:
    """Look at the flows of a project."""


@command.command("list")
@project_option
@json_option
def list_(project: Path, as_json: bool) -> None:
    """List the flows and their steps."""
    with open_app(project) as app:
        flows = {
            name: [step for step, _ in app.flows.steps(name).steps] for name in app.flows.names()
        }
    if as_json:
        print_json({"flows": [{"flow": name, "steps": steps} for name, steps in flows.items()]})
    elif flows:
        table(("flow", "steps"), [(escape(name), ", ".join(flows[name])) for name in flows])
    else:
        console.print("this project has no flows; docs/configuration.md shows how to write one")


@command.command("show")
@click.argument("name", metavar="FLOW")
@project_option
@json_option
def show(name: str, project: Path, as_json: bool) -> None:
    """Draw FLOW: its steps, the decisions they cite, and the median time each takes."""
    with open_app(project) as app:
        found = app.describe_flow(name)
    if as_json:
        print_json(found)
        return
    asked = cast(int, found["requests"])
    told = f"median of the last {plural(asked, 'request')}" if asked else "not asked yet"
    tree = Tree(f"[bold]{escape(name)}[/]  [dim]{told}[/]", guide_style="dim")
    _grow(tree, cast("Sequence[Mapping[str, Json]]", found["steps"]))
    console.print(tree)


def _grow(tree: Tree, steps: Sequence[Mapping[str, Json]]) -> None:
    for step in steps:
        branch = tree.add(_line(step))
        for flow, inner in cast("Mapping[str, Json]", step.get("flows", {})).items():
            leaf = branch.add(f"[bold]{escape(flow)}[/]")
            _grow(leaf, cast("Sequence[Mapping[str, Json]]", inner))


def _line(step: Mapping[str, Json]) -> str:
    given = ", ".join(f"{key} {_plain(value)}" for key, value in step.items() if key not in _APART)
    line = f"{step['step']}  {escape(given)}"
    if "decision" in step:
        line += f"  [cyan]{brief(str(step['decision']))}[/]"
    if "problem" in step:
        line += f"  [yellow]{escape(str(step['problem']))}[/]"
    if "p50_ms" in step:
        line += f"  [dim]{figure.milliseconds(cast(float, step['p50_ms']))} ms[/]"
    return line


def _plain(value: Json) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} -> {each}" for key, each in value.items())
    if isinstance(value, str) or not isinstance(value, Sequence):
        return str(value)
    return ", ".join(map(str, value))
