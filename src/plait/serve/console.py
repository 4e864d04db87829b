"""The console: one page, rendered here, without scripts."""

import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from plait.app.app import App
from plait.core import figure
from plait.core.columns import Scalar
from plait.core.context import Principal
from plait.core.contract import Contract
from plait.core.decision import Decision, OperatingPoint
from plait.core.errors import InvalidRequest, PlaitError, shown
from plait.core.protocol import RowTask
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse, Reason
from plait.core.schema import Field
from plait.engines.answer import level_text
from plait.flow.handle import inline
from plait.serve.ask import Asked, ask, box
from plait.serve.auth import Auth
from plait.serve.json import body_parts
from plait.serve.page import show

_REASONS = 6
_REQUESTS = 20
_MOST_BYTES = 1024 * 1024
_MOST_FIELDS = 1_000
"""Of one form; a contract has a box for each of its features."""
_NOTHING: Mapping[str, object] = {"contract": "", "form": {}, "answer": None, "error": ""}


def router(app: App, auth: Auth) -> APIRouter:
    """Return the routes of the console."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", response_class=HTMLResponse)
    def home(request: Request) -> HTMLResponse:
        """Show a box to ask in, contracts with their decisions, and the last requests."""
        return _page(app, auth.principal(request, "read"), _NOTHING)

    @routes.post("/", response_class=HTMLResponse)
    async def answer(request: Request) -> HTMLResponse:
        """Answer the question or the row of a form, on the same page."""
        principal = auth.principal(request, "predict")
        principal.require("read")
        body = b"".join([part async for part in body_parts(request, _MOST_BYTES)])
        sent = await run_in_threadpool(_form, body)
        if "flow" in sent:
            asked = await ask(app, principal, sent, request)
            return await run_in_threadpool(_page, app, principal, _NOTHING, asked)
        typed = {name: values[0] for name, values in sent.items()}
        return await run_in_threadpool(_answered, app, principal, typed, str(request.base_url))

    return routes


def _form(body: bytes) -> Mapping[str, Sequence[str]]:
    """Return the fields of a form, each with its values."""
    text = body.decode("utf-8", "replace")
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise InvalidRequest(
            "request_too_large",
            f"the form has more than {_MOST_FIELDS:,} fields",
            hint="send such rows as JSON to /v1/predict",
        ) from None


def _answered(app: App, principal: Principal, typed: Mapping[str, str], url: str) -> HTMLResponse:
    """Answer what a person typed; a mistake stands where the answer would."""
    contract = typed.get("contract", "")
    form = {name.removeprefix("row."): text for name, text in typed.items() if "." in name}
    asked = {**_NOTHING, "contract": contract, "form": form}
    try:
        fields = app.live.task(contract).input.fields
        row = {field.name: _value(field, form.get(field.name, "")) for field in fields}
        wanted = PredictRequest(contract=contract, rows=(row,), reasons=_REASONS)
        response = inline(app.handle(wanted, app.context(principal)))
        body = json.dumps({"rows": [row]}, ensure_ascii=False)
        line = shlex.join(["curl", f"{url}v1/predict/{contract}", "-d", body])
        asked["answer"] = {**_answer(app.contract(contract).target, response), "curl": line}
    except PlaitError as error:
        asked["error"] = str(error)
    return _page(app, principal, asked)


def _page(
    app: App, principal: Principal, asked: Mapping[str, object], question: Asked | None = None
) -> HTMLResponse:
    tasks = app.live.tasks()
    contracts = [
        {
            "anchor": f"c{number}",
            "name": name,
            "target": contract.target,
            "failure": app.live.failures.get(name, ""),
            "decision": None,
            **(_live(app, contract, tasks[name]) if name in tasks else {}),
        }
        for number, (name, contract) in enumerate(app.project.settings.contracts.items(), start=1)
    ]
    return show(
        "console.html",
        project=app.project.settings.project,
        contracts=contracts,
        requests=app.requests(_REQUESTS, principal),
        asked=asked,
        box=box(app, principal, question),
        when=lambda at: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)),
        number=figure.number,
        milliseconds=figure.milliseconds,
    )


def _live(app: App, contract: Contract, task: RowTask) -> dict[str, object]:
    """Return what the page says of a contract that is answered."""
    made = app.decision(task.decision)
    return {
        "decision": made,
        "decision_id": task.decision,
        "reasons": made.reasons(),
        "fields": sorted(task.input.fields, key=_rank(contract)),
        "labels": {
            name: f"{note.label or name} ({note.unit})" if note.unit else note.label or name
            for name, note in contract.features.items()
        },
        "ranges": _ranges(made),
    }


def _rank(contract: Contract) -> Callable[[Field], int]:
    """Return what puts fields into the order in which the contract names them."""
    places = {name: place for place, name in enumerate(contract.features)}
    return lambda field: places.get(field.name, len(places))


def _ranges(made: Decision) -> dict[str, dict[str, float]]:
    """Return where each candidate's score and interval lie on one axis, in percent."""
    first = min((each.low for each in made.standings), default=0.0)
    width = max((each.high for each in made.standings), default=0.0) - first or 1.0

    def place(score: float) -> float:
        return round(100 * (score - first) / width, 2)

    return {
        each.name: {
            "left": place(each.low),
            "middle": place(each.score),
            "width": round(place(each.high) - place(each.low), 2),
        }
        for each in made.standings
    }


