"""What an answer may rest on."""

import asyncio

import pytest

from plait.core.context import Context
from plait.core.errors import UnknownName
from plait.core.privacy import Privacy
from plait.flow.admit import MAX_QUESTION
from plait.flow.retrieve import RetrieveStep


def test_what_was_asked_last_is_looked_for(place, chat, passage):
    place.passages = (passage("a"), passage("b", 2))
    step = RetrieveStep(RetrieveStep.Options(collection="policies", top=2), place.parts())
    found = asyncio.run(step(chat("first", ">yes", "second"), Context()))
    assert found.passages == place.passages
    assert found.collections == ("policies",)
    (asked,) = place.searched
    assert (asked.query, asked.top) == ("second", 2)


def test_what_is_found_makes_the_exchange_private(place, chat, passage):
    place.passages = (passage("a"), passage("b", 2, Privacy.PERSONAL))
    step = RetrieveStep(RetrieveStep.Options(collection="policies"), place.parts())
    assert asyncio.run(step(chat("q"), Context())).privacy is Privacy.PERSONAL


def test_nothing_found_is_told_apart_from_nothing_searched(place, chat):
    step = RetrieveStep(RetrieveStep.Options(collection="policies"), place.parts())
    found = asyncio.run(step(chat("q" * 100_000), Context()))
    assert (found.passages, found.collections) == ((), ("policies",))
    assert len(place.searched[0].query) == MAX_QUESTION


def test_an_unknown_collection_is_an_error_before_any_request(place):
    with pytest.raises(UnknownName):
        RetrieveStep(RetrieveStep.Options(collection="polices"), place.parts())


@pytest.mark.parametrize("top", [0, 101])
def test_nonsense_is_refused(top):
    with pytest.raises(ValueError, match="top"):
        RetrieveStep.Options(collection="policies", top=top)


def test_an_empty_collection_is_said_to_be_empty(place, chat):
    place.empty = True
    step = RetrieveStep(RetrieveStep.Options(collection="policies"), place.parts())
    (note,) = asyncio.run(step(chat("q"), Context())).notes
    assert "plait ingest policies" in note
