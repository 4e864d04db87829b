"""The step that reads a contract's row out of what the user wrote, and asks for what is missing."""

from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse
from plait.flow.base import Parts
from plait.flow.guard import notes_of
from plait.tasks.tabular.extract import read_messages
from plait.tasks.tabular.phrase import ask_for


class ExtractStep:
    """Reads only what stands in the messages, all turns of them; it infers nothing.

    While a field that was never missing in the data is missing, the answer is a question for it.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """For which contract.

        Attributes:
            contract: its name.
            ask: for how many missing values to ask at a time.
        """

        contract: str
        ask: int = 6

        def __post_init__(self) -> None:
            if self.ask < 1:
                raise ValueError("`ask` is at least 1")

    def __init__(self, options: Options, parts: Parts) -> None:
        self._options = options
        self._live = parts.live
        self._privacy = parts.contract(options.contract).privacy

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the row, or with a question for what it lacks.

        Raises:
            UnknownName: `not_trained`, nothing answers for the contract yet.
        """
        request = exchange.request
        assert isinstance(request, ChatRequest)
        schema = self._live(self._options.contract).input
        reading = read_messages(schema, request.prompt.messages)
        if context.at is not None:
            context.at.tag(read=len(reading.found), missing=len(reading.missing))
        exchange = replace(exchange, privacy=max(exchange.privacy, self._privacy))
        question = ask_for(reading, self._options.ask)
        if not question:
            return replace(exchange, row=reading.row)
        answer = ChatResponse(
            id=context.trace.id,
            model=self._options.contract,
            manner="asked",
            text=question,
            notes=notes_of(exchange.verdicts),
        )
        return replace(exchange, answer=answer)

    def facts(self) -> dict[str, Json]:
        """Return for which contract, and how many values are asked for at a time."""
        return {"contract": self._options.contract, "ask": self._options.ask}
