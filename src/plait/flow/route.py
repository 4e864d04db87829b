"""The step that chooses how to go on, by a contract that was decided on evidence."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import cast

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.prompt import Chunk
from plait.core.protocol import RowTask, Speaker, Step
from plait.core.request import ChatRequest, PredictRequest
from plait.core.response import Prediction, PredictResponse
from plait.flow.base import Parts
from plait.flow.handle import inline

_TURNS = 4
"""Turns of the user that are looked back on; the question of an older one is another."""


class RouteStep:
    """Sends the exchange through the flow that a text contract's answer names.

    What the contract abstains on is judged by what the user said before, so that a bare "32
    percent" goes where its question went; if nothing tells, it goes `otherwise`.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """Where to.

        Attributes:
            contract: a text contract.
            to: predicted level -> name of a flow.
            otherwise: name of the flow for everything else, and for what the contract abstains on.
        """

        contract: str
        otherwise: str
        to: Mapping[str, str] = field(default_factory=dict)

    def __init__(self, options: Options, parts: Parts) -> None:
        self._privacy = parts.contract(options.contract).privacy
        self._options = options
        self._live = parts.live
        self._work = parts.work
        names = {options.otherwise, *options.to.values()}
        self._flows = {name: parts.flow(name) for name in names}

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange after the flow it went through."""
        step = await self._next(exchange, context)
        return await step(self._private(exchange), context)

    async def stream(
        self, exchange: Exchange, context: Context
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Yield what the flow it goes through yields."""
        step = cast(Speaker, await self._next(exchange, context))
        async with aclosing(step.stream(self._private(exchange), context)) as events:
            async for event in events:
                yield event

    @property
    def leads_to(self) -> tuple[str, ...]:
        """The flows it may choose, each once, `otherwise` last."""
        return tuple(dict.fromkeys([*self._options.to.values(), self._options.otherwise]))

    def facts(self) -> dict[str, Json]:
        """Return the contract and where its levels lead."""
        options = self._options
        return {
            "contract": options.contract,
            "to": dict(options.to),
            "otherwise": options.otherwise,
        }

    def _private(self, exchange: Exchange) -> Exchange:
        """Return the exchange, as private as what the contract was made from."""
        return replace(exchange, privacy=max(exchange.privacy, self._privacy))

    async def _next(self, exchange: Exchange, context: Context) -> Step:
        request = exchange.request
        assert isinstance(request, ChatRequest)
        task = self._live(self._options.contract)
        said = [each.content for each in request.prompt.messages if each.role == "user"]
        chosen = ""
        with context.span("intent") as span:
            for text in (said or [request.prompt.text])[: -_TURNS - 1 : -1]:
                context.check()
                response = await self._predict(task, text, context)
                (prediction,) = response.predictions
                chosen = self._options.to.get(str(prediction.value), "")
                if prediction.value is not None:
                    break
            flow = chosen or self._options.otherwise
            span.tag(
                contract=self._options.contract,
                prediction=None if prediction.value is None else str(prediction.value),
                confidence=_confidence(prediction),
                flow=flow,
                decision=response.decision,
                artefact=response.artefact,
            )
        return self._flows[flow]

    async def _predict(self, task: RowTask, text: str, context: Context) -> PredictResponse:
        (column,) = task.predictor.artefact.manifest.input.names
        wanted = PredictRequest(contract=self._options.contract, rows=({column: text},))
        return await self._work(inline, task.run(wanted, context))


def _confidence(prediction: Prediction) -> float | None:
    return max(prediction.probabilities.values(), default=None)
