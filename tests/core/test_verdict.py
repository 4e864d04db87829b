"""Verdicts, ready for JSON."""

import json

from plait.core.verdict import Mark, Verdict


def test_a_verdict_tells_nothing_of_the_text_it_is_about():
    verdict = Verdict(
        guard="pii",
        action="alter",
        spans=(Mark(3, 19, "card"),),
        score=1.0,
        text="my [card]",
        reason="a card number was masked",
    )
    record = json.loads(json.dumps(verdict.record()))
    assert record["spans"] == [[3, 19, "card"]]
    assert "text" not in record
