"""`plait decisions`: list, show, run again."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.app import App
from plait.cli.bar import job_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import show_decision, show_decisions
from plait.cli.terminal import console, whole


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
    if contract and decision:
        raise click.UsageError("give either a decision or --contract")
    with open_app(project) as app:
        if decision is None:
            _list(app, contract, as_json=as_json)
        elif rerun:
            _rerun(app, decision, as_json=as_json)
        else:
            made = app.decision(decision)
            if as_json:
                print_json({"id": made.id, **made.record()})
            else:
                show_decision(made)


def _list(app: App, contract: str | None, *, as_json: bool) -> None:
    found = app.decisions(contract)
    if contract and not found:
        app.contract(contract)  # says so when there is no such contract
    answering = frozenset(row.decision for row in app.store.releases().values())
    if as_json:
        records = [
            {"id": each.id, "answers_now": each.id in answering, **each.record()} for each in found
        ]
        print_json({"decisions": records})
    elif found:
        show_decisions(found, answering)
    else:
        console.print(f"no decision yet: `plait train {escape(contract or 'CONTRACT')}` takes one")


def _rerun(app: App, decision: str, *, as_json: bool) -> None:
    made = app.decision(decision)
    with job_bar() as bar:
        again = app.rerun(made.id, watch=bar)
    if as_json:
        print_json(again)
    else:
        whole(f"[green]same evidence[/] {made.evidence}")
        console.print(escape(str(again["verdict"])))
