"""`plait config`: the effective settings and where each comes from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.markup import escape

from plait.app.check_flow import check_flows
from plait.app.egress import egress
from plait.app.settings import Project, Setting, load_project
from plait.app.yaml_node import yaml_text
from plait.cli.frame import address_options, given, json_option, print_json, project_option
from plait.cli.terminal import console, table, whole

_WIDEST = 48  # a longer line pushes its own origin to the right, not everybody's


@click.command("config")
@click.option("--egress", "leaving", is_flag=True, help="List every host content may go to.")
@address_options
@project_option
@json_option
def command(
    host: str | None, port: int | None, project: Path, as_json: bool, leaving: bool
) -> None:
    """Show every setting in force and its origin. Precedence: flag, environment, file.

    --host and --port are those of `plait serve`, which listens on what is shown.
    """
    loaded = load_project(project, given(host=host, port=port))
    check_flows(loaded)
    if leaving:
        _egress(loaded, as_json)
        return
    settings = list(loaded.effective())
    if as_json:
        records = [
            {"key": ".".join(each.names), "value": each.value, "origin": each.origin}
            for each in settings
        ]
        print_json({"settings": records})
        return
    lines = list(_lines(settings))
    width = max(len(line) for line, _ in lines if len(line) <= _WIDEST)
    for line, origin in lines:
        note = f"  [dim]# {escape(origin)}[/]" if origin else ""
        whole(f"{escape(line)}{' ' * (width - len(line)) if note else ''}{note}")


def _lines(settings: Sequence[Setting]) -> Iterator[tuple[str, str]]:
    """Yield (line, origin) of a file that would say the same; mappings have no origin."""
    before: tuple[str, ...] = ()
    for each in settings:
        for depth, name in enumerate(each.names[:-1]):
            if each.names[: depth + 1] != before[: depth + 1]:
                yield f"{'  ' * depth}{yaml_text(name)}:", ""
        before = each.names
        indent = "  " * (len(each.names) - 1)
        yield f"{indent}{yaml_text(each.names[-1])}: {yaml_text(each.value)}", each.origin


def _egress(project: Project, as_json: bool) -> None:
    """Print where content may go."""
    found = list(egress(project))
    if as_json:
        hosts = [
            {
                "host": each.host,
                "by": each.by,
                "used_in": list(each.used_in),
                "most": each.most.word,
                "origin": each.origin,
            }
            for each in found
        ]
        print_json({"egress": hosts})
    elif not found:
        console.print("nothing leaves this machine")
    else:
        table(
            ("host", "by", "used in", "may receive up to", "origin"),
            [
                (
                    escape(each.host),
                    escape(each.by),
                    escape(", ".join(each.used_in) or "callers that name it"),
                    each.most.word,
                    each.origin,
                )
                for each in found
            ],
        )
