"""`grounding`: an answer says only what its passages support.

Each sentence is held against the passages of the exchange; what they do not support is dropped. The
number and the threshold are `plait.evaluate.grounding`'s.
"""

from plait.core.context import Context
from plait.core.protocol import Guard, View
from plait.core.sentence import sentences
from plait.core.verdict import Mark, Verdict
from plait.evaluate.grounding import THRESHOLD, Ground
from plait.guards.base import FindTagger


class GroundingGuard:
    """Drops the sentences of an answer that no passage supports; refuses where none is left."""

    name = "grounding"
    lookahead_chars = None

    def check(self, view: View, context: Context) -> Verdict:
        """Return `allow`, `alter` with the supported sentences, or `refuse` when none is.

        The score is that of the sentence supported worst. A text without sentences is allowed.

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more; looked at before each sentence.
        """
        spans = sentences(view.text)
        ground = Ground(view.exchange.passages)
        scores = []
        for start, end in spans:
            context.check()
            scores.append(ground.support(view.text[start:end]).score)
        marks = tuple(
            Mark(start, end, "unsupported")
            for (start, end), score in zip(spans, scores, strict=True)
            if score < THRESHOLD
        )
        metadata = {"sentences": str(len(spans)), "supported": str(len(spans) - len(marks))}
        score = min(scores, default=None)
        if not marks:
            return Verdict(
                guard=self.name,
                action="allow",
                score=score,
                threshold=THRESHOLD,
                metadata=metadata,
            )
        none_left = len(marks) == len(spans)
        return Verdict(
            guard=self.name,
            action="refuse" if none_left else "alter",
            spans=marks,
            score=score,
            threshold=THRESHOLD,
            text=None if none_left else _without(view.text, marks),
            reason=(
                "no passage supports the answer"
                if none_left
                else "sentences that no passage supports were dropped"
            ),
            metadata=metadata,
        )


def make(_: FindTagger) -> Guard:
    """Return the guard; it needs no tagger."""
    return GroundingGuard()


def _without(text: str, marks: tuple[Mark, ...]) -> str:
    """Return `text` without the marked stretches and the white space behind each."""
    pieces, past = [], 0
    for mark in marks:
        pieces.append(text[past : mark.start])
        past = mark.end + len(text[mark.end :]) - len(text[mark.end :].lstrip())
    return "".join([*pieces, text[past:]]).rstrip()
