"""Language models in GGUF, run by llama.cpp in a process of their own.

A crash of native code then costs the answers under way, and the service goes on.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.extras import installed, missing
from plait.core.ids import Json
from plait.core.prompt import Chunk, Prompt
from plait.engines.child import Child, Running
from plait.engines.model import Secret
from plait.engines.upstream import Target, Upstream, watched

_SILENCE_SECONDS = 600.0  # a long prompt on a small machine, behind others
_DEATH_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaCppOptions:
    """What plait.yaml says about a model of the engine `llamacpp`.

    Attributes:
        weights: a row of the catalogue, or the path of a .gguf file.
        context_tokens: most that a prompt and its answer can have together.
        slots: how many answers are written at once; others wait.
        threads: of the processor; 0 takes as many as there are cores.
        max_tokens: of an answer whose request does not say.
        device: `gpu` insists on one, `auto` takes one where llama.cpp was built for it.
        licence: of a file of your own; a row of the catalogue brings it.
    """

    weights: str
    context_tokens: int = 2048
    slots: int = 2
    threads: int = 0
    max_tokens: int = 512
    device: Literal["auto", "cpu", "gpu"] = "auto"
    licence: str = ""

    def __post_init__(self) -> None:
        if min(self.context_tokens, self.slots, self.max_tokens) < 1 or self.threads < 0:
            raise ValueError(
                "context_tokens, slots and max_tokens are at least 1, threads at least 0"
            )


class LlamaCpp:
    """A model of this machine. Safe between threads and event loops.

    Attributes:
        name: under which plait.yaml has it.
        remote: False.
    """

    Options = LlamaCppOptions

    def __init__(
        self, name: str, options: LlamaCppOptions, *, weights: Path | None, secret: Secret
    ) -> None:
        """Start nothing yet; see `plait.engines.model.ModelEngine`."""
        assert weights is not None, "the engine `llamacpp` runs a file of weights"
        del secret  # of those it needs none
        self.name = name
        self.remote = False
        self._options = options
        self._where = f"model {name!r}"
        self._weights = weights.absolute()
        self._key = secrets.token_urlsafe(32)  # nobody else on this machine may ask it
        order: dict[str, Json] = {
            "weights": str(self._weights),
            "context_tokens": options.context_tokens,
            "slots": options.slots,
            "threads": options.threads,
            "device": options.device,
            "key": self._key,
        }
        module = ("-m", "plait.engines.llamacpp_child")
        self._child = Child(module, order, where=self._where)
        self._upstream = Upstream(
            silence_seconds=_SILENCE_SECONDS,
            retries=0,
            keep_seconds=0.0,  # llama.cpp may hang up after an answer, whatever it promised
            proxies=False,
        )

    @property
    def pid(self) -> int | None:
        """The id of the model's process; None while there is none."""
        return self._child.pid

    async def stream(self, prompt: Prompt, context: Context) -> AsyncGenerator[Chunk]:
        """Yield the answer as it comes; see `plait.core.protocol.Generator.stream`.

        The last chunk alone has `finish` and `prompt_tokens`. The first request starts the model's
        process, which loads the weights.

        Raises:
            EngineError: `engine_failed`, when the weights cannot be loaded; `engine_stopped`, when
                the process died under the answer: the next request starts another.
            InvalidRequest: `prompt_too_long`, or `request_upstream` when llama.cpp does not take
                the request.
            BudgetExceeded, Cancelled: nobody waits, or the tokens are spent.
            MissingExtra: xllamacpp or aiohttp is not installed.
        """
        running = await self._start(context)
        target = self._target(running.address)
        try:
            async with aclosing(self._upstream.stream(lambda: target, prompt, context)) as answer:
                async for chunk in answer:
                    yield chunk
            self._child.served()
        except EngineError as error:
            died = await asyncio.to_thread(running.died, _DEATH_SECONDS)
            if died is None:
                message, hint = error.message, "see whether the weights and the request fit"
                raise EngineError("engine_failed", message, where=self._where, hint=hint) from None
            raise EngineError(
                "engine_stopped", died, where=self._where, hint="ask again: it is started anew"
            ) from None

    async def close(self) -> None:
        """End the process and let go of every connection."""
        await self._upstream.close()
        await asyncio.to_thread(self._child.close)

    async def _start(self, context: Context) -> Running:
        """Return the model's process, once it listens."""
        if self._child.pid is None:
            self._check()
        ready = self._child.running()
        if ready.done():
            return ready.result()
        return await watched(asyncio.wrap_future(ready), context)

    def _target(self, address: str) -> Target:
        return Target(
            where=self._where,
            url=f"{address}/v1",
            model=self.name,
            key=self._key,
            max_tokens=self._options.max_tokens,
            context_tokens=self._options.context_tokens,
        )

    def _check(self) -> None:
        """Raise what would keep the process from coming up."""
        if not installed("xllamacpp"):
            raise missing("xllamacpp")
        if not self._weights.is_file():
            raise EngineError(
                "engine_failed",
                f"there is no file {self._weights}",
                where=self._where,
                hint="pull the weights, or mend the path in plait.yaml",
            )
