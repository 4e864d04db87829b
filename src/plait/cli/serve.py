"""`plait serve`: answer over HTTP."""

from pathlib import Path

import click

from plait.cli.frame import open_app, project_option
from plait.cli.render import console
from plait.serve.run import serve


@click.command("serve")
@click.option("--host", help="Address to listen on; another than 127.0.0.1 needs an API key.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any free one.")
@project_option
def command(host: str | None, port: int | None, project: Path) -> None:
    """Answer over HTTP until interrupted."""
    with open_app(project, host=host, port=port) as app:
        name = app.project.settings.project

        def ready(url: str) -> None:
            console.print(f"[bold]{name}[/] answers on {url}  (console {url}/, API {url}/docs)")
            waiting = [c for c in app.project.settings.contracts if c not in app.live.tasks()]
            for contract in waiting:
                console.print(f"  {contract}: nothing answers yet, `plait train {contract}`")

        serve(app, ready)
