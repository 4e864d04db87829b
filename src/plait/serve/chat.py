"""POST /v1/chat/completions and /v1/completions: a flow or a model goes on with what was said."""

from functools import partial

from fastapi import APIRouter, Request, Response

from plait.serve import openai
from plait.serve.answer import Answering, rendered
from plait.serve.body import Body
from plait.serve.call import Call
from plait.serve.completion import Kind, Pieces, completion
from plait.serve.prompt import Wanted, read_chat, read_completion
from plait.serve.shape import ERRORS
from plait.serve.sse import EventStream, attended


def router(answering: Answering) -> APIRouter:
    """Return the routes of conversations."""
    routes = APIRouter(tags=["models"], responses=ERRORS)

    @routes.post(
        "/v1/chat/completions",
        response_model=openai.ChatCompletion,
        openapi_extra=openai.CHAT_BODY,
    )
    async def chat(request: Request) -> Response:
        """Go on with a conversation, as a flow or a model.

        With `stream` the answer comes as server-sent events: chunks of OpenAI's shape, then
        `[DONE]`.
        """

        async def work(body: Body, call: Call) -> Response:
            return await _answer(answering, "chat", request, read_chat(body), call)

        return await answering("chat", request, work)

    @routes.post(
        "/v1/completions", response_model=openai.Completion, openapi_extra=openai.COMPLETION_BODY
    )
    async def complete(request: Request) -> Response:
        """Go on with a text, as it stands; with `stream` in server-sent events."""

        async def work(body: Body, call: Call) -> Response:
            return await _answer(answering, "completion", request, read_completion(body), call)

        return await answering("completion", request, work)

    return routes


async def _answer(
    answering: Answering, kind: Kind, request: Request, wanted: Wanted, call: Call
) -> Response:
    context = call.context
    trace = context.trace
    call.model = wanted.request.model
    if not wanted.stream:
        work = answering.app.chat(wanted.request, context)
        answer = await attended(request.receive, context, work)
        call.read, call.written = answer.prompt_tokens, answer.completion_tokens
        return rendered(completion(kind, answer, trace.started))
    pieces = Pieces(kind, trace.id, call.model, trace.started, wanted.usage)
    events = pieces.events(answering.app.stream(wanted.request, context))
    return EventStream(events, context, partial(_ended, answering, call, pieces))


def _ended(answering: Answering, call: Call, pieces: Pieces, status: str, first: float) -> None:
    if pieces.answer:
        call.read, call.written = pieces.answer.prompt_tokens, pieces.answer.completion_tokens
    answering.counted(call, status, first)