def _value(field: Field, text: str) -> Scalar:
    """Return what a person typed as the field reads it; an empty box is a missing value."""
    text = text.strip()
    if not text:
        return None
    if field.kind == "boolean":
        return text == "true"
    if field.kind != "number":
        return text
    try:
        number = float(text)
    except ValueError:
        raise InvalidRequest(
            "row_wrong_type", f"{shown(text)} is not a number", where=field.name
        ) from None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _answer(target: str, response: PredictResponse) -> dict[str, object]:
    """Return what the page says of an answer."""
    (prediction,) = response.predictions
    levels, point = list(prediction.probabilities), response.operating_point
    if len(levels) != 2:
        point = None
    chances = [
        {
            "level": level,
            "width": round(100 * share, 2),
            "text": figure.percent(share),
            "mark": round(100 * point.threshold, 2) if point and level == levels[1] else None,
        }
        for level, share in sorted(prediction.probabilities.items(), key=lambda each: -each[1])
    ]
    value = prediction.value
    said = figure.number(value) if isinstance(value, float) and not levels else _text(value)
    if prediction.abstained:
        said = "no answer"
    examples = any(each.kind == "example" for each in prediction.reasons)
    largest = max((abs(each.contribution) for each in prediction.reasons), default=1.0)
    return {
        "id": response.id,
        "value": said,
        "chances": chances,
        "interval": prediction.interval and tuple(map(figure.number, prediction.interval)),
        "point": point and _point(point, *(f"{target} = {level}" for level in levels)),
        "unit": "likeness" if examples else "log-odds" if levels else "share",
        "sign": "These examples are most like it; 1 is the same."
        if examples
        else f"+ speaks for {target} = {said}."
        if levels
        else f"+ raises {target}.",
        "reasons": [_reason(each, largest) for each in prediction.reasons],
        "codes": [
            {"code": each.code, "words": each.words, "text": _signed(each.contribution)}
            for each in prediction.codes
        ],
        "granted": f"{target} = {levels[1]}" if prediction.codes else "",
    }


def _reason(reason: Reason, largest: float) -> dict[str, object]:
    """Return a reason with its bar, in percent of a track whose middle is zero."""
    width = round(50 * abs(reason.contribution) / largest, 2)
    plus = reason.contribution > 0
    return {
        "feature": reason.feature,
        "value": _text(reason.value),
        "text": _signed(reason.contribution),
        "plus": plus,
        "left": 50 if plus else 50 - width,
        "width": width,
    }


def _point(point: OperatingPoint, negative: str, positive: str) -> str:
    """Say what the threshold is, and how often it is expected to be wrong."""
    return (
        f"{positive} is answered from a probability of {figure.percent(point.threshold)} on. "
        f"Of 100 with {negative}, {100 * point.false_positive_rate:.1f} are expected to be taken "
        f"for {positive}; of 100 with {positive}, {100 * point.false_negative_rate:.1f} for "
        f"{negative}."
    )


def _text(value: Scalar) -> str:
    """Return a value of a row as people write it."""
    if value is None:
        return "missing"
    return f"{value:.15g}" if isinstance(value, float) else level_text(value)


def _signed(share: float) -> str:
    return f"{share:+,.0f}" if abs(share) >= 1000 else f"{share:+.3f}"
