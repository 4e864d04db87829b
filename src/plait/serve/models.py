"""GET /v1/models: the names that may be asked."""

from fastapi import APIRouter, Request, Response

from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.serve import openai
from plait.serve.answer import Answering, rendered
from plait.serve.shape import ERRORS


def router(answering: Answering) -> APIRouter:
    """Return the routes of names."""
    routes = APIRouter(tags=["models"], responses=ERRORS)
    app, auth = answering.app, answering.auth

    @routes.get("/v1/models", response_model=openai.Models)
    def models(request: Request) -> Response:
        """List flows and models, flows first."""
        auth.principal(request, "predict")
        data = [_model(name, kind) for name, kind in app.speakers().items()]
        return rendered({"object": "list", "data": data})

    @routes.get("/v1/models/{model}", response_model=openai.Model)
    def model(model: str, request: Request) -> Response:
        """Return one of them."""
        auth.principal(request, "predict")
        known = app.speakers()
        if model not in known:
            raise UnknownName.of("unknown_model", "flow or model", model, list(known), "model")
        return rendered(_model(model, known[model]))

    return routes


def _model(name: str, kind: str) -> dict[str, Json]:
    """Return a name; nobody asks when it was made, and it may change with every release."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "plait", "kind": kind}
