"""What guards find, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from plait.core.ids import Json

Action: TypeAlias = Literal["allow", "alter", "refuse"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text: offsets in characters, end excluded, and what it is."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a guard found.

    Attributes:
        guard: name of the guard.
        action: `allow`, `alter` or `refuse`.
        spans: where in the text, for `alter` and `refuse`.
        score: what the guard measured.
        threshold: from what score on it acts.
        text: the altered text, for `alter`.
        reason: one sentence for the caller, without what was found.
        metadata: what else the guard tells, such as the id of the passage it speaks of.
    """

    guard: str
    action: Action
    spans: tuple[Mark, ...] = ()
    score: float | None = None
    threshold: float | None = None
    text: str | None = None
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Json]:
        """Return the verdict ready for JSON, without any of the text it is about."""
        return {
            "guard": self.guard,
            "action": self.action,
            "spans": [[mark.start, mark.end, mark.label] for mark in self.spans],
            "score": self.score,
            "threshold": self.threshold,
            "reason": self.reason,
            "metadata": self.metadata,
        }
