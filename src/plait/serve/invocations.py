"""MLflow's scoring protocol: POST /invocations, and what asks whether it can be asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, TypeAlias, cast

from fastapi import APIRouter, Query, Request, Response

from plait.app.app import App
from plait.core.columns import Row, Scalar
from plait.core.errors import InvalidRequest
from plait.core.ids import Json
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse
from plait.serve.body import Body, unsupported
from plait.serve.health import readiness
from plait.serve.openai import json_body
from plait.serve.predict import Predicting
from plait.serve.shape import ERRORS

_CONTRACT = Query(description="Which contract is asked; not needed where only one answers.")


@dataclass
class Scores:
    """What is predicted for each row, in order."""

    predictions: Sequence[Scalar]


_ROWS = {"type": "array", "items": {"type": "object"}}
INVOCATION_BODY = json_body(
    "Invocation",
    {
        "dataframe_split": {
            "type": "object",
            "description": "`columns`: names of fields; `data`: a list of values per row.",
        },
        "dataframe_records": {**_ROWS, "description": "Field -> value, per row."},
        "instances": {
            "type": "array",
            "description": "Per row field -> value, or the values in the order of the fields.",
        },
        "inputs": {"description": "As `instances`, or field -> list of its values."},
        "params": {"type": "object", "description": "Must be empty."},
    },
    {"dataframe_split": {"columns": ["income", "region"], "data": [[52000, "north"]]}},
)
INVOCATION_BODY["requestBody"]["content"]["application/json"]["schema"]["required"] = []


def router(predicting: Predicting) -> APIRouter:
    """Return the routes of MLflow's protocol."""
    routes = APIRouter(tags=["mlflow"], responses=ERRORS)
    app = predicting.app

    @routes.post("/invocations", response_model=Scores, openapi_extra=INVOCATION_BODY)
    async def invocations(request: Request, contract: Annotated[str, _CONTRACT] = "") -> Response:
        """Answer rows in one of MLflow's four forms, by the contract that the query names."""
        if "csv" in request.headers.get("content-type", ""):
            raise unsupported("content-type", "CSV", "send JSON, such as `dataframe_split`")

        def read(body: Mapping[str, object]) -> PredictRequest:
            name = contract or _only(app)
            fields = app.live.task(name).input.names
            return PredictRequest(contract=name, rows=_read(Body(body), fields))

        return await predicting(request, contract or _sole(app), read, _scores)

    @routes.get("/ping", response_class=Response)
    def ping() -> Response:
        """Answer 200 when something answers for every released contract, else 503."""
        return Response(b"\n", readiness(app)[0], media_type="application/json")

    @routes.get("/version", response_class=Response)
    async def server_version() -> Response:
        """Return the version of plait, as text."""
        return Response(version("plait"), media_type="text/plain")

    return routes


def _sole(app: App) -> str:
    """Return the one contract that answers; "" when there are several, or none."""
    live = list(app.live.tasks())
    return live[0] if len(live) == 1 else ""


def _only(app: App) -> str:
    name = _sole(app)
    if not name:
        live = list(app.live.tasks())
        raise InvalidRequest(
            "request_shape",
            f"which contract? {', '.join(live) or 'none'} can be asked",
            where="contract",
            hint=f"POST /invocations?contract={live[0]}" if live else "`plait train` one first",
        )
    return name


def _scores(response: PredictResponse) -> Mapping[str, Json]:
    return {"predictions": [each.value for each in response.predictions]}


Rows: TypeAlias = tuple[Row, ...]


def _read(body: Body, fields: Sequence[str]) -> Rows:
    """Return the rows of a body; whether each fits is for the contract's schema to say.

    Raises:
        InvalidRequest: it is in none of the four forms, or in more than one.
    """
    body.only((*_FORMS, "params"), (), {})
    params = body.object("params")
    if params is not None and params.values:
        raise unsupported("params", "a parameter of the model")
    given = [name for name in _FORMS if body.values.get(name) is not None]
    if len(given) != 1:
        raise InvalidRequest(
            "request_shape",
            f"send one of {', '.join(_FORMS)}" + (f", not {' and '.join(given)}" if given else ""),
        )
    return _FORMS[given[0]](body, given[0], fields)


def _split(body: Body, name: str, _: Sequence[str]) -> Rows:
    frame = body.object(name) or Body({}, name)
    frame.only(("columns", "data"), ("index",), {})
    columns, data = frame.values.get("columns"), frame.values.get("data")
    if not isinstance(columns, list) or not all(isinstance(each, str) for each in columns):
        raise frame.wrong("columns", "a list of names")
    if len(set(columns)) != len(columns):
        raise frame.wrong("columns", "a list of different names")
    if not isinstance(data, list):
        raise frame.wrong("data", "a list of rows")
    return _zipped(columns, data, frame.at("data"))


def _records(body: Body, name: str, _: Sequence[str]) -> Rows:
    return tuple(cast("Row", each.values) for each in body.objects(name))


def _instances(body: Body, name: str, fields: Sequence[str]) -> Rows:
    values = body.values.get(name)
    if not isinstance(values, list):
        raise body.wrong(name, "a list of rows")
    if all(isinstance(each, dict) for each in values):
        return _records(body, name, fields)
    single = len(fields) == 1 and not any(isinstance(each, list) for each in values)
    return _zipped(fields, [[each] for each in values] if single else values, body.at(name))


def _inputs(body: Body, name: str, fields: Sequence[str]) -> Rows:
    values = body.values.get(name)
    if not isinstance(values, dict):
        return _instances(body, name, fields)
    inner = Body(values, name)
    for field, column in values.items():
        if not isinstance(column, list):
            raise inner.wrong(field, "a list of values, one per row")
    heights = {len(column) for column in values.values()}
    if len(heights) > 1:
        raise InvalidRequest(
            "request_shape", f"lists of unequal length: {sorted(heights)}", where=name
        )
    rows = zip(*values.values(), strict=True)
    return tuple(cast("Row", dict(zip(values, row, strict=True))) for row in rows)


_FORMS: Mapping[str, Callable[[Body, str, Sequence[str]], Rows]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}


def _zipped(names: Sequence[str], rows: Sequence[object], where: str) -> Rows:
    """Return rows of values as rows of fields."""
    found = []
    for at, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            count = f"{len(row)} values" if isinstance(row, list) else "no list of values"
            raise InvalidRequest(
                "request_shape",
                f"the row is {count}, for {len(names)} columns",
                where=f"{where}[{at}]",
            )
        found.append(cast("Row", dict(zip(names, row, strict=True))))
    return tuple(found)
