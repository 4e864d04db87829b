"""`plait doctor`: what is here, what is missing, and the line that brings it."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.doctor import Findings, Machine, ProjectState, examine
from plait.cli.frame import json_option, print_json, project_option
from plait.cli.terminal import console, table, whole
from plait.core import figure


@click.command("doctor")
@project_option
@json_option
def command(project: Path, as_json: bool) -> None:
    """Show the machine, the optional libraries, the pulled weights and the project's models."""
    found = examine(project)
    if as_json:
        print_json(found.record())
        return
    console.print(f"plait {found.plait}, Python {found.python}\n")
    _show_machine(found.machine)
    _show_libraries(found)
    if found.project is not None:
        _show_project(found.project)


def _show_machine(machine: Machine) -> None:
    rows = [
        ("system", machine.system),
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("fast arithmetic", ", ".join(machine.features) or "unknown"),
        ("memory", figure.size(machine.memory) if machine.memory else "unknown"),
        *(("GPU", f"{gpu.name}, {figure.size(gpu.memory)}") for gpu in machine.gpus),
        *((name, ", ".join(devices)) for name, devices in machine.runtimes.items()),
    ]
    if not machine.gpus:
        rows.insert(4, ("GPU", "none seen"))
    table(("machine", ""), [(name, escape(value)) for name, value in rows])


def _show_libraries(found: Findings) -> None:
    console.print()
    table(
        ("library", "extra", "version"),
        [
            (each.name, each.extra, each.version or f"[yellow]missing:[/] {escape(each.install)}")
            for each in found.libraries
        ],
    )
    console.print()
    table(
        ("weights", "size", ""),
        [
            (
                each.name,
                figure.size(each.size),
                "here" if each.here else f"plait models pull {each.name}",
            )
            for each in found.weights
        ],
        right=("size",),
    )


def _show_project(project: ProjectState) -> None:
    console.print()
    if project.error:
        whole(f"[red]project[/]  {escape(project.error)}")
        return
    made = "" if project.made else ", not made yet"
    whole(f"project {escape(project.name)}, store {escape(project.store)}{made}\n")
    if project.models:
        table(
            ("model", "engine", ""),
            [
                (
                    escape(each.name),
                    each.engine,
                    f"[yellow]{escape(each.wants)}[/]" if each.wants else "set up",
                )
                for each in project.models
            ],
        )
