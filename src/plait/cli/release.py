"""`plait release`: let a decision's winner answer."""

from pathlib import Path

import click
from rich.markup import escape

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import console


@click.command("release")
@click.argument("decision")
@project_option
@json_option
def command(decision: str, project: Path, as_json: bool) -> None:
    """Let the winner of DECISION answer for its contract; an earlier one to go back."""
    with open_app(project) as app:
        made = app.decision(decision)
        number = app.release(made.id)
    if as_json:
        print_json({"release": number, "contract": made.contract, "decision": made.id})
    else:
        console.print(
            f"release {number}: [bold]{escape(made.winner)}[/] answers for "
            f"{escape(made.contract)} now; a running server takes it within a second"
        )
