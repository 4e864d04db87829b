"""A process that is started, dies, starts again, and never outlives who started it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from plait.core.errors import EngineError
from plait.engines.child import Child

SERVES = """
import json, os, sys
order = json.loads(sys.stdin.buffer.readline())
print("noise", file=sys.stderr)
print(json.dumps({"address": f"{order['name']}:{os.getpid()}"}), flush=True)
sys.stdin.read()
"""
DIES = """
import sys
sys.stdin.readline()
sys.exit("out of memory, I fear")
"""


class Times:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def make(times):
    """Make a child of a program, and close it in the end."""
    made = []

    def make(program):
        child = Child(["-c", program], {"name": "x"}, where="model 'x'", monotonic=times)
        made.append(child)
        return child

    yield make
    for child in made:
        child.close()


def gone(pid):
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def kill(child):
    running = child.running().result(10)
    os.kill(child.pid, signal.SIGKILL)
    assert "SIGKILL" in running.died(5.0)


def test_it_is_started_once(make):
    child = make(SERVES)
    assert child.pid is None
    first = child.running()
    assert child.running() is first
    assert first.result(10).address == f"x:{child.pid}"
    assert child.running() is first
    assert first.result().died(0.0) is None
    pid = child.pid
    child.close()
    assert gone(pid)
    assert child.pid is None
    with pytest.raises(EngineError, match="closed"):
        child.running()


def test_who_stops_waiting_stops_nobody_else(make):
    child = make(SERVES)
    ready = child.running()
    assert not ready.cancel()
    assert ready.result(10)


def test_it_is_started_anew_after_it_died(make):
    child = make(SERVES)
    first = child.running().result(10)
    kill(child)
    assert child.running().result(10).address != first.address


def test_a_process_that_died_is_told_from_the_one_in_its_place(make):
    child = make(SERVES.replace('"noise"', 'f"noise of {os.getpid()}"'))
    old, pid = child.running().result(10), child.pid
    os.kill(pid, signal.SIGKILL)
    assert "SIGKILL" in old.died(5.0)
    new = child.running().result(10)
    assert new.died(0.0) is None
    assert old.died(0.0) == f"its process was ended by SIGKILL; it said: noise of {pid}"


def test_one_that_dies_at_once_again_and_again_has_to_wait(make, times):
    child = make(SERVES)
    for _ in range(3):
        child.running().result(10)
        kill(child)
    for _ in range(2):  # asking does not make it worse
        with pytest.raises(EngineError) as refused:
            child.running()
        assert "died 3 times in a row" in str(refused.value)
        assert "started again in 2 s" in str(refused.value)
    times.now += 2.1
    assert child.running().result(10)
    times.now += 60  # it lived for long
    kill(child)
    assert child.running().result(10)


def test_what_it_said_before_it_died_is_told(make):
    error = make(DIES).running().exception(10)
    assert error.code == "engine_failed"
    assert "ended with status 1; it said: out of memory, I fear" in str(error)
    assert error.where == "model 'x'"


@pytest.mark.parametrize(
    "answer", ['{"error": "no such weights"}', "nonsense", "[]", '{"address": 7}', ""]
)
def test_an_answer_that_is_none_is_an_error(make, answer):
    error = make(f"import sys; sys.stdin.readline(); print({answer!r})").running().exception(10)
    assert error.code == "engine_failed"
    if "error" in answer:
        assert "no such weights" in str(error)


def test_a_program_that_does_not_exist_is_an_error(make, monkeypatch):
    child = make(SERVES)
    monkeypatch.setattr(child, "_command", ["/nonexistent/python"])
    assert "cannot be started" in str(child.running().exception(10))


def test_much_noise_is_not_kept(make):
    noise = "import sys; sys.stderr.write('x' * 100_000 + '\\n' + 'y\\n' * 5000)\n"
    child = make(noise + SERVES)
    assert sum(map(len, child.running().result(10)._lines)) <= 20 * 300


def test_closing_while_it_starts_ends_it(make):
    child = make("import time; time.sleep(60)")
    ready = child.running()
    while child.pid is None:
        time.sleep(0.01)
    pid = child.pid
    child.close()
    assert gone(pid)
    assert ready.exception(5).code == "engine_failed"


def test_it_does_not_outlive_a_parent_that_is_killed():
    program = f"""
import time
from plait.engines.child import Child
child = Child(["-c", {SERVES!r}], {{"name": "x"}}, where="")
print(child.running().result(10).address, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline().split(b":")[1])
        parent.kill()
    assert gone(pid)
