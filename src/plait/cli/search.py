"""`plait search`: the passages of a collection that answer a question best."""

from pathlib import Path

import click
from rich.markup import escape

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import console, whole
from plait.core.errors import InvalidRequest, InvalidSettings
from plait.core.passage import Passage
from plait.core.sentence import sentences
from plait.evaluate.word import words

_SHOWN = ("document", "name", "start", "end", "page", "headings", "text", "score")


@click.command("search")
@click.argument("query")
@click.option("--collection", "-c", help="Its name; may be left out if there is only one.")
@click.option(
    "-k", "top", type=click.IntRange(1, 1000), default=8, show_default=True, help="How many."
)
@click.option(
    "--where", multiple=True, metavar="KEY=VALUE", help="What the documents' metadata must say."
)
@project_option
@json_option
def command(
    query: str,
    collection: str | None,
    top: int,
    where: tuple[str, ...],
    project: Path,
    as_json: bool,
) -> None:
    """Find the passages that answer QUERY best, by words and by meaning."""
    with open_app(project) as app:
        name = collection or _only(app.collections.names())
        found = app.search(name, query, top=top, where=_pairs(where)).passages
        empty = not found and not app.collections.documents(name)
    if as_json:
        print_json({"results": [{key: p.record()[key] for key in _SHOWN} for p in found]})
        return
    if empty:
        whole(f"nothing is in it yet: [bold]plait ingest {escape(name)}[/]")
    elif not found:
        console.print("nothing found")
    for number, passage in enumerate(found, 1):
        _show(number, passage, query)


def _show(number: int, passage: Passage, query: str) -> None:
    """Print where a passage stands, and its text with the sentence that is closest in bold."""
    page = f", page {passage.page}" if passage.page else ""
    place = f"{passage.name}{page}, characters {passage.start} to {passage.end}"
    whole(f"[bold]{number}. {escape(place)}[/] [dim]{passage.score:.3f}[/]")
    if passage.headings:
        console.print(f"[dim]{escape(' > '.join(passage.headings))}[/]")
    start, end = best_sentence(passage.text, query)
    before, best, after = passage.text[:start], passage.text[start:end], passage.text[end:]
    console.print(f"{escape(before)}[bold green]{escape(best)}[/]{escape(after)}\n")


def best_sentence(text: str, query: str) -> tuple[int, int]:
    """Return the span of the sentence that has most of the query's words; the first of equals."""
    asked = {word.stem for word in words(query)}
    spans = sentences(text) or [(0, 0)]
    return max(
        spans, key=lambda span: len(asked & {word.stem for word in words(text[slice(*span)])})
    )


def _only(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    known = f"one of {', '.join(names)}" if names else "plait.yaml names none"
    raise InvalidSettings(
        "settings_missing_key", "which collection?", hint=f"--collection: {known}"
    )


def _pairs(where: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for each in where:
        key, equals, value = each.partition("=")
        if not (key and equals):
            message = f"{each!r} is not KEY=VALUE"
            raise InvalidRequest("request_shape", message, hint="--where year=2024")
        pairs[key] = value
    return pairs
