"""`plait ingest`: documents into a collection, what there is in it, and out of it again."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from plait.app.app import App
from plait.cli.bar import ingest_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import console, moment, plural, table, whole
from plait.core import figure
from plait.core.errors import InvalidSettings
from plait.core.ids import Json
from plait.store.record import DocumentRow
from plait.tasks.search.ingest import Report, Taken

_COLOURS = {"added": "green", "replaced": "green", "removed": "yellow", "failed": "red"}


@click.command("ingest")
@click.argument("collection", required=False)
@click.argument("paths", nargs=-1)
@click.option("--remove", multiple=True, metavar="NAME", help="Remove this document.")
@click.option("--list", "listed", is_flag=True, help="List what is there, and change nothing.")
@project_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    collection: str | None,
    paths: tuple[str, ...],
    remove: tuple[str, ...],
    listed: bool,
    project: Path,
    as_json: bool,
) -> None:
    """Take documents into COLLECTION: the files, folders and patterns PATHS.

    Without PATHS these are the files that plait.yaml says, and what is no such file any more is
    removed; without COLLECTION every collection's. What is unchanged is left alone, so that after
    a crash the same command goes on where it was. A file that cannot be read stops none of the
    others.
    """
    if remove and (paths or listed or collection is None):
        raise click.UsageError("--remove goes with a collection and nothing else")
    if paths and listed:
        raise click.UsageError("--list takes no paths")
    with open_app(project) as app:
        names = [collection] if collection is not None else app.collections.names()
        if listed:
            _show_documents(app, names, as_json=as_json)
            return
        if not names:
            raise InvalidSettings(
                "settings_missing_key",
                "plait.yaml names no collection",
                where=str(app.project.file),
                hint='add `collections: {docs: {paths: ["docs/**/*.md"]}}`',
            )
        if remove:
            reports = [_remove(app, names[0], remove)]
        else:
            with ingest_bar() as bar:
                reports = [app.collections.ingest(name, paths, watch=bar) for name in names]
    if as_json:
        print_json({"collections": [report.record() for report in reports]})
    else:
        for report in reports:
            show_report(report)
    ctx.exit(1 if any(report.failed for report in reports) else 0)


def _remove(app: App, name: str, documents: Sequence[str]) -> Report:
    gone = [app.collections.remove(name, document) for document in documents]
    return Report(
        name,
        tuple(
            Taken(name=row.name, outcome="removed", document=row.id, passages=row.passages)
            for row in gone
        ),
    )


def show_report(report: Report, *, hint: bool = True) -> None:
    """Print what changed, a line each, counts of the rest, and if asked what to do next."""
    changed = [each for each in report.documents if each.outcome != "unchanged"]
    if changed:
        table(
            ("document", "outcome", "passages", "why"),
            [
                (
                    escape(each.name),
                    f"[{_COLOURS[each.outcome]}]{each.outcome}[/]",
                    f"{each.passages:,}" if each.passages else "",
                    escape(_why(each)),
                )
                for each in changed
            ],
            right=("passages",),
        )
    counts = Counter(each.outcome for each in report.documents)
    said = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) or "no documents"
    console.print(f"[bold]{escape(report.collection)}[/]: {said}")
    if hint and changed and not report.failed:
        whole(f"next: [bold]plait search QUERY --collection {escape(report.collection)}[/]")


def _why(taken: Taken) -> str:
    error = taken.error
    if error is None:
        return ""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _show_documents(app: App, names: Sequence[str], *, as_json: bool) -> None:
    found = {name: app.collections.documents(name) for name in names}
    if as_json:
        print_json(
            {
                "collections": [
                    {"name": name, "documents": [_record(row) for row in rows]}
                    for name, rows in found.items()
                ]
            }
        )
        return
    for name, rows in found.items():
        passages = sum(row.passages for row in rows)
        counted = f"{plural(len(rows), 'document')}, {plural(passages, 'passage')}"
        console.print(f"[bold]{escape(name)}[/]: {counted}")
        if rows:
            table(
                ("document", "passages", "size", "what", "since"),
                [
                    (
                        escape(row.name),
                        f"{row.passages:,}",
                        figure.size(row.size),
                        row.media_type,
                        moment(row.created),
                    )
                    for row in sorted(rows, key=lambda row: row.name)
                ],
                right=("passages", "size"),
            )


def _record(row: DocumentRow) -> dict[str, Json]:
    return {
        "document": row.id,
        "name": row.name,
        "passages": row.passages,
        "size": row.size,
        "sha256": row.sha256,
        "media_type": row.media_type,
        "metadata": row.metadata,
        "created": row.created,
    }
