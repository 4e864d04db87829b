"""`plait demo`: the whole walk on real data."""

import time
from pathlib import Path
from shlex import quote
from typing import Any

import click
from rich.markup import escape

from plait.app.demo import (
    CONTRACT,
    LEAK,
    WEIGHTS,
    Demo,
    Exchanged,
    download_bytes,
    missing_libraries,
)
from plait.cli.ask import show_answer
from plait.cli.bar import job_bar, pull_bar
from plait.cli.explain import show_explanation
from plait.cli.frame import json_option, print_json
from plait.cli.ingest import show_report
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
    """Walk the lending desk: train with a leak, train without, predict, explain, then talk."""
    started = time.monotonic()
    lacking = missing_libraries()
    if not as_json:
        _announce(folder, talks=not lacking)
    with pull_bar("loanapp") as bar:
        demo = Demo(folder, bar)
    told: dict[str, Any] = {}
    with demo:
        _decide(demo, told, quiet=as_json)
        if lacking:
            told["skipped"] = f"the conversation: pip install 'plait[desk]' ({', '.join(lacking)})"
        elif demo.talks:
            _converse(demo, told, quiet=as_json)
        else:
            told["skipped"] = f"the conversation: {folder} is of an older plait; remove it"
    told["seconds"] = seconds = round(time.monotonic() - started, 1)
    if as_json:
        print_json(told)
        return
    if "skipped" in told:
        console.print(f"\n[yellow]![/] left out {escape(told['skipped'])}")
    console.print(f"\n[bold]done in {seconds:.0f} s[/]; next:")
    whole(f"  [bold]cd {escape(quote(str(folder)))}[/]")
    whole("  [bold]plait serve[/]")
    if "skipped" not in told:
        whole("  [bold]plait ask desk[/]")


def _decide(demo: Demo, told: dict[str, Any], *, quiet: bool) -> None:
    """Train, predict and explain."""
    leaky = _train(demo, leak=True, quiet=quiet)
    honest = _train(demo, leak=False, quiet=quiet)
    answers = demo.answer()
    explained = demo.explain(answers["stretched"].id)
    contract = demo.app.contract(CONTRACT)
    told["decisions"] = [{"id": each.id, **each.record()} for each in (leaky, honest)]
    told["answers"] = [_record(name, answer) for name, answer in answers.items()]
    told["explained"] = explained
    if quiet:
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


def _converse(demo: Demo, told: dict[str, Any], *, quiet: bool) -> None:
    """Fetch what talks, teach the route, take documents in, and hold the five exchanges."""
    for name in WEIGHTS:
        with pull_bar(name) as bar:
            demo.pull(name, bar)
    if not quiet:
        _title(5, "Learn what people come for, from a description and a few examples each")
    with job_bar() as bar:
        decision = demo.train_intent(bar)
    told["decisions"].append({"id": decision.id, **decision.record()})
    if not quiet:
        show_decision(decision)
        _title(6, "Take in the lender's policy, and plait's own pages")
    for report in demo.ingest():
        if not quiet:
            show_report(report, hint=False)
    for number, each in enumerate(demo.talk(), 7):
        told["answers"].append(_exchanged(each))
        if not quiet:
            _title(number, f"Ask the desk: {each.shows}")
            for turn in each.turns[:-1]:
                console.print(f"[bold]{turn.role}[/]  {escape(turn.content)}")
            console.print("[bold]assistant[/]")
            show_answer(each.answer)


def _exchanged(each: Exchanged) -> dict[str, Any]:
    answer = each.answer
    return {
        **answer.record(),
        "name": each.id,
        "kind": answer.manner,
        "turns": [{"role": turn.role, "text": turn.content} for turn in each.turns],
        "guard": each.verdicts,
    }


def _announce(folder: Path, *, talks: bool) -> None:
    """Say what the demo will fetch, use and take."""
    size = download_bytes(talks=talks)
    fetches = (
        f"fetches {figure.size(size)} from the package index"
        if size
        else "fetches nothing, for all it needs is here already"
    )
    takes = "a minute or two; writes 75 MB" if talks else "half a minute; writes 2 MB"
    console.print(
        f"plait demo {fetches}; trains in a process of its own, on one core, with less than "
        f"{'1 GB' if talks else '400 MB'} of memory in all; takes about {takes} to "
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
