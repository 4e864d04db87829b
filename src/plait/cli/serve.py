"""`plait serve`: answer over HTTP."""

import logging
from pathlib import Path

import click
from rich.markup import escape

from plait.cli.frame import address_options, json_option, open_app, print_json, project_option
from plait.cli.terminal import whole
from plait.serve.run import serve


@click.command("serve")
@address_options
@project_option
@json_option
def command(host: str | None, port: int | None, project: Path, as_json: bool) -> None:
    """Answer over HTTP until interrupted. With --json the address is printed as JSON."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with open_app(project, host=host, port=port) as app:

        def ready(url: str) -> None:
            live = app.live.tasks()
            waiting = [name for name in app.project.settings.contracts if name not in live]
            if as_json:
                print_json({"url": url, "contracts": sorted(live), "waiting": waiting})
                return
            name = escape(app.project.settings.project)
            whole(f"[bold]{name}[/] answers on {url}  (console {url}/, API {url}/docs)")
            problems = app.live.problems()
            for each in waiting:
                why = problems.get(each, f"nothing answers yet, `plait train {each}`")
                whole(f"  {escape(each)}: {escape(why)}")

        serve(app, ready)
