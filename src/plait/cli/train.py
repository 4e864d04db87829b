"""`plait train`: race, decide, release."""

from pathlib import Path

import click
from rich.markup import escape

from plait.cli.bar import job_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import show_decision
from plait.cli.terminal import console, whole


@click.command("train")
@click.argument("contract")
@click.option(
    "--with",
    "add",
    multiple=True,
    metavar="COLUMN",
    help="Use this column too, as an experiment; goes well with --no-release.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything random."
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Of fitting and measuring; the decision says what could not be finished.",
)
@click.option("--release/--no-release", default=True, help="Let the winner answer from now on.")
@project_option
@json_option
def command(
    contract: str,
    add: tuple[str, ...],
    seed: int,
    minutes: float | None,
    release: bool,
    project: Path,
    as_json: bool,
) -> None:
    """Race the candidates of CONTRACT, record the decision and release the winner.

    The work is a job in a process of its own. Ctrl-C cancels it; after a crash the same command
    goes on where it was.
    """
    with open_app(project) as app:
        with job_bar() as bar:
            decision = app.train(
                contract, add=add, seed=seed, release=release, minutes=minutes, watch=bar
            )
        if as_json:
            print_json({"id": decision.id, **decision.record()})
            return
        show_decision(decision)
        if release:
            console.print(
                f"\n[green]{escape(decision.winner)} answers for {escape(contract)} now[/]"
            )
            series = app.contract(contract).task == "series"
            how = "--row '{\"history\": [1.5, 2]}'" if series else "--file IN.csv --out OUT.csv"
            predict = escape(f"plait predict {contract} {how}")
            whole(f"next: [bold]plait serve[/], or [bold]{predict}[/]")
        else:
            whole(f"\nnot released: [bold]plait release {decision.id}[/] would do it")
