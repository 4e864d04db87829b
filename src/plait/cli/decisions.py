"""`plait decisions`: list, show, run again."""

from pathlib import Path

import click

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import JobBar, console, show_decision, show_decisions


@click.command("decisions")
@click.argument("decision", required=False)
@click.option("--contract", help="Only decisions of this contract.")
@click.option("--rerun", is_flag=True, help="Run the evidence of DECISION again and compare.")
@project_option
@json_option
def command(
    decision: str | None, contract: str | None, rerun: bool, project: Path, as_json: bool
) -> None:
    """List decisions, or show DECISION (an id or its beginning) whole."""
    if rerun and not decision:
        raise click.UsageError("--rerun needs the id of a decision")
    with open_app(project) as app:
        if decision is None:
            found = app.decisions(contract)
            if as_json:
                print_json([{"id": each.id, **each.record()} for each in found])
            elif found:
                show_decisions(found)
            else:
                console.print("no decision yet: [bold]plait train CONTRACT[/] takes one")
            return
        made = app.decision(decision)
        if rerun:
            with JobBar() as bar:
                again = app.rerun(made.id, watch=bar)
            if as_json:
                print_json(again)
            else:
                console.print(f"[green]same evidence[/] {made.evidence}")
                console.print(str(again["verdict"]))
            return
        if as_json:
            print_json({"id": made.id, **made.record()})
        else:
            show_decision(made)
