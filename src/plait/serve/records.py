"""GET what was kept: requests, decisions, jobs."""

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.context import Principal
from plait.core.errors import UnknownName
from plait.core.ids import Json
from plait.serve.auth import Auth
from plait.serve.json import render
from plait.store.record import JobRow


def router(app: App, auth: Auth) -> APIRouter:
    """Return the routes of kept records. Plain functions: the framework runs them in threads."""
    routes = APIRouter(tags=["records"])

    @routes.get("/v1/requests/{request_id}", response_class=Response)
    def explain(request_id: str, request: Request) -> Response:
        """Explain one answered request: everything it touched."""
        return _json(app.explain(request_id, auth.principal(request, "read")))

    @routes.get("/v1/decisions", response_class=Response)
    def decisions(request: Request, contract: str | None = None) -> Response:
        """List decisions, newest first."""
        auth.principal(request, "read")
        made = [{"id": d.id, **d.record()} for d in app.decisions(contract)]
        return _json({"decisions": made})

    @routes.get("/v1/decisions/{decision_id}", response_class=Response)
    def decision(decision_id: str, request: Request) -> Response:
        """Return one decision whole."""
        auth.principal(request, "read")
        made = app.decision(decision_id)
        return _json({"id": made.id, **made.record()})

    @routes.get("/v1/jobs", response_class=Response)
    def jobs(request: Request) -> Response:
        """List jobs, newest first."""
        principal = auth.principal(request, "read")
        rows = [job_record(row) for row in app.jobs.list() if row.tenant == principal.tenant]
        return _json({"jobs": rows})

    @routes.get("/v1/jobs/{job_id}", response_class=Response)
    def job(job_id: str, request: Request) -> Response:
        """Return one job."""
        return _json(job_record(_job(job_id, auth.principal(request, "read"))))

    @routes.delete("/v1/jobs/{job_id}", response_class=Response)
    def cancel(job_id: str, request: Request) -> Response:
        """Ask a job to stop."""
        _job(job_id, auth.principal(request, "train"))
        return _json(job_record(app.jobs.cancel(job_id)))

    def _job(job_id: str, principal: Principal) -> JobRow:
        row = app.jobs.get(job_id)
        if row.tenant != principal.tenant:
            raise UnknownName("unknown_job", f"no job {job_id!r}")
        return row

    return routes


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
