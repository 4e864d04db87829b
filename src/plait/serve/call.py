"""One call of a model, as far as it is known."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from plait.core.context import Context

Kind: TypeAlias = Literal["chat", "completion", "embedding", "search"]


@dataclass(slots=True)
class Call:
    """A call that is being answered.

    Attributes:
        kind: of the call.
        context: of the request.
        model: what was asked; "" until that is read.
        read: tokens that models read.
        written: tokens that models wrote.
    """

    kind: Kind
    context: Context
    model: str = ""
    read: int = 0
    written: int = 0
