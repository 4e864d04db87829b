"""`plait train`: race, decide, release."""

from pathlib import Path

import click

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import JobBar, console, show_decision


@click.command("train")
@click.argument("contract")
@click.option(
    "--with",
    "add",
    multiple=True,
    metavar="COLUMN",
    help="Use this column too, as an experiment; goes well with --no-release.",
)
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option("--release/--no-release", default=True, help="Let the winner answer from now on.")
@project_option
@json_option
def command(
    contract: str, add: tuple[str, ...], seed: int, release: bool, project: Path, as_json: bool
) -> None:
    """Race the candidates of CONTRACT, record the decision and release the winner.

    The work is a job in a process of its own. Ctrl-C cancels it; after a crash the same command
    goes on where it was.
    """
    with open_app(project) as app:
        job = app.submit_training(contract, add=add, seed=seed, release=release)
        try:
            with JobBar() as bar:
                decision = app.trained(job, bar)
        except KeyboardInterrupt:
            app.jobs.cancel(job.id)
            raise
        if as_json:
            print_json({"decision": decision.id, **decision.record()})
            return
        show_decision(decision)
        if release:
            console.print(f"{contract} is answered by [bold]{decision.winner}[/] from now on.")
            console.print("next: [bold]plait serve[/], or [bold]plait predict[/]")
