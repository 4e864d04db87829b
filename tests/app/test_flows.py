"""Flows by name."""

import asyncio
import threading

import pytest

import plait
from plait.core.context import Context
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.privacy import Privacy
from plait.core.prompt import Message
from plait.core.request import SearchRequest


def test_a_question_is_answered_from_the_documents_with_its_source(noted):
    answer = noted.ask("desk", "How much is the appraisal fee?")
    assert answer.manner == "extracted"
    assert "650" in answer.text
    (first, *_) = answer.citations
    assert first.name.endswith("fees.md")
    assert first.headings == ("Fees",)
    text = noted.collections.source("notes", first.document).text
    assert text[first.start : first.end] == first.text


def test_what_no_document_says_is_refused(noted):
    answer = noted.ask("desk", "Who won the football match on Sunday?")
    assert (answer.manner, answer.citations) == ("refused", ())


def test_one_id_explains_an_answer(noted):
    answer = noted.ask("desk", "How much is the appraisal fee?")
    found = noted.explain(answer.id)
    assert [stage["name"] for stage in found["stages"]][:3] == ["admit", "flow", "guard"]
    assert found["asked"] == [{"role": "user", "content": "How much is the appraisal fee?"}]
    assert found["answered"]["citations"][0]["text"] in answer.text
    assert found["passages"]


def test_pieces_make_the_whole(noted):
    pieces = []
    answer = noted.ask("desk", "How much is the appraisal fee?", watch=pieces.append)
    assert "".join(pieces) == answer.text


def test_a_changed_document_is_answered_from_at_once(noted):
    question = "How much is the appraisal fee?"
    assert "650" in noted.ask("desk", question).text
    file = noted.project.folder / "fees.md"
    file.write_text(file.read_text().replace("650", "700"))
    noted.collections.ingest("notes")
    assert "700" in noted.ask("desk", question).text


def test_a_conversation_is_asked_as_turns(noted):
    turns = (
        Message(role="user", content="hello"),
        Message(role="assistant", content="hello"),
        Message(role="user", content="When does the branch open?"),
    )
    assert "nine" in noted.ask("desk", turns).text


def test_what_can_be_named(noted):
    assert noted.speakers() == {"desk": "flow", "said": "model"}
    with pytest.raises(UnknownName, match="desk") as caught:
        noted.ask("dsk", "hi")
    assert caught.value.code == "unknown_model"


def test_a_flow_that_leads_to_itself(tmp_path):
    (tmp_path / "plait.yaml").write_text(
        "project: desk\n"
        "contracts: {intent: {task: tabular, data: x.csv, target: y}}\n"
        "flows:\n"
        "  a: [{route: {contract: intent, otherwise: b}}]\n"
        "  b: [{route: {contract: intent, otherwise: a}}]\n"
    )
    with pytest.raises(InvalidSettings, match="a -> b -> a"):
        plait.open(tmp_path)


def test_a_flow_is_put_together_beside_the_event_loop_and_once(noted, monkeypatch):
    threads = []
    steps = noted.flows.steps
    monkeypatch.setattr(
        noted.flows, "steps", lambda name: threads.append(threading.current_thread()) or steps(name)
    )

    async def twice():
        return [await noted.flows.speaker("flow", "desk") for _ in range(2)]

    first, second = asyncio.run(twice())
    assert first is second
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_a_question_waits_for_its_flow_and_nothing_else_does(noted, monkeypatch):
    go = threading.Event()
    steps = noted.flows.steps
    monkeypatch.setattr(noted.flows, "steps", lambda name: go.wait(10) and steps(name))
    asked = threading.Thread(target=noted.ask, args=("desk", "How much is the appraisal fee?"))
    asked.start()
    assert noted.search("notes", "appraisal fee").passages  # on the same event loop
    assert asked.is_alive()
    go.set()
    asked.join()


def test_no_flow_is_kept_of_a_collection_that_comes_and_goes(noted):
    for privacy in (Privacy.INTERNAL, Privacy.PERSONAL):
        name = noted.collections.create("files", privacy=privacy).name
        assert noted._searching(name).privacy is privacy
        noted.search(name, "horses")
        noted.collections.delete(name)
        with pytest.raises(UnknownName):
            asyncio.run(noted.find(SearchRequest(collection=name, query="horses"), Context()))
    assert not noted.flows._flows
