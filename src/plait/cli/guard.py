"""`plait guard`: what a guard says of a text."""

import sys
from pathlib import Path
from typing import get_args

import click
from rich.markup import escape

from plait.app.guards import guard_of
from plait.app.settings import cache_folder
from plait.cli.frame import json_option, print_json
from plait.cli.terminal import console, table, whole
from plait.core.context import Context
from plait.core.errors import InvalidData
from plait.core.exchange import Exchange
from plait.core.passage import Passage
from plait.core.prompt import Prompt
from plait.core.protocol import Place, View
from plait.core.request import ChatRequest
from plait.core.verdict import Verdict
from plait.guards.base import GUARDS

_MOST_BYTES = 1_000_000


@click.group("guard")
def command() -> None:
    """List guards, and try one on a text."""


@command.command("list")
@json_option
def list_guards(as_json: bool) -> None:
    """List the guards: what each may do and how far it must see."""
    guards = [guard_of(name, cache_folder()) for name in GUARDS.names()]
    records = [
        {
            "name": guard.name,
            "lookahead_chars": guard.lookahead_chars,
            "about": (type(guard).__doc__ or "").splitlines()[0],
        }
        for guard in guards
    ]
    if as_json:
        print_json({"guards": records})
        return
    table(
        ("name", "sees ahead", "what"),
        [
            (
                str(each["name"]),
                f"{each['lookahead_chars']} characters" if each["lookahead_chars"] else "sentences",
                escape(str(each["about"])),
            )
            for each in records
        ],
    )


@command.command("check")
@click.argument("name")
@click.argument("text", required=False)
@click.option(
    "--file",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="F",
    help="Read the text from this file; - reads standard input.",
)
@click.option(
    "--place",
    type=click.Choice(get_args(Place)),
    default="input",
    show_default=True,
    help="Where the text stands.",
)
@click.option(
    "--passage", "passages", multiple=True, help="What the answer may rest on; say it for each."
)
@json_option
def check(
    name: str,
    text: str | None,
    file: Path | None,
    place: Place,
    passages: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print what guard NAME says of TEXT; exit with 1 when it refuses."""
    if (text is None) == (file is None) and text != "-":
        raise click.UsageError("give either TEXT or --file")
    guard = guard_of(name, cache_folder())
    source = Path("-") if text == "-" else file
    said = _read(source) if source is not None else text or ""
    verdict = guard.check(_view(said, place, passages), Context())
    if as_json:
        print_json({**verdict.record(), "text": verdict.text})
    else:
        _show(verdict, said)
    if verdict.action == "refuse":
        sys.exit(1)


def _view(text: str, place: Place, passages: tuple[str, ...]) -> View:
    found = tuple(
        Passage(
            id=str(at),
            collection="",
            document=f"passage {at}",
            name=f"passage {at}",
            start=0,
            end=len(each),
            text=each,
            score=1.0,
        )
        for at, each in enumerate(passages, 1)
    )
    exchange = Exchange(request=ChatRequest(model="", prompt=Prompt(text=text)), passages=found)
    return View(text=text, final=True, exchange=exchange, place=place)


def _read(path: Path) -> str:
    """Return the text of a file, or of standard input."""
    where = "standard input" if str(path) == "-" else str(path)
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with path.open("rb") as stream:
                content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise InvalidData(
            "data_missing", "there is no such file", where=where, hint="look at the path"
        ) from None
    except OSError as error:
        raise InvalidData(
            "data_unreadable", f"it cannot be read: {error.strerror}", where=where
        ) from error
    if len(content) > _MOST_BYTES:
        raise InvalidData(
            "data_too_large", "it has more than 1 MB", where=where, hint="check it in pieces"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidData(
            "data_encoding", f"it is not UTF-8: {error}", where=where, hint="convert it"
        ) from None


def _show(verdict: Verdict, text: str) -> None:
    colour = {"allow": "green", "alter": "yellow", "refuse": "red"}[verdict.action]
    reason = f": {escape(verdict.reason)}" if verdict.reason else ""
    whole(f"[{colour}]{verdict.action}[/]{reason}")
    if verdict.score is not None and verdict.threshold is not None:
        console.print(f"[dim]score {verdict.score:.3f}, threshold {verdict.threshold:.3f}[/]")
    if verdict.spans:
        table(
            ("start", "end", "label", "text"),
            [
                (str(mark.start), str(mark.end), mark.label, escape(text[mark.start : mark.end]))
                for mark in verdict.spans
            ],
            right=("start", "end"),
        )
    if verdict.text is not None:
        whole(escape(verdict.text))
    for key, value in verdict.metadata.items():
        console.print(f"[dim]{key}: {escape(value)}[/]")
