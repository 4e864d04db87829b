"""The Open Inference Protocol, version 2, as KServe, Triton and MLServer speak it: /v2.

A model is a contract. Tensors are JSON; the protocol's optional paths with a version, and its
binary extension, are not served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.artefact import Manifest
from plait.core.request import ForecastRequest, PredictRequest
from plait.core.response import Forecast, PredictResponse
from plait.serve.body import Body, unsupported
from plait.serve.health import readiness
from plait.serve.json import render
from plait.serve.openai import json_body
from plait.serve.predict import Predicting
from plait.serve.tensor import (
    DATATYPES,
    Tensor,
    TensorMetadata,
    answer_tensors,
    input_tensors,
    output_tensors,
    read_rows,
    read_series,
    series_tensors,
    wanted_outputs,
)

_KNOWN = ("id", "inputs", "outputs", "parameters")
_BINARY = "inference-header-content-length"  # Triton's clients, when tensors follow the JSON


@dataclass
class InferenceError:
    """Every error of /v2, in one text."""

    error: str


@dataclass
class ServerMetadata:
    """Who serves."""

    name: str
    version: str
    extensions: Sequence[str]


@dataclass
class ServerLive:
    """The process serves."""

    live: bool


@dataclass
class ServerReady:
    """Something answers for every released contract."""

    ready: bool


@dataclass
class ModelReady:
    """Something answers for the contract."""

    name: str
    ready: bool


@dataclass
class ModelMetadata:
    """What a contract takes and answers."""

    name: str
    platform: str
    inputs: Sequence[TensorMetadata]
    outputs: Sequence[TensorMetadata]


@dataclass
class Inference:
    """The answer; `model_version` is the artefact's id, `id` the caller's, or else the request's.

    `parameters` has the request's id, which `/v1/requests/{id}` explains, and the decision's.
    """

    model_name: str
    model_version: str
    id: str
    parameters: Mapping[str, str]
    outputs: Sequence[Tensor]


ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": InferenceError, "description": "The request cannot be answered as it is."},
    "5XX": {"model": InferenceError, "description": "plait cannot answer now."},
}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string", "description": "A field; of a matrix anything else."},
        "shape": {"type": "array", "items": {"type": "integer"}, "description": "[n] or [n, k]."},
        "datatype": {"type": "string", "enum": sorted(DATATYPES)},
        "data": {"type": "array", "description": "Flat or nested; null is a missing value."},
        "parameters": {"type": "object"},
    },
}
INFER_BODY = json_body(
    "InferenceRequest",
    {
        "id": {"type": "string", "description": "Comes back with the answer."},
        "inputs": {
            "type": "array",
            "items": _TENSOR,
            "description": "One tensor per field, or one matrix of all fields in their order.",
        },
        "outputs": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            "description": "Tensors to answer with; without it all.",
        },
        "parameters": {"type": "object", "description": "None changes the answer."},
    },
    {
        "inputs": [
            {"name": "income", "shape": [1], "datatype": "FP64", "data": [52000]},
            {"name": "region", "shape": [1], "datatype": "BYTES", "data": ["north"]},
        ]
    },
)


def router(predicting: Predicting) -> APIRouter:
    """Return the routes of the protocol."""
    routes = APIRouter(tags=["open inference protocol"], responses=ERRORS)
    app, auth = predicting.app, predicting.auth
    _add_health(routes, app)

    @routes.get("/v2/models/{name}", response_model=ModelMetadata)
    def model_metadata(name: str, request: Request) -> Response:
        """Return the tensors that a contract takes and answers with."""
        auth.principal(request, "predict")
        found = _manifest(app, name)
        inputs, outputs = input_tensors(found.input.fields), output_tensors(found.output)
        return _rendered(
            ModelMetadata(name, f"plait_{found.engine}", inputs, list(outputs.values()))
        )

    @routes.get("/v2/models/{name}/ready", response_model=ModelReady)
    def model_ready(name: str, request: Request) -> Response:
        """Answer 200 when something answers for the contract, else 400."""
        auth.principal(request, "predict")
        app.contract(name)  # an unknown name is an error, and no state
        ready = name in app.live.tasks()
        return _rendered(ModelReady(name, ready), 200 if ready else 400)

    @routes.post("/v2/models/{name}/infer", response_model=Inference, openapi_extra=INFER_BODY)
    async def infer(name: str, request: Request) -> Response:
        """Answer the rows of tensors by the champion of a contract."""
        if _BINARY in request.headers:
            raise unsupported(_BINARY, "binary data", "set binary_data=False in the client")
        call = _Call(app, name)
        return await predicting(request, name, call.read, call.show)

    return routes


def _add_health(routes: APIRouter, app: App) -> None:
    """Add what is told of the server; a "no" has a status of 4xx, as the protocol wants it."""

    @routes.get("/v2", response_model=ServerMetadata)
    async def server_metadata() -> Response:
        """Name the server, its version and the extensions of the protocol it has: none."""
        return _rendered(ServerMetadata("plait", version("plait"), []))

    @routes.get("/v2/health/live", response_model=ServerLive)
    async def server_live() -> Response:
        """Answer 200 as long as the process serves, whether or not it is ready."""
        return _rendered(ServerLive(live=True))

    @routes.get("/v2/health/ready", response_model=ServerReady)
    def server_ready() -> Response:
        """Answer 200 when something answers for every released contract, else 400."""
        ready = readiness(app)[0] == 200
        return _rendered(ServerReady(ready=ready), 200 if ready else 400)


class _Call:
    """An inference under way: the caller's id, and the outputs that are asked for."""

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name

    def read(self, values: Mapping[str, object]) -> PredictRequest | ForecastRequest:
        """Return the rows, or the series, that are sent."""
        manifest = _manifest(self._app, self._name)
        body = Body(values)
        body.only(_KNOWN, (), {})
        body.object("parameters")
        self._id = body.text("id", "")
        self._wanted = wanted_outputs(body, manifest.output)
        if manifest.task == "series":
            return read_series(body.objects("inputs"), self._name)
        rows = read_rows(body.objects("inputs"), manifest.input.fields)
        return PredictRequest(contract=self._name, rows=rows)

    def show(self, response: PredictResponse | Forecast) -> Inference:
        """Return the answer as it is rendered."""
        outputs = (
            answer_tensors(response, self._wanted)
            if isinstance(response, PredictResponse)
            else series_tensors(response, self._wanted)
        )
        return Inference(
            model_name=self._name,
            model_version=response.artefact,
            id=self._id or response.id,
            parameters={"request": response.id, "decision": response.decision},
            outputs=outputs,
        )


def _manifest(app: App, name: str) -> Manifest:
    """Return the manifest of what answers, as a caller sees it: with the fields that are sent."""
    task = app.live.task(name)
    return replace(task.predictor.artefact.manifest, input=task.input)


def _rendered(value: object, status: int = 200) -> Response:
    return Response(render(value), status, media_type="application/json")
