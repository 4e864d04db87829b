"""What the steps of a flow pass on. Frozen: each step returns a new one."""

from dataclasses import dataclass

from plait.core.columns import Row
from plait.core.passage import Passage
from plait.core.privacy import Privacy
from plait.core.request import Request
from plait.core.response import Response
from plait.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request on its way through a flow; each step returns a new one.

    Attributes:
        request: as it came in, or as a guard altered it.
        row: field -> value, gathered so far for a decision.
        collections: names of those that were searched, found anything or not.
        passages: retrieved so far, the best first.
        answer: the response, once a step has one; it carries its citations.
        verdicts: of every guard so far.
        notes: what the reader of the answer should know, a sentence each.
        privacy: the highest of everything it touched.
        key: under which the last cache it passed would keep an answer; "" when it passed none.
    """

    request: Request
    row: Row | None = None
    collections: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    answer: Response | None = None
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    privacy: Privacy = Privacy.PUBLIC
    key: str = ""
