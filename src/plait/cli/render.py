"""Decisions and answers as a person wants to read them in a terminal."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from rich.markup import escape

from plait.app.plot import pareto, reliability, text
from plait.cli.terminal import brief, console, moment, table, whole
from plait.core import figure
from plait.core.contract import FeatureNote
from plait.core.decision import Decision, OperatingPoint
from plait.core.ids import Json
from plait.core.response import PredictResponse
from plait.engines.answer import level_text

Notes: TypeAlias = Mapping[str, FeatureNote]
NO_NOTES: Notes = {}


def show_decision(decision: Decision) -> None:
    """Print a decision: who answers, every candidate, why each won or lost, and what to doubt."""
    console.print(f"[bold]{escape(decision.outcome)}[/]\n")
    if decision.standings:
        rows = []
        for each in decision.standings:
            name, *rest = map(escape, each.cells())
            won = each.name == decision.winner
            rows.append((f"[bold green]{name}[/]" if won else name, *rest))
        table(decision.titles, rows, right=decision.titles[2:])
        console.print()
    for reason in decision.reasons():
        name, verb, why = reason.partition(":")
        console.print(f"[bold]{escape(name)}[/]{verb}{escape(why)}")
    if decision.inputs:
        console.print("\n[bold]what inputs were worth[/]")
    for worth in decision.inputs:
        console.print(f"{escape(worth.said)}.")
    if decision.summary:
        console.print(f"\n{escape(decision.summary)}")
    if decision.notes:
        console.print()
    for note in decision.notes:
        console.print(f"[yellow]![/] {escape(note)}")
    console.print(f"\n[dim]taken {moment(decision.created)} by {escape(decision.by)}[/]")
    for name in filter(None, (decision.id, decision.evidence)):
        whole(f"[dim]{name}[/]")


def show_plots(decision: Decision) -> None:
    """Print quality against latency, and what the winner's probabilities were worth."""
    for plot in filter(None, (pareto(decision), reliability(decision))):
        console.print()
        for line in (plot.title, *text(plot, width=max(20, min(60, console.width - 10)))):
            whole(f"[dim]{escape(line)}[/]" if line != plot.title else escape(line))


def show_decisions(decisions: Sequence[Decision], answering: frozenset[str]) -> None:
    """Print decisions, a line each; a star before those that answer now."""
    rows = []
    for each in decisions:
        best = next((s for s in each.standings if s.name == each.winner), None)
        rows.append(
            (
                f"{'*' if each.id in answering else ' '} {brief(each.id)}",
                moment(each.created),
                escape(each.contract),
                escape(each.winner or "none") + (" (declared)" if each.kind == "declared" else ""),
                escape(f"{each.metric} {figure.score(best.score)}") if best else "",
            )
        )
    table(("  decision", "taken", "contract", "winner", "score"), rows)
    if answering:
        console.print("[dim]* answers now; `plait decisions ID` shows one whole[/]")


def show_answers(
    predictions: Sequence[Mapping[str, Json]],
    target: str,
    *,
    point: OperatingPoint | None = None,
    notes: Notes = NO_NOTES,
    names: Sequence[str] = (),
) -> None:
    """Print the answers to rows, with their reasons.

    Args:
        predictions: `Prediction.record()` of each.
        target: name of what is predicted.
        point: the threshold in force.
        notes: what people call the features.
        names: of the rows; several are numbered unless they have one.
    """
    if not names and len(predictions) > 1:
        names = [f"row {number}" for number in range(1, len(predictions) + 1)]
    for place, prediction in enumerate(predictions):
        name = f"[dim]{escape(names[place])}:[/] " if names else ""
        console.print(f"{name}{_answer(prediction, escape(target), point)}")
        for reason in cast("Sequence[Mapping[str, Json]]", prediction.get("reasons", ())):
            share = cast(float, reason["contribution"])
            shown = f"[{'green' if share > 0 else 'red'}]{_signed(share)}[/]"
            console.print(f"  {shown}  {named(str(reason['feature']), reason['value'], notes)}")
        for code in cast("Sequence[Mapping[str, Json]]", prediction.get("codes", ())):
            cost = _signed(cast(float, code["contribution"]))
            console.print(f"  [red]{code['code']}[/]  {escape(str(code['words']))} [dim]{cost}[/]")


