"""What the steps of a flow pass on, and what guards and retrieval add to it. All frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from plait.core.columns import Row
from plait.core.privacy import Privacy
from plait.core.request import Request
from plait.core.response import Response

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
        reason: one sentence for the caller.
    """

    guard: str
    action: Action
    spans: tuple[Mark, ...] = ()
    score: float | None = None
    threshold: float | None = None
    text: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stored piece of a document.

    Attributes:
        id: of the passage.
        document: id of the document.
        start: offset of its first character in the document.
        end: offset behind its last character.
        text: the characters between.
        score: of the search that found it.
        privacy: how private the document is.
        metadata: heading path, page and what the collection adds.
    """

    id: str
    document: str
    start: int
    end: int
    text: str
    score: float
    privacy: Privacy
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A passage span that supports a sentence; offsets in characters of the document."""

    sentence: int
    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request on its way through a flow; each step returns a new one.

    Attributes:
        request: as it came in.
        row: field -> value, gathered so far for a decision.
        passages: retrieved so far.
        answer: the response, once a step has one.
        citations: of the answer.
        verdicts: of every guard so far.
        privacy: the highest of everything it touched.
    """

    request: Request
    row: Row | None = None
    passages: tuple[Passage, ...] = ()
    answer: Response | None = None
    citations: tuple[Citation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    privacy: Privacy = Privacy.PUBLIC
