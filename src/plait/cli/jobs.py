"""`plait jobs`: long work."""

from pathlib import Path

import click

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import JobBar, console, show_jobs
from plait.core.job import ENDED
from plait.serve.records import job_record


@click.group("jobs", invoke_without_command=True)
@project_option
@json_option
@click.pass_context
def command(ctx: click.Context, project: Path, as_json: bool) -> None:
    """List jobs; go on with, or cancel one."""
    if ctx.invoked_subcommand is not None:
        return
    with open_app(project) as app:
        rows = app.jobs.list()
    if as_json:
        print_json([job_record(row) for row in rows])
    elif rows:
        show_jobs(rows)
    else:
        console.print("no job yet")


@command.command("resume")
@click.argument("job", required=False)
@project_option
def resume(job: str | None, project: Path) -> None:
    """Work on JOB, or on every unfinished job, until it ends."""
    with open_app(project) as app:
        unfinished = [row.id for row in app.jobs.list() if row.state not in ENDED]
        for each in [job] if job else reversed(unfinished):
            with JobBar() as bar:
                app.jobs.result(each, bar)
            console.print(f"{each} done")


@command.command("cancel")
@click.argument("job")
@project_option
def cancel(job: str, project: Path) -> None:
    """Ask JOB to stop."""
    with open_app(project) as app:
        row = app.jobs.cancel(job)
    console.print(f"{row.id}: {'asked to stop' if row.state == 'running' else row.state}")
