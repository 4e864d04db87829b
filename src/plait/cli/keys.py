"""`plait keys`: who may call a server from elsewhere."""

from pathlib import Path

import click
from rich.table import Table

from plait.app.keys import SCOPES
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import console, moment


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
)
@click.option("--tenant", default="default", show_default=True)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="Expires after so many.")
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
        print_json({"id": row.id, "name": name, "scopes": scopes, "secret": secret})
    else:
        console.print(f"{name}: [bold]{secret}[/]")
        console.print("[dim]shown once; send it as `Authorization: Bearer ...`[/]")


@command.command("list")
@project_option
@json_option
def list_keys(project: Path, as_json: bool) -> None:
    """List keys; secrets are not kept and cannot be shown."""
    with open_app(project) as app:
        rows = app.keys.list()
    if as_json:
        names = ("id", "name", "tenant", "scopes", "created", "expires", "revoked")
        print_json([{name: getattr(row, name) for name in names} for row in rows])
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("name", "tenant", "scopes", "made", "state"):
        table.add_column(title)
    for row in rows:
        state = "revoked" if row.revoked else "usable"
        if row.expires is not None and not row.revoked:
            state = f"until {moment(row.expires)}"
        table.add_row(row.name, row.tenant, ", ".join(row.scopes), moment(row.created), state)
    console.print(table)


@command.command("revoke")
@click.argument("name")
@project_option
def revoke(name: str, project: Path) -> None:
    """Make the key called NAME (or of that id) worthless within a second."""
    with open_app(project) as app:
        row = app.keys.revoke(name)
    console.print(f"revoked {row.name}")
