"""An answer says only what its passages support."""

import pytest

from plait.core.cancel import Cancel
from plait.core.context import Context
from plait.core.errors import Cancelled
from plait.guards.grounding import GroundingGuard

PASSAGE = "Appraisals expire after 120 days. The ratio may not exceed 43 percent."


def judged(view, text, passages=(PASSAGE,), context=None):
    return GroundingGuard().check(view(text, "output", passages), context or Context())


def test_what_is_supported_stays(view):
    verdict = judged(view, "Appraisals expire after 120 days.")
    assert verdict.action == "allow"
    assert verdict.metadata == {"sentences": "1", "supported": "1"}


def test_what_is_not_is_dropped(view):
    text = "Appraisals expire after 120 days. Cows can fly.  The ratio may not exceed 43 percent.\n"
    verdict = judged(view, text)
    assert verdict.action == "alter"
    assert verdict.text == (
        "Appraisals expire after 120 days. The ratio may not exceed 43 percent."
    )
    assert [text[mark.start : mark.end] for mark in verdict.spans] == ["Cows can fly."]
    assert verdict.score < verdict.threshold


def test_nothing_left_is_a_refusal(view):
    for passages in ((PASSAGE,), ()):
        verdict = judged(view, "Appraisals expire after 90 days. Cows can fly.", passages)
        assert (verdict.action, verdict.text) == ("refuse", None)
        assert len(verdict.spans) == 2


def test_an_empty_answer_passes(view):
    verdict = judged(view, " \n")
    assert (verdict.action, verdict.score) == ("allow", None)


def test_nobody_waits_any_more(view):
    cancel = Cancel()
    cancel.request("gone")
    with pytest.raises(Cancelled):
        judged(view, "Cows can fly.", context=Context(cancel=cancel))
