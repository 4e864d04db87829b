"""The console: one page, rendered here, without scripts."""

import time
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from plait.app.app import App
from plait.core.columns import Scalar
from plait.core.errors import InvalidRequest, PlaitError
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse
from plait.core.schema import Field
from plait.serve.auth import Auth

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "cache-control": "no-store",
}


def router(app: App, auth: Auth) -> APIRouter:
    """Return the routes of the console."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/", response_class=HTMLResponse)
    def home(request: Request) -> HTMLResponse:
        """Show contracts with their decisions, forms to predict, and the last requests."""
        auth.principal(request, "read")
        return _page(app, request, {})

    @routes.post("/", response_class=HTMLResponse)
    async def predict(request: Request) -> HTMLResponse:
        """Answer the row of a form, on the same page."""
        principal = auth.principal(request, "predict")
        sent = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
        form = {name: values[0] for name, values in sent.items()}
        contract = form.pop("contract", "")
        shown: dict[str, object] = {"contract": contract, "form": form}
        try:
            fields = app.live.task(contract).predictor.artefact.manifest.input.fields
            row = {field.name: _value(field, form.get(field.name, "")) for field in fields}
            wanted = PredictRequest(contract=contract, rows=(row,), reasons=5)
            response = await app.handle(wanted, app.context(principal))
            shown["answer"] = _answer(response)
        except PlaitError as error:
            shown["error"] = str(error)
        return _page(app, request, shown)

    return routes


def _page(app: App, request: Request, shown: dict[str, object]) -> HTMLResponse:
    tasks = app.live.tasks()
    contracts = []
    for name, contract in app.project.settings.contracts.items():
        task = tasks.get(name)
        contracts.append(
            {
                "name": name,
                "target": contract.target,
                "notes": contract.features,
                "decision": app.decision(task.decision) if task else None,
                "fields": task.predictor.artefact.manifest.input.fields if task else (),
                "failure": app.live.failures.get(name, ""),
            }
        )
    page = _PAGES.get_template("console.html").render(
        project=app.project.settings.project,
        contracts=contracts,
        requests=app.requests(20),
        when=lambda at: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)),
        url=str(request.base_url).rstrip("/"),
        **{"contract": "", "form": {}, "answer": None, "error": "", **shown},
    )
    return HTMLResponse(page, headers=_HEADERS)


def _value(field: Field, text: str) -> Scalar:
    """Return what a person typed as the field reads it; an empty box is a missing value."""
    if not text.strip():
        return None
    if field.kind == "boolean":
        return text == "true"
    if field.kind != "number":
        return text
    try:
        return float(text)
    except ValueError:
        raise InvalidRequest(
            "row_wrong_type", f"{field.name!r} is {text!r}, not a number", where=field.name
        ) from None


def _answer(response: PredictResponse) -> dict[str, object]:
    prediction = response.predictions[0]
    chances = sorted(prediction.probabilities.items(), key=lambda each: -each[1])
    return {
        "id": response.id,
        "value": prediction.value,
        "chances": chances,
        "interval": prediction.interval,
        "reasons": prediction.reasons,
        "point": response.operating_point,
    }