def show_forecast(answered: Mapping[str, Json]) -> None:
    """Print what comes next in a series, or what is strange about its last point."""
    if "forecasts" in answered:
        parts = (
            cast("Sequence[float]", answered[name]) for name in ("forecasts", "lower", "upper")
        )
        rows = [
            (str(step), *map(figure.number, each))
            for step, each in enumerate(zip(*parts, strict=True), 1)
        ]
        titles = ("step", "forecast", "lower", "upper")
        table(titles, rows, right=titles)
        return
    if answered["score"] is None:
        console.print(
            "[bold]the last point is not judged[/]: it is missing, or too few came before it to "
            "learn from (20, or two seasons)"
        )
    else:
        low, high = (figure.number(cast(float, answered[name])) for name in ("lower", "upper"))
        what = "strange" if answered["prediction"] else "usual"
        console.print(
            f"[bold]the last point is {what}[/]: stranger than "
            f"{_most(cast(float, answered['score']))} of usual ones (usual is from {low} to {high})"
        )
    alarms = cast("Sequence[int]", answered["alarms"])
    if alarms:
        console.print(f"alarms at {', '.join(map(str, alarms))} of the history, counted from 0")


def show_legend(response: PredictResponse, target: str) -> None:
    """Say once what the figures of answers mean, and how often they are expected to be wrong."""
    first = response.predictions[0]
    if first.reasons and first.reasons[0].kind == "example":
        console.print("[dim]reasons are the examples most like the text: 1 is the same[/]")
    elif first.reasons:
        unit = "log-odds, + towards the answer" if first.probabilities else f"{target}, + upwards"
        strange = first.score is not None
        said = "are what each field adds to strangeness" if strange else f"are in {unit}"
        console.print(f"[dim]reasons {escape(said)}[/]")
    if any(each.codes for each in response.predictions):
        _, granted = map(escape, first.probabilities)
        console.print(
            f"[dim]codes are what cost most log-odds against the usual row of {granted}[/]"
        )
    point = response.operating_point
    if point is not None:
        negative, positive = (escape(f"{target} = {level}") for level in first.probabilities)
        console.print(
            f"[dim]{positive} is answered from a probability of {figure.percent(point.threshold)} "
            f"on: of 100 with {negative}, {100 * point.false_positive_rate:.1f} are expected to be "
            f"taken for {positive}, and of 100 with {positive}, "
            f"{100 * point.false_negative_rate:.1f} for {negative}[/]"
        )


def named(feature: str, value: Json, notes: Notes) -> str:
    """Return a feature by the name people give it, and its value with the unit."""
    note = notes.get(feature, FeatureNote())
    unit = {"": "", "percent": " %"}.get(note.unit, f" {note.unit}")
    counted = isinstance(value, int | float) and not isinstance(value, bool)
    return escape(f"{note.label or feature} = {plain(value)}{unit if counted else ''}")


def plain(value: Json) -> str:
    """Return a value of a row as people write it."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _most(share: float) -> str:
    """Return a share within a sentence that says "than ..."."""
    return figure.percent(share).replace("> ", "more than ").replace("< ", "less than ")


def _answer(prediction: Mapping[str, Json], target: str, point: OperatingPoint | None) -> str:
    """Say in words what a row gets: the level and how sure, or the number and how far off."""
    value = cast("bool | int | float | str | None", prediction["prediction"])
    chances = cast("Mapping[str, float]", prediction.get("probabilities", {}))
    if "score" in prediction:
        what = "unlike the others" if value else "like the others"
        stranger = _most(cast(float, prediction["score"]))
        return f"[bold]{what}[/]: stranger than {stranger} of usual rows"
    if not chances:
        spread = cast("Sequence[float]", prediction.get("interval", ()))
        between = " and ".join(map(figure.number, spread))
        extent = f" (nine in ten are between {between})" if spread else ""
        return f"[bold]{target} = {figure.number(cast(float, value))}[/]{extent}"
    if value is None:
        likely = max(chances, key=lambda each: chances[each])
        sure = figure.percent(cast(float, prediction["confidence"]))
        return f"[bold]{target}: no answer[/] (nearest {escape(likely)}, confidence {sure})"
    level = level_text(value)
    likely, *rest = sorted(chances, key=lambda each: -chances[each])
    said = f"[bold]{target} = {escape(level)}[/] ({figure.percent(chances[level])})"
    if level == likely and len(rest) == 1:
        return said
    if point is None:
        others = ", ".join(f"{escape(each)} {figure.percent(chances[each])}" for each in rest[:3])
        return f"{said}  [dim]{others}{' ...' if len(rest) > 3 else ''}[/]"
    positive = list(chances)[1]
    verb = f"{escape(positive)} is answered" if level == positive else "is answered only"
    threshold = figure.percent(point.threshold)
    return f"{said}: {escape(likely)} is likelier, but {verb} from {threshold} on"


def _signed(share: float) -> str:
    return f"{share:+,.0f}" if abs(share) >= 1000 else f"{share:+.3f}"
