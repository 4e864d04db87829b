"""What the steps of a flow pass on."""

from dataclasses import FrozenInstanceError, replace

import pytest

from plait.core.exchange import Exchange
from plait.core.passage import Citation, Passage
from plait.core.privacy import Privacy
from plait.core.request import PredictRequest
from plait.core.verdict import Mark, Verdict

REQUEST = PredictRequest(contract="loans", rows=({"income": 1},))
PASSAGE = Passage(
    id="pas_1",
    collection="policies",
    name="policy.md",
    document="doc_1",
    start=10,
    end=15,
    text="hello",
    score=0.5,
    privacy=Privacy.PERSONAL,
    page=3,
)


def test_a_fresh_exchange_has_touched_nothing():
    exchange = Exchange(request=REQUEST)
    assert (exchange.row, exchange.answer) == (None, None)
    assert exchange.passages == exchange.verdicts == ()
    assert exchange.privacy is Privacy.PUBLIC


def test_a_step_returns_a_new_exchange_and_leaves_the_old():
    before = Exchange(request=REQUEST, privacy=Privacy.INTERNAL)
    after = replace(
        before,
        passages=(*before.passages, PASSAGE),
        privacy=max(before.privacy, PASSAGE.privacy),
    )
    assert (before.passages, before.privacy) == ((), Privacy.INTERNAL)
    assert (after.passages, after.privacy) == ((PASSAGE,), Privacy.PERSONAL)
    with pytest.raises(FrozenInstanceError):
        after.privacy = Privacy.PUBLIC


def test_offsets_cut_the_text_they_speak_of():
    text = "my card is 4111 1111, thanks"
    verdict = Verdict(guard="pii", action="alter", spans=(Mark(11, 20, "card"),))
    (mark,) = verdict.spans
    assert text[mark.start : mark.end] == "4111 1111"
    citation = Citation(
        sentence=0, collection="c", document="doc_1", name="a.md", start=11, end=13, text="41"
    )
    inside = slice(citation.start - PASSAGE.start, citation.end - PASSAGE.start)
    assert PASSAGE.text[inside] == "el"
    assert len(PASSAGE.text) == PASSAGE.end - PASSAGE.start
