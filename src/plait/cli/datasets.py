"""`plait datasets`: the versions of data that decisions rest on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from plait.app.datasets import (
    compare_datasets,
    describe_dataset,
    difference_record,
    list_datasets,
)
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import brief, console, moment, plural, table, whole
from plait.evaluate.difference import Difference


@click.group("datasets", invoke_without_command=True)
@click.option("--contract", help="Only those read for this contract.")
@project_option
@json_option
@click.pass_context
def command(
    click_context: click.Context, contract: str | None, project: Path, as_json: bool
) -> None:
    """List the versions of data that were trained on."""
    if click_context.invoked_subcommand is not None:
        return
    with open_app(project) as app:
        if contract:
            app.contract(contract)
        found: list[dict[str, Any]] = list_datasets(app.store, contract)
    if as_json:
        print_json({"datasets": found})
        return
    if not found:
        console.print("no dataset yet: `plait train CONTRACT` reads and keeps one")
        return
    rows = [
        (
            brief(each["id"]),
            moment(each["created"]),
            escape(each["contract"]),
            f"{each['rows']:,}",
            str(each["columns"]),
            str(len(each["decisions"])),
        )
        for each in found
    ]
    titles = ("dataset", "read", "contract", "rows", "columns", "decisions")
    table(titles, rows, right=titles[3:])


@command.command("show")
@click.argument("dataset")
@project_option
@json_option
def show(dataset: str, project: Path, as_json: bool) -> None:
    """Show DATASET (an id or its beginning) column by column."""
    with open_app(project) as app:
        found: dict[str, Any] = describe_dataset(app.store, dataset)
    if as_json:
        print_json(found)
        return
    whole(f"[bold]{found['id']}[/]")
    console.print(
        f"{plural(found['rows'], 'row')} of {escape(str(found['source']))}, read for "
        f"{escape(found['contract'])} {moment(found['created'])}\n"
    )
    rows = [
        (escape(each["name"]), each["kind"], f"{each['missing']:,}", escape(_holds(each)))
        for each in found["columns"]
    ]
    table(("column", "kind", "missing", "holds"), rows, right=("missing",))


@command.command("diff")
@click.argument("before")
@click.argument("after")
@project_option
@json_option
def diff(before: str, after: str, project: Path, as_json: bool) -> None:
    """Tell how AFTER differs from BEFORE: rows, columns, and how each column drifted."""
    with open_app(project) as app:
        found = compare_datasets(app.store, before, after)
    if as_json:
        print_json(difference_record(found))
    else:
        _show_difference(found)


def _holds(column: Mapping[str, Any]) -> str:
    if "levels" in column:
        common = ", ".join(column["commonest"])
        return f"{plural(column['levels'], 'value')}: {common}" if common else ""
    if "low" not in column:
        return ""
    return f"{column['low']:.6g} to {column['high']:.6g}, median {column['median']:.6g}"


def _show_difference(found: Difference) -> None:
    console.print(
        f"{plural(found.rows_before, 'row')} before, {found.rows_after:,} after: "
        f"{found.same:,} the same, {found.added:,} new, {found.removed:,} gone"
    )
    for verb, names in (("new", found.columns_added), ("gone", found.columns_removed)):
        if names:
            console.print(f"columns {verb}: {escape(', '.join(names))}")
    moved = [each for each in found.columns if each.drifted]
    if not moved:
        console.print("no column that both have has drifted")
        return
    console.print()
    rows = [
        (escape(each.column), f"{each.effect:.2f}", f"{each.q_value:.2g}",
         escape(each.detail.partition(": ")[2]))
        for each in moved
    ]  # fmt: skip
    table(("drifted", "effect", "q-value", "what changed"), rows, right=("effect", "q-value"))
