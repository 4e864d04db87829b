"""The step that hands a request to the one task that answers it: inside an implicit flow."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.protocol import Task
from plait.core.response import Response


@dataclass(frozen=True, slots=True)
class Run:
    """Runs whatever answers at this moment.

    Attributes:
        live: returns the task; raises `UnknownName` when nothing answers.
    """

    live: Callable[[], Task[Any, Response]]

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the task's response."""
        return replace(exchange, answer=await self.live().run(exchange.request, context))
