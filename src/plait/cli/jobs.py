"""`plait jobs`: long work."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from plait.app.app import App
from plait.cli.bar import job_bar
from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.terminal import brief, console, moment, table, whole
from plait.serve.records import job_record
from plait.store.record import JobRow


@click.group("jobs", invoke_without_command=True)
@project_option
@json_option
@click.pass_context
def command(ctx: click.Context, project: Path, as_json: bool) -> None:
    """List jobs; go on with one, or cancel it."""
    if ctx.invoked_subcommand is not None:
        return
    with open_app(project) as app:
        rows = app.jobs.list()
    if as_json:
        print_json({"jobs": [job_record(row) for row in rows]})
    elif rows:
        _show(rows)
    else:
        console.print("no job yet")


@command.command("resume")
@click.argument("job", required=False)
@project_option
@json_option
def resume(job: str | None, project: Path, as_json: bool) -> None:
    """Work on JOB (an id or its beginning), or on every unfinished job, until it ends."""
    done = []
    with open_app(project) as app:
        wanted = [app.jobs.get(_whole_id(app, job))] if job else app.jobs.unfinished()
        for each in wanted:
            with job_bar() as bar:
                done.append(app.jobs.result(each.id, bar))
    if as_json:
        print_json({"jobs": [job_record(row) for row in done]})
    else:
        whole("\n".join(f"{row.id} {row.state}" for row in done) or "every job has ended")


@command.command("cancel")
@click.argument("job")
@project_option
@json_option
def cancel(job: str, project: Path, as_json: bool) -> None:
    """Ask JOB (an id or its beginning) to stop."""
    with open_app(project) as app:
        row = app.jobs.cancel(_whole_id(app, job))
    if as_json:
        print_json(job_record(row))
    else:
        whole(f"{row.id} {'is asked to stop' if row.state == 'running' else row.state}")


def _whole_id(app: App, job: str) -> str:
    """Return the id that begins so, if one job's does; the list shows beginnings."""
    begun = [row.id for row in app.jobs.list() if row.id.startswith(job)]
    return begun[0] if len(begun) == 1 else job


def _show(jobs: Sequence[JobRow]) -> None:
    rows = []
    for job in jobs:
        arguments = job.arguments
        about = str(arguments.get("contract") or brief(str(arguments.get("decision", ""))))
        what = escape(f"{job.kind} {about}")
        rows.append((brief(job.id), moment(job.created), job.state, what, escape(_how_far(job))))
    table(("job", "submitted", "state", "what", "how far"), rows)


def _how_far(job: JobRow) -> str:
    if isinstance(job.error, dict) and job.state == "failed":
        return str(job.error.get("message", ""))
    return f"{job.step} ({job.done}/{job.total})" if job.total and job.state != "done" else ""
