"""`plait models`: weights and sample data, by name."""

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from plait.app.settings import cache_folder
from plait.cli.frame import json_option, print_json
from plait.cli.render import console
from plait.registry import origin
from plait.registry.catalogue import find_row, list_rows
from plait.registry.pull import Pulled, find_pulled, pull, pull_to


@click.group("models")
def command() -> None:
    """List and pull what the catalogue offers."""


@command.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List weights and sample data: size, licence, whether they are here."""
    cache = cache_folder()
    rows = [(row, find_pulled(row.name, cache) is not None) for row in list_rows()]
    if as_json:
        names = ("name", "kind", "description", "licence", "maker", "homepage", "size")
        print_json(
            [{**{name: getattr(row, name) for name in names}, "here": here} for row, here in rows]
        )
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("name", "kind", "MB", "licence", "here", "what"):
        table.add_column(
            title, justify="right" if title == "MB" else "left", no_wrap=title != "what"
        )
    for row, here in rows:
        table.add_row(
            row.name,
            row.kind,
            f"{row.size / 1e6:.1f}",
            row.licence,
            "yes" if here else "",
            escape(row.description),
        )
    console.print(table)


@command.command("pull")
@click.argument("name")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Put it into this folder, to carry to a machine without network.",
)
@click.option("--verify", is_flag=True, help="Hash what is already here; mend what is damaged.")
@json_option
def pull_model(name: str, target: Path | None, verify: bool, as_json: bool) -> None:
    """Fetch NAME, verify every byte, keep it in the cache."""
    pulled = fetch(name, target, verify=verify)
    if as_json:
        print_json({"name": name, "folder": str(pulled.folder), "files": len(pulled.files)})
    else:
        console.print(f"[green]{name}[/] is here and verified: {escape(str(pulled.folder))}")


def fetch(name: str, target: Path | None = None, *, verify: bool = False) -> Pulled:
    """Pull a row of the catalogue with a progress bar."""
    find_row(name)
    with PullBar(name) as bar:
        cache = cache_folder()
        if target is not None:
            return pull_to(name, target, cache=cache, progress=bar)
        return pull(name, cache, progress=bar, verify=verify)


class PullBar:
    """A progress bar fed by a pull; silent where there is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "PullBar":
        self._task = self._progress.add_task(self._name, total=None)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, progress: origin.Progress) -> None:
        """Show how far the pull has come."""
        self._progress.update(
            self._task,
            description=f"{self._name}: {progress.phase}",
            completed=progress.done,
            total=progress.total,
        )
