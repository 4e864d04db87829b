"""The step that predicts, by the task that is live for the contract."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.request import PredictRequest
from plait.tasks.tabular.task import TabularTask


@dataclass(frozen=True, slots=True)
class Predict:
    """Runs whatever answers for the contract at this moment.

    Attributes:
        live: contract name -> task; raises `UnknownName` when nothing answers.
    """

    live: Callable[[str], TabularTask]

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the task's response."""
        request = exchange.request
        assert isinstance(request, PredictRequest)  # the flow of a contract is given no other
        task = self.live(request.contract)
        return replace(exchange, answer=await task.run(request, context))
