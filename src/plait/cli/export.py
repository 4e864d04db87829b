"""`plait export`: the model of a contract as one file that runs elsewhere."""

from pathlib import Path

import click
from rich.markup import escape

from plait.app.export import Exported, Target, export
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import plural, side, whole
from plait.core import figure


@click.command("export")
@click.argument("contract")
@click.option(
    "--to",
    "target",
    type=click.Choice(["onnx", "c", "python"]),
    required=True,
    help="An ONNX graph, one C99 file, or one Python file without dependencies.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write; CONTRACT.onnx, .c or .py here."
)
@project_option
@json_option
def command(contract: str, target: Target, out: Path | None, project: Path, as_json: bool) -> None:
    """Write the model that answers for CONTRACT as one file that runs without plait.

    CONTRACT may also be the id of a decision or of an artefact. The file is asked at least 10,000
    rows first: missing values, unseen levels, and numbers at and beside every threshold. One that
    answers otherwise than the artefact by more than 1e-6 is not written.
    """
    with open_app(project) as app, side.status("writing and checking the export"):
        done = export(app.store, app.project, contract, target, out)
    if as_json:
        print_json(done.record())
    else:
        _show(done)


def _show(done: Exported) -> None:
    whole(f"{escape(str(done.path))} ({figure.size(done.size)}) answers as {done.artefact}")
    if done.parity is not None:
        whole(
            f"checked on {plural(done.parity.rows, 'row')}, {done.parity.refused} of them refused "
            f"by both: largest difference {done.parity.difference:.1e}, same levels"
        )
    for note in done.notes:
        whole(f"[yellow]{escape(note)}[/]")
