"""What the addresses of models have in common: who asks, how it is read, timed and counted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from fastapi import Request, Response

from plait.app.app import App
from plait.core.errors import PlaitError
from plait.core.ids import Json
from plait.serve.auth import Auth
from plait.serve.body import Body
from plait.serve.call import Call, Kind
from plait.serve.errors import error_response
from plait.serve.json import parse_object, read_body, render
from plait.serve.metrics import Metrics
from plait.serve.sse import EventStream
from plait.serve.timing import tell

Work: TypeAlias = Callable[[Body, Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers calls of models, and counts them.

    Attributes:
        app: that answers.
        auth: who may ask.
        metrics: where it is counted.
    """

    app: App
    auth: Auth
    metrics: Metrics

    async def __call__(self, kind: Kind, request: Request, work: Work) -> Response:
        """Answer a request by `work`; its errors are rendered here."""
        call = Call(kind, self.app.context(self.auth.principal(request, "predict")))
        context = call.context
        try:
            with context.span("read"):
                sent = await read_body(request)
            with context.span("parse"):
                body = Body(parse_object(sent))
            status, response = "done", await work(body, call)
        except PlaitError as error:
            status, response = error.code, error_response(error)
        if not isinstance(response, EventStream):  # it tells and counts when it ends
            self.metrics.answered(call, status, tell(response, context))
        return response

    def counted(self, call: Call, status: str, first: float) -> None:
        """Count a call whose answer came in events, the first of them after `first` seconds."""
        self.metrics.answered(call, status, call.context.trace.elapsed(), first)


async def body_of(request: Request) -> Body:
    """Return the JSON object that a request brings; raises as `read_body` and `parse_object`."""
    return Body(parse_object(await read_body(request)))


def rendered(value: Json) -> Response:
    """Return `value` as a response."""
    return Response(render(value), media_type="application/json")
