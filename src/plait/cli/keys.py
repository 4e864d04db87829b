"""`plait keys`: who may call a server from elsewhere."""

import time
from pathlib import Path

import click
from rich.markup import escape

from plait.app.keys import SCOPES
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import console, moment, table, whole
from plait.core.ids import Json
from plait.store.record import KeyRow

_MOST_DAYS = 36_500


@click.group("keys")
def command() -> None:
    """Add, list and revoke API keys."""


@command.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=("predict",),
    show_default=True,
    help="What the key may do; say it again for more.",
)
@click.option("--tenant", default="default", show_default=True, help="Whose requests it sees.")
@click.option(
    "--days",
    type=click.FloatRange(0, _MOST_DAYS, min_open=True),
    help="Expires after so many.",
)
@project_option
@json_option
def add(
    name: str,
    scopes: tuple[str, ...],
    tenant: str,
    days: float | None,
    project: Path,
    as_json: bool,
) -> None:
    """Make a key called NAME. Its secret is shown once and kept nowhere."""
    with open_app(project) as app:
        row, secret = app.keys.add(name, scopes, tenant=tenant, days=days)
    if as_json:
        print_json({**_record(row), "secret": secret})
    else:
        whole(f"{escape(name)}: [bold]{secret}[/]")
        console.print("[dim]shown once; send it as `Authorization: Bearer SECRET`[/]")


@command.command("list")
@project_option
@json_option
def list_keys(project: Path, as_json: bool) -> None:
    """List keys; secrets are not kept and cannot be shown."""
    with open_app(project) as app:
        rows = app.keys.list()
    if as_json:
        print_json({"keys": [_record(row) for row in rows]})
    elif rows:
        table(
            ("name", "state", "made", "tenant", "scopes"),
            [
                (
                    escape(row.name),
                    _state(row),
                    moment(row.created),
                    escape(row.tenant),
                    ", ".join(row.scopes),
                )
                for row in rows
            ],
        )
    else:
        console.print("no key yet: `plait keys add NAME` makes one")


@command.command("revoke")
@click.argument("name")
@project_option
@json_option
def revoke(name: str, project: Path, as_json: bool) -> None:
    """Make the key called NAME (or of that id) worthless within a second."""
    with open_app(project) as app:
        row = app.keys.revoke(name)
    if as_json:
        print_json(_record(row))
    else:
        console.print(f"revoked {escape(row.name)}")


def _record(row: KeyRow) -> dict[str, Json]:
    names = ("id", "name", "tenant", "scopes", "created", "expires", "revoked")
    return {name: getattr(row, name) for name in names}


def _state(row: KeyRow) -> str:
    if row.revoked is not None:
        return "revoked"
    if row.expires is None:
        return "usable"
    return f"{'until' if row.expires > time.time() else 'expired'} {moment(row.expires)}"
