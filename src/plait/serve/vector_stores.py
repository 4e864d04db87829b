"""/v1/vector_stores: collections, as OpenAI's clients know them."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from plait.core.ids import Json
from plait.core.passage import Passage
from plait.core.request import SearchRequest
from plait.serve import openai_store
from plait.serve.answer import Answering, body_of, rendered
from plait.serve.body import Body, unsupported
from plait.serve.call import Call
from plait.serve.files import Order, page
from plait.serve.shape import ERRORS
from plait.serve.shelf import FILE_ID, UNLIKE, Shelf, attribute, attributes
from plait.serve.sse import attended

_UNLIKE_SEARCH: Mapping[str, tuple[object, ...]] = {"rewrite_query": (False,)}


def router(answering: Answering) -> APIRouter:
    """Return the routes of collections. Plain functions: the framework runs them in threads."""
    routes = APIRouter(tags=["vector stores"], responses=ERRORS)
    auth, app = answering.auth, answering.app
    shelf = Shelf(app)

    @routes.post(
        "/v1/vector_stores",
        response_model=openai_store.VectorStore,
        openapi_extra=openai_store.STORE_BODY,
    )
    async def store_made(request: Request) -> Response:
        """Make an empty collection."""
        principal = auth.principal(request, "train")
        body = await body_of(request)
        body.only({"name", "metadata"}, ("description",), {**UNLIKE, "file_ids": ([],)})
        title, kept = body.text("name", ""), attributes(body, "metadata")
        return rendered(await asyncio.to_thread(shelf.create, title, kept, principal))

    @routes.get("/v1/vector_stores", response_model=openai_store.VectorStores)
    def store_list(
        request: Request, limit: int = 20, after: str | None = None, order: Order = "desc"
    ) -> Response:
        """List collections, newest first; those of plait.yaml are among them."""
        told = shelf.records(auth.principal(request, "read"))
        return rendered(page(told, limit, after, order))

    @routes.get("/v1/vector_stores/{store}", response_model=openai_store.VectorStore)
    def store_known(store: str, request: Request) -> Response:
        """Return what is known of a collection."""
        return rendered(shelf.record(store, auth.principal(request, "read")))

    @routes.delete("/v1/vector_stores/{store}", response_model=openai_store.Deleted)
    def store_deleted(store: str, request: Request) -> Response:
        """Delete a collection with its documents; one of plait.yaml stays."""
        shelf.remove(store, auth.principal(request, "train"))
        return rendered({"id": store, "object": "vector_store.deleted", "deleted": True})

    @routes.post(
        "/v1/vector_stores/{store}/search",
        response_model=openai_store.SearchResults,
        openapi_extra=openai_store.SEARCH_BODY,
    )
    async def store_searched(store: str, request: Request) -> Response:
        """Return the passages of a collection that answer a question best."""

        async def work(body: Body, call: Call) -> Response:
            wanted = _search(store, body)
            shelf.owned(store, call.context.principal)
            found = await attended(request.receive, call.context, app.find(wanted, call.context))
            return rendered(
                {
                    "object": "vector_store.search_results.page",
                    "search_query": [wanted.query],
                    "data": [_found(each) for each in found.passages],
                    "has_more": False,
                    "next_page": None,
                }
            )

        return await answering("search", request, work)

    return routes


def _search(store: str, body: Body) -> SearchRequest:
    body.only({"query", "max_num_results", "filters", "ranking_options"}, (), _UNLIKE_SEARCH)
    query = body.texts("query", 1)
    if not query:
        raise body.wrong("query", "a text")
    ranking = body.object("ranking_options")
    if ranking is not None:
        ranking.only((), (), {"ranker": ("auto", "none"), "score_threshold": (0,)})
    filters = body.object("filters")
    return SearchRequest(
        collection=store,
        query=query[0],
        top=body.whole("max_num_results", 1, 50) or 10,
        where={} if filters is None else _where(filters),
    )


def _where(filters: Body) -> dict[str, str]:
    """Return what metadata must equal: one comparison, or several of which all must hold."""
    kind = filters.text("type")
    if kind == "eq":
        return {filters.text("key"): attribute(filters, "value")}
    if kind != "and":
        raise unsupported(filters.at("type"), f"a filter of the type {kind[:20]!r}", "eq, and")
    found: dict[str, str] = {}
    for each in filters.objects("filters"):
        for key, value in _where(each).items():
            if found.setdefault(key, value) != value:
                raise unsupported(each.at("value"), f"{key[:60]!r} with two values at once")
    return found


def _found(passage: Passage) -> dict[str, Json]:
    """Return a passage as a search result, and beside it where it stands."""
    return {
        "file_id": passage.metadata.get(FILE_ID, passage.document),
        "filename": passage.name,
        "score": passage.score,
        "attributes": passage.metadata,
        "content": [{"type": "text", "text": passage.text}],
        "plait": {
            "document": passage.document,
            "start": passage.start,
            "end": passage.end,
            "page": passage.page,
            "headings": list(passage.headings),
        },
    }
