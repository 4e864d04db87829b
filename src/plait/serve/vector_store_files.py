"""/v1/vector_stores/{store}/files: the documents of a collection."""

import asyncio

from fastapi import APIRouter, Request, Response

from plait.app.files import Files
from plait.core.context import Principal
from plait.core.ids import Json
from plait.serve import openai_store
from plait.serve.answer import Answering, body_of, rendered
from plait.serve.body import Body
from plait.serve.files import Order, page
from plait.serve.shape import ERRORS
from plait.serve.shelf import FILE_ID, UNLIKE, Shelf, attributes
from plait.store.record import DocumentRow


def router(answering: Answering) -> APIRouter:
    """Return the routes of documents. Plain functions: the framework runs them in threads."""
    routes = APIRouter(tags=["vector stores"], responses=ERRORS)
    auth, app = answering.auth, answering.app
    files, shelf = Files(app.store), Shelf(app)

    def attach(store: str, wanted: Body, principal: Principal) -> dict[str, Json]:
        wanted.only({"file_id", "attributes"}, (), UNLIKE)
        file_id, said = wanted.text("file_id"), attributes(wanted, "attributes")
        shelf.owned(store, principal)
        row, data = files.get(file_id, principal), files.data(file_id, principal)
        metadata = {**said, FILE_ID: row.id}
        name = row.metadata["filename"]
        return _file(store, app.collections.add(store, name, data, metadata, principal))

    @routes.post(
        "/v1/vector_stores/{store}/files",
        response_model=openai_store.StoreFile,
        openapi_extra=openai_store.ATTACH_BODY,
    )
    async def document_added(store: str, request: Request) -> Response:
        """Take an uploaded file into a collection, in place of the document of its name."""
        principal = auth.principal(request, "train")
        body = await body_of(request)
        return rendered(await asyncio.to_thread(attach, store, body, principal))

    @routes.get("/v1/vector_stores/{store}/files", response_model=openai_store.StoreFiles)
    def document_list(
        store: str,
        request: Request,
        limit: int = 20,
        after: str | None = None,
        order: Order = "desc",
    ) -> Response:
        """List the documents of a collection, newest first."""
        rows = shelf.documents(store, auth.principal(request, "read"))
        return rendered(page([_file(store, row) for row in rows], limit, after, order))

    @routes.get("/v1/vector_stores/{store}/files/{file_id}", response_model=openai_store.StoreFile)
    def document_known(store: str, file_id: str, request: Request) -> Response:
        """Return what is known of a document."""
        row = shelf.document(store, file_id, auth.principal(request, "read"))
        return rendered(_file(store, row))

    @routes.delete("/v1/vector_stores/{store}/files/{file_id}", response_model=openai_store.Deleted)
    def document_deleted(store: str, file_id: str, request: Request) -> Response:
        """Take a document out of a collection: no search finds it from now on."""
        principal = auth.principal(request, "train")
        row = shelf.document(store, file_id, principal)
        app.collections.remove(store, row.id, principal)
        return rendered({"id": file_id, "object": "vector_store.file.deleted", "deleted": True})

    return routes


def _file(store: str, row: DocumentRow) -> dict[str, Json]:
    return {
        "id": row.metadata.get(FILE_ID, row.id),
        "object": "vector_store.file",
        "created_at": int(row.created),
        "vector_store_id": store,
        "status": "completed",
        "last_error": None,
        "usage_bytes": row.size,
        "attributes": row.metadata,
    }
