"""Releases are taken by what runs, and a bad one leaves the old one answering."""

import shutil
import time
from threading import Event, Thread

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
    live._seat("loan").again = 0.0
    live.refresh()
    assert live.failures == {}
    assert live.task("loan").decision == made.id


def fault(*_, **__):
    raise RuntimeError("a fault of plait")


@pytest.mark.parametrize("fails", ["find_decision", "change_counter"])
def test_the_watch_goes_on_after_what_is_unexpected(
    live, answering, declare, linear, monkeypatch, caplog, fails
):
    monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    live.watch()
    before = live.task("loan").decision
    with monkeypatch.context() as patch:
        patch.setattr(answering.store if fails == "change_counter" else module, fails, fault)
        made = declare(answering, "loan", linear(0.7), winner="late")
        until(lambda: caplog.records)
        if fails == "find_decision":
            until(lambda: "a fault of plait" in live.problems().get("loan", ""))
        assert live.task("loan").decision == before
    assert caplog.records[0].exc_info[0] is RuntimeError
    until(lambda: live.task("loan").decision == made.id)
    until(lambda: live.problems() == {})


@pytest.fixture
def slow(monkeypatch):
    """Let the tables of `loan` take until the event is set; what is begun is told."""
    begun, read = [], Event()

    def lookup_of(_, decision, *__):
        begun.append(decision.contract)
        if decision.contract == "loan":
            assert read.wait(5)

    monkeypatch.setattr(module, "lookup_of", lookup_of)
    yield begun, read
    read.set()


def test_tables_that_take_long_delay_no_other_contract(live, answering, declare, linear, slow):
    begun, read = slow
    read.set()
    live.watch()
    read.clear()
    before = live.task("loan").decision
    late = declare(answering, "loan", linear(0.7), winner="late")
    until(lambda: begun.count("loan") == 2)
    quick = declare(answering, "rent", linear(0.6), winner="quick")
    until(lambda: live.task("rent").decision == quick.id)
    assert live.task("loan").decision == before
    read.set()
    until(lambda: live.task("loan").decision == late.id)


def test_a_caller_does_not_wait_for_what_another_reads(
    live, answering, declare, linear, slow, monkeypatch
):
    begun, read = slow
    read.set()
    before = live.task("loan").decision
    read.clear()
    late = declare(answering, "loan", linear(0.7), winner="late")
    monkeypatch.setattr(module, "INTERVAL_SECONDS", -1.0)
    told = []
    caller = Thread(target=lambda: told.append(live.task("loan").decision))
    caller.start()
    until(lambda: begun.count("loan") == 2)
    assert live.task("loan").decision == before
    assert live.task("rent")
    read.set()
    caller.join()
    assert told == [late.id]


def test_a_question_to_one_contract_reads_no_table_of_another(live, slow):
    begun, _ = slow
    live.task("rent")
    assert begun == ["rent"]


def fail(*_, **__):
    raise StoreError("store_full", "the disk is full")
