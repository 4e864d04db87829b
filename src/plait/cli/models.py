"""`plait models`: weights and sample data, by name."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.importing import LICENCE, Wish, import_model
from plait.app.settings import cache_folder
from plait.cli.bar import pull_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import table, whole
from plait.core import figure
from plait.registry.catalogue import find_row, list_rows
from plait.registry.pull import find_pulled, pull, pull_to


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
        records = [
            {**{name: getattr(row, name) for name in names}, "here": here} for row, here in rows
        ]
        print_json({"models": records})
        return
    table(
        ("name", "kind", "size", "licence", "here", "what"),
        [
            (
                row.name,
                row.kind,
                figure.size(row.size),
                row.licence,
                "yes" if here else "",
                escape(row.description),
            )
            for row, here in rows
        ],
        right=("size",),
    )


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
    row, cache = find_row(name), cache_folder()
    with pull_bar(name) as bar:
        if target is not None:
            pulled = pull_to(name, target, cache=cache, progress=bar)
        else:
            pulled = pull(name, cache, progress=bar, verify=verify)
    if as_json:
        print_json({"name": name, "folder": str(pulled.folder), "files": sorted(pulled.files)})
    else:
        whole(f"[green]{name}[/], {figure.size(row.size)}, is here: {escape(str(pulled.folder))}")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--contract", required=True, metavar="NAME", help="Whose incumbent it becomes.")
@click.option("--licence", default=LICENCE, show_default=True, help="An SPDX expression, or words.")
@click.option("--origin", default="", help="Where it came from; else the name of the file.")
@click.option(
    "--columns", default="", metavar="A,B,C", help="What it reads, in its order, if it names none."
)
@click.option("--classes", default="", metavar="A,B", help="The levels it predicts, in its order.")
@click.option(
    "--trained-before", default="", metavar="TIME", help="No row from then on was trained on."
)
@project_option
@json_option
def import_file(
    file: Path,
    contract: str,
    project: Path,
    as_json: bool,
    **said: str,
) -> None:
    """Take over FILE, to race as the incumbent of a contract.

    FILE is LightGBM's text, an ONNX file, an MLflow folder that holds one of these, or what
    plait.from_sklearn wrote. A pickle is never loaded.
    """
    wish = Wish(
        path=file,
        contract=contract,
        licence=said["licence"].strip() or LICENCE,
        origin=said["origin"],
        columns=tuple(filter(None, said["columns"].split(","))),
        classes=tuple(filter(None, said["classes"].split(","))),
        trained_before=said["trained_before"],
    )
    with open_app(project) as app:
        found = import_model(app.store, app.project, wish, by="local")
    if as_json:
        print_json(
            {
                "artefact": found.artefact,
                "engine": found.engine,
                "columns": list(found.read),
                "notes": list(found.notes),
            }
        )
        return
    whole(f"[green]{escape(file.name)}[/] is the incumbent of {escape(contract)}: {found.artefact}")
    for note in found.notes:
        whole(escape(note))
    whole(f"next: [bold]plait train {escape(contract)}[/] races it")
