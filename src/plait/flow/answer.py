"""The step that answers, by the task that is live for the contract."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.tasks.tabular.task import TabularTask


@dataclass(frozen=True, slots=True)
class Answer:
    """Runs whatever answers for the contract at this moment.

    Attributes:
        live: contract name -> task; raises `UnknownName` when nothing answers.
    """

    live: Callable[[str], TabularTask]

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the task's response and its privacy."""
        task = self.live(exchange.request.contract)
        response = await task.run(exchange.request, context)
        return replace(exchange, answer=response, privacy=max(exchange.privacy, task.privacy))
