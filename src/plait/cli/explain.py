"""`plait explain`: one id explains everything."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import click
from rich.markup import escape

from plait.cli.frame import json_option, open_app, print_json, project_option
from plait.cli.render import NO_NOTES, Notes, named, plain, show_answers, show_forecast
from plait.cli.terminal import console, moment, plural, table, whole
from plait.core import figure
from plait.core.decision import OperatingPoint
from plait.core.ids import Json

Part: TypeAlias = Mapping[str, Json]
_MOST_ROWS = 3
_MOST_NUMBERS = 8  # of a history


@click.command("explain")
@click.argument("request_id", metavar="ID")
@project_option
@json_option
def command(request_id: str, project: Path, as_json: bool) -> None:
    """Tell everything about the answered request ID: who, what, by which model, decided how."""
    with open_app(project) as app:
        found = app.explain(request_id)
        contract = app.project.settings.contracts.get(str(found["name"]))
    if as_json:
        print_json(found)
    else:
        show_explanation(found, contract.features if contract else NO_NOTES)


def show_explanation(found: Part, notes: Notes) -> None:
    """Print what is known of one request.

    Args:
        found: as `App.explain` returns it.
        notes: what people call the features.
    """
    _request(found)
    _content(found, notes)
    _stages(_parts(found["stages"]), _part(found["usage"] or {}))
    if "artefact" in found:
        _artefact(_part(found["artefact"]))
    if "decision" in found:
        _decision(_part(found["decision"]))
    if "evidence" in found:
        _evidence(_part(found["evidence"]), _part(found["dataset"]))


def _request(found: Part) -> None:
    status = str(found["status"])
    how = "answered" if status == "done" else f"failed with {status}"
    took = figure.milliseconds(1000 * _number(found["seconds"]))
    by = f"key {found['key']}" if found["key"] else "this machine"
    whole(f"[bold]{found['id']}[/]")
    console.print(
        escape(
            f"{found['name']}, {how} in {took} ms on {moment(_number(found['created']))}, asked by "
            f"{by} of tenant {found['tenant']}, privacy {found['privacy']}"
        )
    )


def _content(found: Part, notes: Notes) -> None:
    asked, answered = found["asked"], found["answered"]
    if asked is None:
        console.print("what was sent is not kept")
        return
    if isinstance(asked, Mapping):
        _series(asked, _part(answered or {}))
        return
    if isinstance(asked, str):
        _title("asked")
        console.print(f"  {escape(asked)}")
    elif asked and all("role" in each for each in _parts(asked)):
        _title("asked")
        for turn in _parts(asked):
            console.print(f"  [dim]{turn['role']}[/]  {escape(str(turn['content']))}")
    else:
        _rows(_parts(asked), found, notes)
        return
    if answered is not None:
        _said(_part(answered))
    _found(found)


def _series(asked: Part, answered: Part) -> None:
    """Print the end of a history and what was said of it."""
    history = cast("Sequence[float | None]", asked["history"])
    _title("asked")
    last = ", ".join(plain(each) for each in history[-_MOST_NUMBERS:])
    before = "..., " if len(history) > _MOST_NUMBERS else ""
    console.print(f"  history = {before}{last} ({plural(len(history), 'number')})")
    if "horizon" in asked:
        console.print(f"  horizon = {asked['horizon']}")
    if answered:
        _title("answered")
        show_forecast(answered)


def _said(answered: Part) -> None:
    """Print what a flow or model answered, or which passages a search found."""
    _title("answered")
    if "text" not in answered:
        console.print(f"  {plural(len(_parts(answered.get('passages', ()))), 'passage')}")
        return
    console.print(f"  {escape(str(answered['text']))}")
    by = f" by {answered['spoken']}" if answered["spoken"] else ""
    console.print(f"  [dim]{answered['manner']}{escape(by)}[/]")
    for each in _parts(answered["citations"]):
        place = f"{each['name']}, characters {each['start']} to {each['end']}"
        whole(f"  [dim]{escape(place)}[/]")
    for note in cast("Sequence[str]", answered["notes"]):
        console.print(f"  [yellow]![/] {escape(note)}")


def _found(found: Part) -> None:
    """Print the passages that were retrieved and what guards said."""
    passages, verdicts = _parts(found["passages"]), _parts(found["verdicts"])
    if passages:
        _title("passages")
        rows = [
            (
                f"{_number(each['score']):.3f}",
                escape(f"{each['document']}, characters {each['start']} to {each['end']}"),
            )
            for each in passages
        ]
        table(("score", "where"), rows, right=("score",))
    if verdicts:
        _title("guards")
        for each in verdicts:
            console.print(f"  {each['guard']}: {each['action']}; {escape(str(each['reason']))}")


def _rows(rows: Sequence[Part], found: Part, notes: Notes) -> None:
    """Print rows, what was looked up for them, and their predictions."""
    looked_up = _parts(found["looked_up"] or ())
    for number, row in enumerate(rows[:_MOST_ROWS], 1):
        _title("asked" if number == 1 else f"row {number}")
        for name, value in row.items():
            console.print(f"  {named(name, value, notes)}")
        if number <= len(looked_up):
            console.print("  [dim]looked up[/]")
            for name, value in looked_up[number - 1].items():
                console.print(f"  {named(name, value, notes)}")
    if (more := len(rows) - _MOST_ROWS) > 0:
        console.print(f"  and {plural(more, 'row')} more")
    if found["answered"] is not None:
        decision = _part(found.get("decision", {}))
        point = _part(decision.get("operating_point") or {})
        _title("answered")
        show_answers(
            _parts(found["answered"])[:_MOST_ROWS],
            str(_part(found.get("evidence", {})).get("target", "prediction")),
            point=OperatingPoint.read(point) if point else None,
            notes=notes,
        )


def _stages(stages: Sequence[Part], usage: Part) -> None:
    _title("stages")
    rows = []
    for stage in stages:
        tags = ", ".join(f"{name} {value}" for name, value in _part(stage["tags"]).items())
        said = " ".join(filter(None, (tags, str(stage["error"] or ""))))
        took = figure.milliseconds(_number(stage["milliseconds"]))
        rows.append((escape(str(stage["name"])), took, escape(said)))
    table(("stage", "ms", ""), rows, right=("ms",))
    if not usage:  # the record was larger than may be kept
        return
    spent = (
        f"{_number(usage['cost_usd']):.6g} USD, {plural(int(_number(usage['tokens'])), 'token')}"
    )
    console.print(f"[dim]spent {spent}[/]")


def _artefact(artefact: Part) -> None:
    _title(f"artefact {artefact['id']}")
    if "problem" in artefact and "engine" not in artefact:
        console.print(f"  {escape(str(artefact['problem']))}")
        return
    inputs = cast("Sequence[str]", artefact["inputs"])
    problem = f"{artefact['problem']}, " if artefact["problem"] else ""
    console.print(
        escape(
            f"{artefact['engine']} engine, {problem}"
            f"{figure.size(1e6 * _number(artefact['size_mb']))}, made by {artefact['origin']}, "
            f"licence {artefact['licence']}; it reads {', '.join(inputs)}"
        )
    )


def _decision(decision: Part) -> None:
    _title(f"decision {decision['id']}")
    when = moment(_number(decision["created"]))
    console.print(
        escape(f"{decision['kind']} on {when} by {decision['by']}: {decision['winner']} answers")
    )
    standings = _parts(decision["standings"])
    if standings:
        titles = ("candidate", str(decision["metric"]), "95 % interval")
        rows = []
        for each in standings:
            score, low, high = (figure.score(_number(each[n])) for n in ("score", "low", "high"))
            rows.append((escape(str(each["name"])), score, f"{low} to {high}"))
            if each["name"] == decision["winner"]:
                console.print(f"the reason: {escape(str(each['why']))}")
        table(titles, rows, right=titles[1:])
    for note in cast("Sequence[str]", decision["notes"]):
        console.print(f"[yellow]![/] {escape(note)}")


def _evidence(evidence: Part, dataset: Part) -> None:
    _title(f"evidence {evidence['id']}")
    splits = _part(evidence["splits"])
    console.print(
        escape(
            f"{splits['kind']} splits, {splits['folds']} folds, {splits['repeats']} times, seed "
            f"{splits['seed']}; by "
            + ", ".join(f"{name} {made}" for name, made in _part(evidence["libraries"]).items())
        )
    )
    _title(f"dataset {dataset['id']}")
    if dataset["rows"] is not None:
        kept = moment(_number(dataset["created"]))
        console.print(f"{plural(int(_number(dataset['rows'])), 'row')}, kept on {kept}")


def _title(text: str) -> None:
    whole(f"\n[bold]{escape(text)}[/]")


def _part(value: Json) -> Part:
    return cast(Part, value)


def _parts(value: Json) -> Sequence[Part]:
    return cast("Sequence[Part]", value)


def _number(value: Json) -> float:
    return cast(float, value)
