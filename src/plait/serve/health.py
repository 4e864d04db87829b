"""Operations: is it alive, is it ready, what does it count?"""

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.errors import PlaitError
from plait.serve.auth import Auth
from plait.serve.json import render
from plait.serve.metrics import Metrics


def router(app: App, auth: Auth, metrics: Metrics) -> APIRouter:
    """Return the routes of operations."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/livez", response_class=Response)
    async def livez() -> Response:
        """Answer 200 as long as the process serves."""
        return Response(b'{"status":"alive"}', media_type="application/json")

    @routes.get("/readyz", response_class=Response)
    def readyz() -> Response:
        """Answer 200 when the store can be read and every released contract is loaded."""
        problems = dict(app.live.failures)
        try:
            app.store.change_counter()
        except PlaitError as error:
            problems["store"] = str(error)
        state = {
            "status": "not ready" if problems else "ready",
            "contracts": {
                name: "live" if name in app.live.tasks() else "not trained"
                for name in app.project.settings.contracts
            },
            "problems": problems,
        }
        return Response(render(state), 503 if problems else 200, media_type="application/json")

    @routes.get("/metrics", response_class=Response)
    async def prometheus(request: Request) -> Response:
        """Return counters and histograms in Prometheus' text format."""
        auth.principal(request, "read")
        return Response(metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
