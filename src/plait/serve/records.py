"""GET what was kept: requests, decisions, jobs."""

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.decision import Decision
from plait.core.ids import Json
from plait.serve import shape
from plait.serve.auth import Auth
from plait.serve.json import render
from plait.store.record import JobRow


def router(app: App, auth: Auth) -> APIRouter:
    """Return the routes of kept records. Plain functions: the framework runs them in threads."""
    routes = APIRouter(tags=["records"], responses=shape.ERRORS)

    @routes.get("/v1/requests/{request_id}", response_model=shape.Explanation)
    def explain(request_id: str, request: Request) -> Response:
        """Explain one answered request: everything it touched."""
        return _json(app.explain(request_id, auth.principal(request, "read")))

    @routes.get("/v1/decisions", response_model=shape.Decisions)
    def decisions(request: Request, contract: str | None = None) -> Response:
        """List decisions, newest first."""
        auth.principal(request, "read")
        return _json({"decisions": [decision_record(made) for made in app.decisions(contract)]})

    @routes.get("/v1/decisions/{decision_id}", response_model=shape.Decision)
    def decision(decision_id: str, request: Request) -> Response:
        """Return one decision whole."""
        auth.principal(request, "read")
        return _json(decision_record(app.decision(decision_id)))

    @routes.get("/v1/jobs", response_model=shape.Jobs)
    def jobs(request: Request) -> Response:
        """List jobs, newest first."""
        principal = auth.principal(request, "read")
        rows = app.jobs.list(tenant=principal.tenant)
        return _json({"jobs": [job_record(row) for row in rows]})

    @routes.get("/v1/jobs/{job_id}", response_model=shape.Job)
    def job(job_id: str, request: Request) -> Response:
        """Return one job."""
        principal = auth.principal(request, "read")
        return _json(job_record(app.jobs.get(job_id, tenant=principal.tenant)))

    @routes.delete("/v1/jobs/{job_id}", response_model=shape.Job)
    def cancel(job_id: str, request: Request) -> Response:
        """Ask a job to stop."""
        principal = auth.principal(request, "train")
        app.jobs.get(job_id, tenant=principal.tenant)
        return _json(job_record(app.jobs.cancel(job_id)))

    return routes


def decision_record(made: Decision) -> dict[str, Json]:
    """Return a decision as its caller sees it."""
    return {"id": made.id, **made.record()}


def job_record(row: JobRow) -> dict[str, Json]:
    """Return a job as its caller sees it."""
    return {
        "id": row.id,
        "kind": row.kind,
        "arguments": row.arguments,
        "state": row.state,
        "step": row.step,
        "done": row.done,
        "total": row.total,
        "attempts": row.attempts,
        "created": row.created,
        "updated": row.updated,
        "result": row.result,
        "error": row.error,
    }


def _json(value: Json) -> Response:
    return Response(render(value), media_type="application/json")
