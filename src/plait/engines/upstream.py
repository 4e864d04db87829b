"""One request to a server that speaks OpenAI's protocol: budget, retries, stream, errors."""

import asyncio
import json
import random
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from plait.core.budget import Reservation, Usage
from plait.core.clock import Clock
from plait.core.context import Context
from plait.core.errors import EngineError, InvalidRequest, PlaitError, shown
from plait.core.ids import Json
from plait.core.prompt import Chunk, Prompt
from plait.engines.session import Sessions, proxy_of
from plait.engines.wire import Answer, body_of, error_text, estimate_tokens, path_of

if TYPE_CHECKING:
    import aiohttp

POLL_SECONDS = 0.05
"""How often somebody who waits looks whether anybody still waits for him."""

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0  # seconds between tries
_MOST_OF_ERROR = 65_536  # bytes that are read of an error's body
_LAST_BYTES_SECONDS = 0.02
_AGAIN = {408, 409, 429}
_REFUSED = {401, 403, 404}
_LONG = ("exceed_context_size_error", "context_length_exceeded", "maximum context length")

T = TypeVar("T")
E = TypeVar("E", bound=PlaitError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a prompt goes.

    Attributes:
        where: the model and its host, as errors name them.
        url: of the server, up to `/v1`.
        model: the server's name for the model.
        key: of the server; "" when it asks for none.
        max_tokens: of an answer whose prompt does not say.
        limit_key: what a chat calls that limit.
        context_tokens: most that prompt and answer can have together; None when nobody knows.
        price_in_usd: of a million tokens read.
        price_out_usd: of a million tokens generated.
    """

    where: str
    url: str
    model: str
    key: str = ""
    max_tokens: int = 512
    limit_key: str = "max_tokens"
    context_tokens: int | None = None
    price_in_usd: float = 0.0
    price_out_usd: float = 0.0

    def usage(self, read: int, written: int) -> Usage:
        """Return what so many tokens cost."""
        cost = (read * self.price_in_usd + written * self.price_out_usd) / 1e6
        return Usage(cost_usd=cost, tokens=read + written)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that came to nothing.

    Attributes:
        error: what to raise unless it is tried again.
        again: whether another try may help.
        after: seconds the server wants to be left alone; None when it does not say.
    """

    error: PlaitError
    again: bool = False
    after: float | None = None


class Upstream:
    """Asks a server and reads its answer. Safe between threads and event loops."""

    def __init__(
        self, *, silence_seconds: float, retries: int, keep_seconds: float, proxies: bool
    ) -> None:
        """Connect to nothing yet.

        Args:
            silence_seconds: how long a server may say nothing.
            retries: how often a failed request is tried again, before anything was answered.
            keep_seconds: how long an idle connection is kept for the next request; 0 takes a new
                one each time.
            proxies: whether the proxies that the environment names are used.
        """
        self._silence_seconds = silence_seconds
        self._retries = retries
        self._keep_seconds = keep_seconds
        self._proxies = proxies
        self._sessions = Sessions(keep_seconds=keep_seconds)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._sessions.close()

    async def stream(
        self, find: Callable[[], Target], prompt: Prompt, context: Context
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer of what `find` gives as it comes; see `plait.engines.openai.OpenAI`."""
        context.check()
        target = find()
        limit = target.max_tokens if prompt.max_tokens is None else max(0, prompt.max_tokens)
        body = body_of(prompt, target.model, limit, target.limit_key)
        estimate = estimate_tokens(prompt)
        written = limit
        if target.context_tokens is not None:  # what is too long is refused before it costs
            estimate = min(estimate, target.context_tokens)
            written = min(limit, target.context_tokens - estimate)
        with context.budget.reserve(target.usage(estimate, written)) as held:
            try:
                response = await self._post(target, path_of(prompt), body, context)
            except (EngineError, InvalidRequest) as error:
                raise _placed(error, target) from None
            answer = Answer(prompt.logprobs or 0)
            try:
                while not answer.done and (piece := await self._piece(response, context)):
                    for chunk in answer.feed(piece):
                        yield chunk
                yield answer.end()
                if self._keep_seconds:
                    await _let_go(response)
            except EngineError as error:
                raise _placed(error, target) from None
            finally:
                response.close()  # the server stops generating
                _settle(held, target, answer, estimate)

    async def _piece(self, response: "aiohttp.ClientResponse", context: Context) -> bytes:
        """Return the next bytes of a body; none at its end."""
        library = import_module("aiohttp")
        loop = asyncio.get_running_loop()
        patience = loop.time() + self._silence_seconds
        while True:
            context.check()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    return await response.content.readany()
            except TimeoutError:
                if loop.time() >= patience:
                    raise self._silent() from None
            except (library.ClientError, OSError) as error:
                raise _broken(f"the connection broke: {_reason(error)}") from None

    async def _post(
        self, target: Target, path: str, body: Mapping[str, Json], context: Context
    ) -> "aiohttp.ClientResponse":
        """Return a response whose body is a stream of events, after as many tries as it takes."""
        # a lone surrogate is no character, and servers refuse it
        data = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        tries = 0
        while True:
            found = await self._try(target, path, data, context)
            if not isinstance(found, _Failure):
                return found
            wait = found.after
            if wait is None:
                wait = _FIRST_WAIT * 2**tries * random.uniform(0.5, 1.0)
            left = context.budget.remaining_seconds()
            hopeless = wait > _LONGEST_WAIT or (left is not None and wait >= left)
            if not found.again or tries >= self._retries or hopeless:
                raise found.error
            tries += 1
            if context.at is not None:
                context.at.tag(retries=tries)
            await watched(asyncio.sleep(wait), context)

    async def _try(
        self, target: Target, path: str, data: bytes, context: Context
    ) -> "aiohttp.ClientResponse | _Failure":
        library = import_module("aiohttp")
        session = await self._sessions.get()
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if target.key:
            headers["Authorization"] = f"Bearer {target.key}"
        url, proxy = target.url + path, None
        if self._proxies:  # in a thread: on some systems names are looked up for it
            proxy = await watched(asyncio.to_thread(proxy_of, url), context)
        posting = session.post(url, data=data, headers=headers, allow_redirects=False, proxy=proxy)
        try:
            response: aiohttp.ClientResponse = await watched(
                _await(posting), context, seconds=self._silence_seconds
            )
        except (library.ServerDisconnectedError, ConnectionResetError):
            return _Failure(_broken("it closed the connection"), again=True)
        except (library.ClientError, OSError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, library.ClientError):
                return _Failure(self._silent())
            return _Failure(_unreachable(_reason(error)), again=True)
        if response.status == 200 and response.content_type == "text/event-stream":
            return response
        try:
            return await self._failure(response, context)
        finally:
            response.close()

    async def _failure(self, response: "aiohttp.ClientResponse", context: Context) -> _Failure:
        """Return what a response that is no stream of events means."""
        text = b""
        while len(text) < _MOST_OF_ERROR and (piece := await self._piece(response, context)):
            text += piece
        if response.status == 200:
            error = EngineError(
                "upstream_garbled",
                f"it answered {response.content_type}, not a stream of events: "
                + shown(text.decode(errors="replace")),
                hint="see whether base_url is an OpenAI-compatible address: most end in /v1",
            )
            return _Failure(error)
        failure = _failure_of(response.status, _told(text))
        if not failure.again:
            return failure
        wished = response.headers.get("x-should-retry") != "false"
        return replace(failure, again=wished, after=_after(response.headers, context.clock))

    def _silent(self) -> EngineError:
        return _broken(f"it has said nothing for {self._silence_seconds:g} s")


async def watched(work: Awaitable[T], context: Context, *, seconds: float | None = None) -> T:
    """Return what `work` gives; stop it soon after nobody waits for it any more.

    Raises:
        Cancelled, BudgetExceeded: nobody waits.
        TimeoutError: it took more than `seconds`.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    patience = None if seconds is None else loop.time() + seconds
    try:
        while not (await asyncio.wait({task}, timeout=POLL_SECONDS))[0]:
            context.check()
            if patience is not None and loop.time() >= patience:
                raise TimeoutError
        return task.result()
    finally:
        task.cancel()


async def _await(work: Awaitable[T]) -> T:
    return await work


def _settle(held: Reservation, target: Target, answer: Answer, estimate: int) -> None:
    """Pay for what was read and written, as far as the server told."""
    read = estimate if answer.prompt_tokens is None else answer.prompt_tokens
    written = answer.tokens if answer.total is None else answer.total
    held.settle(target.usage(read, written))


async def _let_go(response: "aiohttp.ClientResponse") -> None:
    """Let the next request have the connection, if the body's end has come or is about to."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_BYTES_SECONDS):
            await response.content.readany()
    if response.content.at_eof():
        response.release()


def _failure_of(status: int, told: Json) -> _Failure:
    """Return what an HTTP status other than 200 means."""
    message = f"it answered with status {status}: {error_text(told)}"
    if status in _REFUSED or status < 400:
        hint = "see whether the key, the model's name and base_url are right"
        return _Failure(EngineError("upstream_refused", message, hint=hint))
    if status in _AGAIN or status >= 500:
        error = EngineError("upstream_failed", message, hint="try again later")
        return _Failure(error, again=True)
    facts = told if isinstance(told, Mapping) else {}
    if any(facts.get(key) in _LONG for key in ("type", "code")) or _LONG[-1] in message:
        hint = "shorten the conversation, or retrieve fewer passages"
        return _Failure(InvalidRequest("prompt_too_long", message, hint=hint))
    return _Failure(InvalidRequest("request_upstream", message, hint="see what the model takes"))


def _unreachable(reason: str) -> EngineError:
    hint = "see whether it runs, and whether base_url is right"
    return EngineError("upstream_unreachable", f"it cannot be reached: {reason}", hint=hint)


def _broken(reason: str) -> EngineError:
    return EngineError("upstream_failed", reason, hint="try again later")


def _reason(error: Exception) -> str:
    """Return what an error of the network says, in one line and without a proxy's password."""
    return re.sub(r"//[^/\s]*@", "//", " ".join(str(error).split())) or type(error).__name__


def _placed(error: E, target: Target) -> E:
    """Return the error with the place where it happened, and without the key."""
    message = error.message.replace(target.key, "***") if target.key else error.message
    return type(error)(error.code, message, where=target.where, hint=error.hint)


def _told(text: bytes) -> Json:
    """Return what the body of an error says: OpenAI's `error`, or else all of it."""
    try:
        body: Json = json.loads(text)
    except (ValueError, RecursionError):
        return shown(text.decode(errors="replace"))
    return body.get("error", body) if isinstance(body, Mapping) else body


def _after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return how many seconds a server wants to be left alone; None when it does not say."""
    with suppress(KeyError, ValueError):
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    value = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - clock.now())
    return None
