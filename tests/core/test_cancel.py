"""The flag that asks work to stop."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from plait.core.cancel import Cancel
from plait.core.errors import Cancelled


def test_nobody_asked():
    cancel = Cancel()
    cancel.check()
    assert (cancel.requested, cancel.reason) == (False, "")


def test_after_a_request_the_work_stops():
    cancel = Cancel()
    cancel.request("the client left")
    assert cancel.requested
    with pytest.raises(Cancelled, match="stopped: the client left") as caught:
        cancel.check()
    assert caught.value.code == "cancelled"


def test_the_first_reason_stays():
    cancel = Cancel()
    cancel.request("first")
    cancel.request("second")
    assert cancel.reason == "first"


def test_of_many_who_ask_at_once_one_is_the_first():
    for _ in range(50):
        cancel, start = Cancel(), Barrier(4)

        def ask(name, cancel=cancel, start=start):
            start.wait()
            cancel.request(name)
            return cancel.reason

        with ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(ask, "abcd"))
        assert cancel.reason in "abcd"
        assert cancel.requested
        assert set(seen) <= {cancel.reason, ""}


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
def test_waiting_in_vain_ends_in_time(seconds):
    began = time.monotonic()
    assert Cancel().wait(seconds) is False
    assert time.monotonic() - began >= seconds


def test_a_request_wakes_everybody_who_waits():
    cancel, asleep = Cancel(), Barrier(5)

    def work():
        asleep.wait()
        return cancel.wait(30.0)

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(work) for _ in range(4)]
        asleep.wait()
        cancel.request("enough")
        assert [each.result(timeout=10.0) for each in waiting] == [True] * 4
    assert cancel.wait(0.0) is True


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no SIGALRM")
def test_a_signal_handler_may_ask_while_the_same_thread_waits():
    cancel = Cancel()
    old = signal.signal(signal.SIGALRM, lambda *_: cancel.request("alarm"))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert cancel.wait(30.0) is True
    finally:
        signal.signal(signal.SIGALRM, old)
    assert cancel.reason == "alarm"
