"""A running server takes releases made by another process, and no request notices."""

import http.client
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from threading import Event, Thread

import pytest

import plait
from plait.engines.base import write_artefact

LOAN = "/v1/predict/loan"


@pytest.fixture(scope="module")
def served(desk, tmp_path_factory):
    """A project and the port on which a process of its own serves it."""
    project = shutil.copytree(desk, tmp_path_factory.mktemp("served") / "project")
    process = subprocess.Popen(
        [sys.executable, "-m", "plait", "serve", "--port", "0"],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield project, int(re.search(r":(\d+)", process.stdout.readline())[1])
    finally:
        process.kill()
        process.communicate()


class Load(Thread):
    """One keep-alive client that asks without a pause and notes what it is told."""

    def __init__(self, port, row, stop):
        super().__init__(daemon=True)
        self.answers, self.failures = [], []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._body = json.dumps({"rows": [row]})
        self._stop_asking = stop

    def run(self):
        while not self._stop_asking.is_set():
            try:
                self._connection.request("POST", LOAN, self._body)
                response = self._connection.getresponse()
                told = json.loads(response.read())
                if response.status == 200:
                    self.answers.append((time.perf_counter(), told))
                else:
                    self.failures.append(told)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
        self._connection.close()


def test_releases_under_load(served, row, linear, declare):
    project, port = served
    stop = Event()
    clients = [Load(port, row, stop) for _ in range(3)]
    for client in clients:
        client.start()
    expected, made = {}, []
    with plait.open(project) as app:
        first = app.live.task("loan")
        expected[first.decision] = first.predictor.artefact.id, app.predict("loan", row)
        for intercept in (0.5, -3.0, 2.0):
            time.sleep(0.5)
            artefact = linear(intercept)
            decision = declare(app, "loan", artefact)
            made.append((time.perf_counter(), decision.id))
            app.live.refresh()
            expected[decision.id] = artefact.id, app.predict("loan", row)
        time.sleep(1.2)
    stop.set()
    for client in clients:
        client.join()

    assert [failure for client in clients for failure in client.failures] == []
    answers = [each for client in clients for each in client.answers]
    assert len(answers) > 100
    for _, told in answers:
        artefact, alike = expected[told["decision"]]
        assert told["artefact"] == artefact
        assert told["predictions"] == [each.record() for each in alike.predictions]
    taken = [
        min(at for at, told in answers if told["decision"] == decision) - began
        for began, decision in made
    ]
    assert statistics.median(taken) <= 1.0
    for client in clients:  # nobody is told of an old release after a new one
        order = [told["decision"] for _, told in client.answers]
        assert order == sorted(order, key=list(expected).index)


def test_a_release_that_cannot_be_loaded(served, row, linear, declare, tmp_path):
    project, port = served
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def told(method, path):
        connection.request(method, path, json.dumps({"rows": [row]}))
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    before = told("POST", LOAN)[1]
    sound = linear(-2.25)
    files = {name: (sound.folder / name).read_bytes() for name in sound.manifest.files}
    broken = write_artefact(tmp_path / "broken", sound.manifest, {**files, "model.json": b"{}"})
    with plait.open(project) as app:
        declare(app, "loan", broken)
        until = time.monotonic() + 10
        while (state := told("GET", "/readyz"))[1]["status"] == "ready":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert state[0] == 200
        assert state[1]["status"] == "degraded"
        assert "model.json" in state[1]["problems"]["loan"]
        after = told("POST", LOAN)
        assert after[0] == 200
        assert after[1]["decision"] == before["decision"]

        mended = declare(app, "loan", sound)
        while told("GET", "/readyz")[1]["status"] == "degraded":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert told("POST", LOAN)[1]["decision"] == mended.id
    connection.close()
