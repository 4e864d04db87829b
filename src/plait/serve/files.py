"""/v1/files: documents are uploaded here, and then added to a collection."""

import asyncio
from typing import Literal, TypeAlias

from fastapi import APIRouter, Request, Response

from plait.app.files import Files
from plait.core.context import Principal
from plait.core.errors import InvalidRequest, shown
from plait.core.ids import Json
from plait.serve import openai_store
from plait.serve.answer import Answering, rendered
from plait.serve.multipart import form_of, receive, spool
from plait.serve.shape import ERRORS
from plait.store.record import DocumentRow

Order: TypeAlias = Literal["asc", "desc"]
_PURPOSES = ("assistants", "user_data")
_AT_ONCE = 2  # forms taken apart at a time, each at most twice its size in memory


def router(answering: Answering) -> APIRouter:
    """Return the routes of files. Plain functions: the framework runs them in threads."""
    routes = APIRouter(tags=["files"], responses=ERRORS)
    auth, files = answering.auth, Files(answering.app.store)
    turn = asyncio.Semaphore(_AT_ONCE)

    @routes.post(
        "/v1/files", response_model=openai_store.File, openapi_extra=openai_store.FILE_BODY
    )
    async def file_uploaded(request: Request) -> Response:
        """Upload a file of at most 64 MiB; `purpose` is `assistants` or `user_data`."""
        principal = auth.principal(request, "train")
        with spool() as stream:
            await receive(request, stream)

            def keep() -> DocumentRow:
                with form_of(stream, request.headers.get("content-type", "")) as form:
                    purpose = form.text("purpose")
                    if purpose not in _PURPOSES:
                        raise _wrong_purpose(purpose)
                    return files.add(*form.file("file"), principal, {"purpose": purpose})

            async with turn:
                return rendered(file_record(await asyncio.to_thread(keep)))

    @routes.get("/v1/files", response_model=openai_store.Files)
    def file_list(
        request: Request,
        purpose: str | None = None,
        limit: int = 10_000,
        after: str | None = None,
        order: Order = "desc",
    ) -> Response:
        """List files, newest first; `order=asc` turns that round, `after` is the last id seen."""
        rows = files.list(auth.principal(request, "read"))
        told = [file_record(row) for row in rows]
        if purpose is not None:
            told = [each for each in told if each["purpose"] == purpose]
        return rendered(page(told, limit, after, order))

    @routes.get("/v1/files/{file_id}", response_model=openai_store.File)
    def file_known(file_id: str, request: Request) -> Response:
        """Return what is known of a file."""
        return rendered(file_record(files.get(file_id, auth.principal(request, "read"))))

    @routes.get("/v1/files/{file_id}/content", response_model=None, responses=openai_store.BYTES)
    def file_content(file_id: str, request: Request) -> Response:
        """Return a file as it was uploaded."""
        principal: Principal = auth.principal(request, "read")
        data = files.data(file_id, principal)
        # never as what it claims to be: it may be a page with scripts
        headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    @routes.delete("/v1/files/{file_id}", response_model=openai_store.Deleted)
    def file_deleted(file_id: str, request: Request) -> Response:
        """Delete a file; what was made of it in collections stays."""
        files.remove(file_id, auth.principal(request, "train"))
        return rendered({"id": file_id, "object": "file", "deleted": True})

    return routes


def file_record(row: DocumentRow) -> dict[str, Json]:
    """Return a file as its caller sees it."""
    return {
        "id": row.id,
        "object": "file",
        "bytes": row.size,
        "created_at": int(row.created),
        "filename": row.metadata["filename"],
        "purpose": row.metadata["purpose"],
        "status": "processed",
    }


def page(rows: list[dict[str, Json]], limit: int, after: str | None, order: Order) -> Json:
    """Return a part of a list, newest first or last, as OpenAI's clients turn pages.

    Raises:
        InvalidRequest: `limit` is below 1.
    """
    if limit < 1:
        raise InvalidRequest("request_shape", f"{limit} is below 1", where="limit")
    if order == "asc":
        rows = rows[::-1]
    if after is not None:
        rows = rows[1 + next((at for at, row in enumerate(rows) if row["id"] == after), -1) :]
    found = rows[:limit]
    return {
        "object": "list",
        "data": found,
        "first_id": found[0]["id"] if found else None,
        "last_id": found[-1]["id"] if found else None,
        "has_more": len(rows) > limit,
    }


def _wrong_purpose(purpose: str) -> InvalidRequest:
    return InvalidRequest(
        "request_shape",
        f"`purpose` is {shown(purpose)}",
        where="purpose",
        hint=f"one of {', '.join(_PURPOSES)}",
    )
