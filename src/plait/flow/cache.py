"""The step that answers what was answered before: the same question, by the same flow as it is."""

import time
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from threading import Lock

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json, content_id
from plait.core.privacy import Privacy
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse
from plait.flow.base import Parts


class CacheStep:
    """Keeps answers in memory, keyed by tenant, privacy, question and the revision of the project.

    The revision changes with every release, prompt and collection, so a changed document is never
    answered from before the change. Answers that ask back, and those about secrets, are not kept;
    neither are conversations that want chance: a temperature above 0.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """How long and how many.

        Attributes:
            seconds: an answer is kept at most so long.
            size: at most so many are kept; the one unused the longest goes first.
        """

        seconds: float = 3600.0
        size: int = 1000

        def __post_init__(self) -> None:
            if self.seconds <= 0 or self.size <= 0:
                raise ValueError("`seconds` and `size` are above 0")

    def __init__(self, options: Options, parts: Parts) -> None:
        self._options = options
        self._revision = parts.revision
        self._kept: OrderedDict[str, tuple[float, Exchange]] = OrderedDict()
        self._lock = Lock()

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the answer that was kept, or with the key to keep one under."""
        key = self._key(exchange, context)
        with self._lock:
            at, kept = self._kept.get(key, (0.0, None))
            fresh = kept is not None and time.monotonic() - at < self._options.seconds
            if fresh:
                self._kept.move_to_end(key)
        if context.at is not None:
            context.at.tag(hit=fresh)
        if not fresh or kept is None or not isinstance(kept.answer, ChatResponse):
            return replace(exchange, key=key)
        again = replace(kept.answer, id=context.trace.id, prompt_tokens=0, completion_tokens=0)
        return replace(
            exchange,
            answer=again,
            collections=kept.collections,
            passages=kept.passages,
            privacy=max(exchange.privacy, kept.privacy),
        )

    def keep(self, key: str, answered: Exchange) -> None:
        """Keep an answer that has passed every guard of its flow, and what it rests on.

        Args:
            key: of the moment when it was looked for: what changed since is not in the answer.
            answered: the exchange with it. One with notes was not answered as it usually would be.
        """
        answer, request = answered.answer, answered.request
        if not isinstance(answer, ChatResponse) or not isinstance(request, ChatRequest):
            return
        if answer.manner == "asked" or answer.notes or answered.privacy >= Privacy.SECRET:
            return
        if request.prompt.temperature:
            return
        with self._lock:
            self._kept[key] = (time.monotonic(), answered)
            while len(self._kept) > self._options.size:
                self._kept.popitem(last=False)

    def facts(self) -> dict[str, Json]:
        """Return how long and how many."""
        return {"exact": True, "seconds": self._options.seconds, "size": self._options.size}

    def _key(self, exchange: Exchange, context: Context) -> str:
        request = exchange.request
        assert isinstance(request, ChatRequest)
        return content_id(
            "ans",
            [
                context.principal.tenant,
                sorted(context.principal.roles),
                exchange.privacy.word,
                asdict(request),
                self._revision(),
            ],
        )
