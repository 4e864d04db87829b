"""A server under load: killed at any moment, or beside a training that releases."""

import http.client
import json
import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from plait.core.columns import Row
from plait.engines.base import load
from plait.registry.artefact import artefact_folder
from plait.store.record import DecisionRow, JobRow, ReleaseRow, RequestRow
from plait.store.sqlite import SqliteStore

ROWS: list[Row] = [
    {"income": income, "debt": debt, "region": region}
    for income in (20.0, 50.0, 80.5)
    for debt in (5.0, 35.25)
    for region in ("n", "w")
]


@pytest.fixture(scope="module")
def trained(desk):
    """A project with a release that tells rows apart."""
    project = desk("linear")
    project.run("train", "repaid")
    return project


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: when it came, to which row, from which artefact by which decision."""

    at: float
    row: int
    id: str
    chance: float
    artefact: str
    decision: str


@dataclass
class Load:
    """Two clients that ask one server hundreds of times a second, and leave it time to breathe."""

    port: int
    answers: list[list[Answered]] = field(default_factory=lambda: [[], []])
    problems: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._ask, args=(each,)) for each in self.answers]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, answers: list[Answered]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked = 0
        while not self.over.wait(0.002):
            row = asked % len(ROWS)
            asked += 1
            try:
                body = json.dumps({"rows": [ROWS[row]]})
                connection.request("POST", "/v1/predict/repaid", body)
                response = connection.getresponse()
                said = response.read()
            except (OSError, http.client.HTTPException) as error:
                if not self.over.is_set():
                    self.problems.append(repr(error))
                break
            if response.status != 200:
                self.problems.append(f"{response.status} {said!r}")
                continue
            told = json.loads(said)
            chance = told["predictions"][0]["probabilities"]["1"]
            answers.append(
                Answered(time.time(), row, told["id"], chance, told["artefact"], told["decision"])
            )
        connection.close()


@contextmanager
def serving(project):
    """A server for a while: its process and its port."""
    process = project.start("serve", "--port", "0", "--json")
    said = ""
    while not said.endswith("}\n"):
        line = process.stdout.readline()
        assert line, said
        said += line
    yield process, int(json.loads(said)["url"].rpartition(":")[2])
    process.terminate()
    process.wait(timeout=30)


def chances(store: SqliteStore, project, artefact: str) -> list[float]:
    """Return what an artefact answers to each row, loaded here."""
    predictor = load(artefact_folder(store, artefact, project.folder / "artefacts"))
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    return [float(each) for each in predictor.predict(columns)["probability_1"]]


def until(true, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.long)])
def test_a_killed_server_gave_no_wrong_answer_and_starts_again(trained, kills):
    chance = random.Random(f"serve {kills}")
    answers = 0
    with trained.store() as store:
        known = {row.id: row.artefact for row in store.find(DecisionRow)}
        expected = {each: chances(store, trained, each) for each in known.values()}
    for kill in range(kills):
        moment = chance.uniform(0.9, 1.8)
        print(f"kill {kill} after {moment:.3f} s")
        with serving(trained) as (process, port), Load(port) as asking:
            time.sleep(moment)
            asking.over.set()  # what breaks from now on is no problem
            killed = time.time()
            process.kill()
        assert asking.problems == []
        given = [each for client in asking.answers for each in client]
        assert given
        for each in given:
            assert each.artefact == known[each.decision]
            assert each.chance == expected[each.artefact][each.row]
        with trained.store() as store:
            assert store.audit_check() is None
            kept = {row.id: row for row in store.find(RequestRow)}
        old = [each for each in given if each.at < killed - 0.8]  # written behind by 200 ms
        for each in old:
            row = kept[each.id]
            assert row.status == "done"
            assert row.decision == each.decision
            assert row.content["rows"] == [ROWS[each.row]]
        answers += len(old)
    assert answers
    with serving(trained) as (_, port), Load(port) as asking:
        until(lambda: all(asking.answers))
    assert asking.problems == []
    trained.check()


def test_a_release_beside_a_server_is_taken_at_once_and_no_request_is_dropped(trained):
    trained.loans(seed=1)
    with serving(trained) as (_, port), Load(port) as asking:
        until(lambda: all(asking.answers))
        made = json.loads(trained.run("train", "repaid", "--json"))
        with trained.store() as store:
            released = store.find(ReleaseRow, decision=made["id"])[0].created
            artefacts = {row.id: row.artefact for row in store.find(DecisionRow)}
            expected = {each: chances(store, trained, each) for each in artefacts.values()}
        until(lambda: all(answers[-1].decision == made["id"] for answers in asking.answers))
    assert asking.problems == []
    for answers in asking.answers:
        decisions = [each.decision for each in answers]
        taken = decisions.index(made["id"])
        assert set(decisions[taken:]) == {made["id"]}  # never back
        assert taken > 10
        print(f"taken {answers[taken].at - released:.3f} s after the release")
        assert answers[taken].at - released < 1.5
        for each in answers:
            assert each.artefact == artefacts[each.decision]
            assert each.chance == expected[each.artefact][each.row]
    assert len({each.chance for each in asking.answers[0] if each.row == 0}) == 2
    trained.check()


def test_a_server_goes_on_with_a_training_that_died_and_a_terminal_follows_it(trained):
    def job() -> JobRow:
        with trained.store() as store:
            return store.find(JobRow, limit=1)[0]

    before, _ = trained.check()
    with serving(trained) as (_, port):
        terminal = trained.start("train", "repaid")
        until(lambda: job().state == "running" and job().done > 2)
        terminal.kill()
        assert trained.kill_children()
        died = job()
        assert died.state == "running"
        trained.let_time_pass()
        until(lambda: job().owner != died.owner)
        made = json.loads(trained.run("train", "repaid", "--json"))
        assert job().id == died.id
        decisions, _ = trained.check()
        assert decisions == [*before, made["id"]]
        with Load(port) as asking:
            until(lambda: all(asking.answers))
            until(lambda: all(answers[-1].decision == made["id"] for answers in asking.answers))
    assert asking.problems == []
