"""Decisions, predictions and jobs as a person wants to read them in a terminal."""

import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from plait.core.contract import FeatureNote
from plait.core.decision import Decision
from plait.core.response import PredictResponse
from plait.store.record import JobRow

NO_NOTES: Mapping[str, FeatureNote] = {}
console = Console(highlight=False, soft_wrap=False)


def show_decision(decision: Decision) -> None:
    """Print a decision: the summary, every candidate with why it lost, and the notes."""
    console.print(f"\n[bold]{escape(decision.contract)}[/]: {escape(decision.summary)}\n")
    if decision.standings:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name, right in (
            ("candidate", False),
            ("paradigm", False),
            (decision.metric, True),
            ("95 % interval", True),
            ("p95 ms", True),
            ("MB", True),
            ("why", False),
        ):
            table.add_column(name, justify="right" if right else "left", no_wrap=name != "why")
        for standing in decision.standings:
            won = standing.name == decision.winner
            measured = standing.measurements
            table.add_row(
                f"[bold green]{escape(standing.name)}[/]" if won else escape(standing.name),
                standing.paradigm,
                f"{standing.score:.4f}",
                f"{standing.low:.4f} to {standing.high:.4f}",
                f"{measured['latency_ms_p95']:.3f}" if "latency_ms_p95" in measured else "",
                f"{measured['size_mb']:.2f}" if "size_mb" in measured else "",
                escape(standing.why),
            )
        console.print(table)
    for note in decision.notes:
        console.print(f"[yellow]![/] {escape(note)}")
    evidence = f", evidence {decision.evidence}" if decision.evidence else ""
    console.print(f"[dim]decision {decision.id}{evidence}[/]\n")


def show_decisions(decisions: Sequence[Decision]) -> None:
    """Print decisions, a line each."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("decision", "taken", "contract", "kind", "winner", "score"):
        table.add_column(name, no_wrap=True)
    for each in decisions:
        best = next((s for s in each.standings if s.name == each.winner), None)
        table.add_row(
            each.id[:20],
            moment(each.created),
            escape(each.contract),
            each.kind,
            escape(each.winner or "none"),
            f"{each.metric} {best.score:.4f}" if best else "",
        )
    console.print(table)


def show_response(response: PredictResponse, notes: Mapping[str, FeatureNote] = NO_NOTES) -> None:
    """Print predictions with probabilities, threshold and reasons."""
    point = response.operating_point
    for prediction in response.predictions:
        chances = ", ".join(
            f"{escape(level)} {100 * chance:.1f} %"
            for level, chance in sorted(prediction.probabilities.items(), key=lambda p: -p[1])
        )
        spread = prediction.interval
        extent = f" ({spread[0]:.4g} to {spread[1]:.4g})" if spread else ""
        console.print(f"[bold]{escape(str(prediction.value))}[/]{extent}  [dim]{chances}[/]")
        for reason in prediction.reasons:
            note = notes.get(reason.feature)
            name = note.label if note and note.label else reason.feature
            value = "missing" if reason.value is None else f"{reason.value}"
            sign = "green" if reason.contribution > 0 else "red"
            console.print(
                f"    [{sign}]{reason.contribution:+.3f}[/]  {escape(name)} = {escape(value)}"
            )
    if point is not None:
        console.print(
            f"[dim]threshold {point.threshold:.3f}: expected false positives "
            f"{100 * point.false_positive_rate:.1f} % of negatives, false negatives "
            f"{100 * point.false_negative_rate:.1f} % of positives[/]"
        )
    console.print(f"[dim]{response.id}[/]")


def show_jobs(jobs: Sequence[JobRow]) -> None:
    """Print jobs, a line each."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("job", "kind", "state", "step", "done", "submitted", "problem"):
        table.add_column(name, no_wrap=name != "problem")
    for job in jobs:
        problem = job.error.get("message", "") if isinstance(job.error, dict) else ""
        table.add_row(
            job.id,
            job.kind,
            job.state,
            escape(job.step),
            f"{job.done}/{job.total}" if job.total else "",
            moment(job.created),
            escape(str(problem)),
        )
    console.print(table)


def moment(seconds: float) -> str:
    """Return a time as this machine's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


class JobBar:
    """A progress bar fed by a job's row; silent where there is no terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("waiting", total=None)

    def __enter__(self) -> "JobBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, job: JobRow) -> None:
        """Show how far the job has come."""
        self._progress.update(
            self._task,
            description=job.step or job.state,
            completed=job.done,
            total=job.total or None,
        )
