"""What is asked, one frozen class per kind of request."""

from dataclasses import dataclass
from typing import TypeAlias

from plait.core.columns import Row


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


Request: TypeAlias = PredictRequest
