"""Releases are taken by what runs, and a bad one leaves the old one answering."""

import shutil
import time

import pytest

import plait
from plait.app import live as module
from plait.app.live import Live
from plait.core.errors import StoreError, UnknownName


@pytest.fixture
def live(answering):
    found = Live(answering.store, answering.project.settings.contracts, answering.project.store)
    yield found
    found.close()


def until(true):
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within five seconds")


def lose_blobs(app):
    for folder in (app.project.store / "blobs").iterdir():
        shutil.rmtree(folder)


def test_what_is_released_answers_and_the_rest_says_what_to_do(live):
    assert set(live.tasks()) == {"loan", "rent"}
    with pytest.raises(UnknownName) as caught:
        live.task("fraud")
    assert (caught.value.code, caught.value.hint) == ("not_trained", "`plait train fraud`")
    with pytest.raises(UnknownName) as caught:
        live.task("lone")
    assert (caught.value.code, caught.value.nearest) == ("unknown_contract", "loan")


def test_a_release_is_taken_while_it_watches(live, answering, declare, linear):
    live.watch()
    before = live.task("loan")
    made = declare(answering, "loan", linear(0.5), winner="later")
    until(lambda: live.task("loan").decision == made.id)
    assert before.decision != made.id
    assert live.task("rent")


def test_a_release_is_taken_at_the_next_question_without_watching(live, answering, declare, linear):
    live.task("loan")
    made = declare(answering, "loan", linear(0.5), winner="later")
    until(lambda: live.task("loan").decision == made.id)


def test_a_release_that_cannot_be_loaded_leaves_the_old_one_answering(
    live, answering, declare, linear, monkeypatch
):
    before = live.task("loan").decision
    bad = linear(0.7)
    declare(answering, "loan", bad, winner="bad")
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.0)
    lose_blobs(answering)
    assert live.task("loan").decision == before
    assert "missing" in live.failures["loan"]
    good = declare(answering, "loan", linear(0.9), winner="good")
    assert live.task("loan").decision == good.id
    assert live.failures == {}


def test_what_never_loaded_says_why(answering, live):
    lose_blobs(answering)
    with pytest.raises(UnknownName, match=r"nothing answers for 'loan': .* missing"):
        live.task("loan")


def test_a_busy_store_is_asked_again(live, monkeypatch):
    def busy(*_):
        raise StoreError("store_busy", "another process held the store")

    with monkeypatch.context() as patch:
        patch.setattr(module, "find_decision", busy)
        with pytest.raises(StoreError):
            live.task("loan")
    assert live.failures == {}
    live.refresh()
    assert live.task("loan")


def test_releases_of_contracts_that_are_gone_are_left_alone(answering):
    text = (answering.project.file).read_text().replace("rent:", "rents:")
    answering.project.file.write_text(text)
    with plait.open(answering.project.folder) as app:
        assert set(app.live.tasks()) == {"loan"}


def test_a_release_that_failed_is_tried_again(live, answering, declare, linear, monkeypatch):
    live.refresh()
    made = declare(answering, "loan", linear(0.7), winner="late")
    with monkeypatch.context() as patch:
        patch.setattr(module, "load", fail)
        live.refresh()
        assert "loan" in live.failures
    live.refresh()  # it is too early
    assert "loan" in live.failures
    monkeypatch.setattr(live, "_again", 0.0)
    live.refresh()
    assert live.failures == {}
    assert live.task("loan").decision == made.id


def fail(*_, **__):
    raise StoreError("store_full", "the disk is full")
