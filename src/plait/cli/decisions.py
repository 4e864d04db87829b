"""`plait decisions`: list, show, run again."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.app import App
from plait.app.card import write_record
from plait.cli.bar import job_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import show_decision, show_decisions, show_plots
from plait.cli.terminal import brief, console, whole
from plait.registry.decision import find_evidence


@click.command("decisions")
@click.argument("decision", required=False)
@click.option("--contract", help="Only decisions of this contract.")
@click.option("--rerun", is_flag=True, help="Run the evidence of DECISION again and compare.")
@click.option("--card", is_flag=True, help="Print the model card of DECISION, as Markdown.")
@project_option
@json_option
def command(
    decision: str | None,
    contract: str | None,
    rerun: bool,
    card: bool,
    project: Path,
    as_json: bool,
) -> None:
    """List decisions, or show DECISION (an id or its beginning) whole."""
    if (rerun or card) and not decision:
        raise click.UsageError(f"--{'rerun' if rerun else 'card'} needs the id of a decision")
    if rerun and card:
        raise click.UsageError("give either --rerun or --card")
    if contract and decision:
        raise click.UsageError("give either a decision or --contract")
    with open_app(project) as app:
        if decision is None:
            _list(app, contract, as_json=as_json)
        elif rerun:
            _rerun(app, decision, as_json=as_json)
        else:
            _show(app, decision, card=card, as_json=as_json)


def _show(app: App, decision: str, *, card: bool, as_json: bool) -> None:
    made = app.decision(decision)
    evidence = find_evidence(app.store, made.evidence) if made.evidence else None
    files = write_record(made, evidence, app.project.store)
    if as_json:
        paths = {name: str(path) for name, path in files.items()}
        print_json({"id": made.id, **made.record(), "files": paths})
    elif card:
        click.echo(files["card"].read_text(encoding="utf-8"), nl=False)
    else:
        show_decision(made)
        show_plots(made)
        console.print(
            f"\n[dim]`plait decisions {brief(made.id)} --card` prints the model card, "
            "--json the files of card and plots[/]"
        )


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
