"""`plait jobs`: long work."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

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
    """Work on JOB, or on every unfinished job, until it ends."""
    with open_app(project) as app:
        done = []
        for each in [job] if job else [row.id for row in app.jobs.unfinished()]:
            with job_bar() as bar:
                done.append(app.jobs.result(each, bar))
    if as_json:
        print_json({"jobs": [job_record(row) for row in done]})
    elif not done:
        console.print("every job has ended")
    for row in () if as_json else done:
        whole(f"{row.id} {row.state}")


@command.command("cancel")
@click.argument("job")
@project_option
@json_option
def cancel(job: str, project: Path, as_json: bool) -> None:
    """Ask JOB to stop."""
    with open_app(project) as app:
        row = app.jobs.cancel(job)
    if as_json:
        print_json(job_record(row))
    else:
        whole(f"{row.id} {'is asked to stop' if row.state == 'running' else row.state}")


def _show(jobs: Sequence[JobRow]) -> None:
    rows = []
    for job in jobs:
        problem = job.error.get("message", "") if isinstance(job.error, dict) else ""
        step = "" if job.state == "done" else f"{job.step}, {job.done} of {job.total}"
        arguments = job.arguments
        about = str(arguments.get("contract") or brief(str(arguments.get("decision", ""))))
        rows.append(
            (
                brief(job.id),
                moment(job.created),
                job.state,
                escape(f"{job.kind} {about}"),
                escape(str(problem) or (step if job.total else "")),
            )
        )
    table(("job", "submitted", "state", "what", "how far"), rows)
