"""What is asked, one frozen class per kind of request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from plait.core.columns import Row
from plait.core.ids import Json
from plait.core.prompt import Message, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """Rows to be predicted by a contract.

    Attributes:
        contract: name of the contract.
        rows: field -> value, at least one row.
        reasons: how many reasons to give per row; 0 gives none and costs nothing.
    """

    contract: str
    rows: tuple[Row, ...]
    reasons: int = 0

    def content(self) -> dict[str, Json]:
        """Return what was sent, ready for JSON."""
        return {"rows": self.rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """A series to be gone on with, as it was sent.

    Attributes:
        contract: name of the contract.
        history: the numbers so far, oldest first, None for missing.
        horizon: how many steps to forecast; None asks for as many as the contract has.
    """

    contract: str
    history: Sequence[float | None]
    horizon: int | None = None

    def content(self) -> dict[str, Json]:
        """Return what was sent, ready for JSON."""
        found: dict[str, Json] = {"history": self.history}
        if self.horizon is not None:
            found["horizon"] = self.horizon
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A conversation to be gone on with, by a flow or a model.

    Attributes:
        model: name of the flow or model.
        prompt: the conversation and how to answer it.
    """

    model: str
    prompt: Prompt

    def content(self) -> dict[str, Json]:
        """Return what was said, ready for JSON."""
        if self.prompt.text:
            return {"prompt": self.prompt.text}
        return {"messages": [_said(each) for each in self.prompt.messages]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question to a collection.

    Attributes:
        collection: its name.
        query: what is looked for.
        top: how many passages at most.
        where: what the metadata of their documents must equal.
    """

    collection: str
    query: str
    top: int = 8
    where: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> dict[str, Json]:
        """Return what was looked for, ready for JSON."""
        return {"query": self.query, "where": self.where}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest:
    """Texts to be turned into vectors.

    Attributes:
        model: name of the model.
        texts: at least one.
    """

    model: str
    texts: tuple[str, ...]

    def content(self) -> dict[str, Json]:
        """Return what was sent, ready for JSON."""
        return {"texts": list(self.texts)}


Request: TypeAlias = PredictRequest | ForecastRequest | ChatRequest | SearchRequest | EmbedRequest


def _said(message: Message) -> dict[str, Json]:
    found: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.calls:
        found["calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.calls
        ]
    if message.answers:
        found["answers"] = message.answers
    return found
