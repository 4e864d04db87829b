"""The first step: may this request be answered at all?"""

from collections.abc import Sized

from plait.core.context import Context
from plait.core.errors import InvalidRequest
from plait.core.exchange import Exchange
from plait.core.request import (
    ChatRequest,
    EmbedRequest,
    ForecastRequest,
    PredictRequest,
    SearchRequest,
)

MAX_ROWS = 10_000
MAX_STEPS = 100_000
MAX_CHARACTERS = 1_000_000
MAX_QUESTION = 20_000


async def admit(exchange: Exchange, context: Context) -> Exchange:
    """Let the request in when its key may predict and its size is within bounds.

    Raises:
        NotAllowed: the key lacks the scope `predict`.
        InvalidRequest: no row, or more than `MAX_ROWS`; a history of more than `MAX_STEPS`; no
            message, or too long a one.
    """
    context.principal.require("predict")
    request = exchange.request
    if isinstance(request, PredictRequest):
        _admit_rows(request)
    elif isinstance(request, ForecastRequest):
        _admit_history(request)
    elif isinstance(request, ChatRequest):
        _admit_chat(request)
    else:
        _admit_texts(request)
    return exchange


def _admit_rows(request: PredictRequest) -> None:
    count = len(request.rows)
    if not 1 <= count <= MAX_ROWS:
        raise InvalidRequest(
            "request_too_large" if count else "request_shape",
            f"{count} rows; a request holds 1 to {MAX_ROWS}",
            where="rows",
            hint="send files through `plait predict CONTRACT --file F --out G`" if count else "",
        )


def _admit_history(request: ForecastRequest) -> None:
    if isinstance(request.history, Sized) and len(request.history) > MAX_STEPS:
        raise InvalidRequest(
            "request_too_large",
            f"a history of {len(request.history):,} steps; at most {MAX_STEPS:,} are read",
            where="history",
            hint="send the last of them",
        )


def _admit_chat(request: ChatRequest) -> None:
    prompt = request.prompt
    for text in (prompt.text, *(each.content for each in prompt.messages)):
        _check_characters(text, "messages")
    if not prompt.question.strip() and not any(each.role == "tool" for each in prompt.messages):
        raise InvalidRequest(
            "request_shape", "nothing was asked: no message of the user has text", where="messages"
        )
    length = len(prompt.text) + len(str(prompt.tools)) + len(str(prompt.schema))
    for message in prompt.messages:
        length += len(message.content) + sum(len(call.arguments) for call in message.calls)
    if length > MAX_CHARACTERS:
        raise _too_long(length, MAX_CHARACTERS, "messages")


def _admit_texts(request: SearchRequest | EmbedRequest) -> None:
    if isinstance(request, SearchRequest):
        where, empty = "query", not request.query.strip()
        length, most = len(request.query), MAX_QUESTION
        _check_characters(request.query, where)
    else:
        where, empty = "input", not request.texts
        length, most = sum(map(len, request.texts)), MAX_CHARACTERS
    if empty:
        raise InvalidRequest("request_shape", "there is no text", where=where)
    if length > most:
        raise _too_long(length, most, where)


def _check_characters(text: str, where: str) -> None:
    """Refuse half a surrogate pair: a terminal makes them of bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            "request_shape", f"character {error.start} is none: send UTF-8", where=where
        ) from None


def _too_long(length: int, most: int, where: str) -> InvalidRequest:
    return InvalidRequest(
        "request_too_large", f"{length:,} characters; at most {most:,} are read", where=where
    )
