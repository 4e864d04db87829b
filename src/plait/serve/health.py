"""Operations: is it alive, is it ready, what does it count?"""

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.errors import NotAllowed, PlaitError
from plait.core.ids import Json
from plait.serve.auth import Auth
from plait.serve.json import render
from plait.serve.metrics import Metrics
from plait.serve.shape import Alive, Readiness


def router(app: App, auth: Auth, metrics: Metrics) -> APIRouter:
    """Return the routes of operations."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/livez", response_model=Alive)
    async def livez() -> Response:
        """Answer 200 as long as the process serves."""
        return Response(b'{"status":"alive"}', media_type="application/json")

    @routes.get(
        "/readyz",
        response_model=Readiness,
        responses={503: {"model": Readiness, "description": "Not ready."}},
    )
    def readyz(request: Request) -> Response:
        """Answer 200 when the store can be read and something answers for every released contract.

        A release that cannot be loaded leaves the one before it answering: the state is degraded
        and the status stays 200, since taking the server away would only make it worse.
        """
        status, state = readiness(app)
        try:
            auth.principal(request, "read")
        except NotAllowed:  # whoever may not read learns no names
            state = {"status": state["status"]}
        return Response(render(state), status, media_type="application/json")

    @routes.get("/metrics", response_class=Response)
    async def prometheus(request: Request) -> Response:
        """Return counters and histograms in Prometheus' text format."""
        auth.principal(request, "read")
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes


def readiness(app: App) -> tuple[int, dict[str, Json]]:
    """Return the status, 200 or 503, and what it is about."""
    live, problems = app.live.tasks(), app.live.problems()
    ready = set(problems) <= set(live)
    try:
        app.store.change_counter()
    except PlaitError as error:
        problems["store"] = str(error)
        ready = False
    contracts = app.project.settings.contracts
    state: dict[str, Json] = {
        "status": "not ready" if not ready else "degraded" if problems else "ready",
        "contracts": {name: "live" if name in live else "not trained" for name in contracts},
        "problems": problems,
    }
    return 200 if ready else 503, state
