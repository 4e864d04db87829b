"""A training that is killed at any moment: nothing is lost, nothing is doubled, it goes on."""

import json
import random
import subprocess
import sys
import time

import pytest

from plait.store.record import ArtefactRow, DatasetRow, JobRow

# Trains in forks of one process, each killed where none was killed before: just before it writes
# what has not been written yet. The last one comes through. Then a training that nobody kills.
EVERY_WINDOW = """
import os, signal, sys
from pathlib import Path
from plait.app import job_child
from plait.app.app import App
from plait.store.sqlite import SqliteStore

folder, memory = map(Path, sys.argv[1:])

def here(place):
    if place not in memory.read_text().splitlines():
        with memory.open("a") as file:
            file.write(f"{place}\\n")
        os.kill(os.getpid(), signal.SIGKILL)

class Killed(SqliteStore):
    def put(self, *rows):
        here(f"before put {[type(row).__name__ for row in rows]}")
        super().put(*rows)
        here(f"after put {[type(row).__name__ for row in rows]}")

    def blob_put(self, data):
        here(f"before blob {getattr(data, 'name', 'of rows')}")
        return super().blob_put(data)

    def step_put(self, job, name, result):
        kind = "/".join(name.split("/")[1:3])
        here(f"before step {kind}")
        super().step_put(job, name, result)
        here(f"after step {kind}")

    def release(self, row):
        here("before release")
        return super().release(row)

    def audit(self, actor, action, *told, **named):
        here(f"before audit {action}")
        return super().audit(actor, action, *told, **named)

    def job_finish(self, *told, **named):
        here("before finish")
        done = super().job_finish(*told, **named)
        here("before commit")
        return done

    def close(self):
        here("after commit")
        super().close()

def work(job, owner):
    child = os.fork()
    if not child:
        with SqliteStore(folder / ".plait") as store:
            claimed = store.job_claim(owner, 60.0, job)
        if claimed:
            places = (folder / "plait.yaml", folder / ".plait")
            job_child.main(*map(str, places), job, owner, "60.0")
        os._exit(0)
    died = os.waitpid(child, 0)[1] != 0
    with SqliteStore(folder / ".plait") as store:
        assert store.audit_check() is None
        store.job_renew(job, owner, 0.0)
    return died

def submit():
    with App.open(folder) as app:
        return app.submit_training("repaid").id

os.nice = lambda _: 0  # a test has no time for politeness
job_child.SqliteStore = Killed
job, deaths = submit(), 0
while work(job, f"owner_{deaths}"):
    deaths += 1
job_child.SqliteStore = SqliteStore
assert not work(submit(), "undisturbed")
print(deaths)
"""


@pytest.mark.parametrize(
    "candidates", ["dummy", pytest.param("dummy, linear, lightgbm", marks=pytest.mark.long)]
)
def test_a_kill_in_every_window_changes_nothing(desk, tmp_path, candidates):
    project, memory = desk(candidates), tmp_path / "memory"
    memory.touch()
    told = subprocess.run(
        [sys.executable, "-c", EVERY_WINDOW, str(project.folder), str(memory)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    decisions, evidence = project.check()
    assert len(decisions) == 2
    assert len(evidence) == 1
    kills = memory.read_text().splitlines()
    assert int(told) == len(kills)
    assert {"after step measure/dummy", "before release", "before commit", "after commit"} <= {
        *kills
    }
    with project.store() as store:
        assert len(store.find(DatasetRow)) == 1
        assert len(store.find(ArtefactRow)) == len(candidates.split(", "))
    assert list((project.folder / ".plait" / "jobs").iterdir()) == []


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.long)])
def test_kills_at_random_moments_lose_nothing_and_double_nothing(desk, kills):
    chance = random.Random(f"train {kills}")
    project = desk()
    started = time.monotonic()
    acknowledged = {json.loads(project.run("train", "repaid", "--json"))["id"]}
    seconds = time.monotonic() - started
    _, evidence = project.check()

    process, killed = None, 0
    while killed < kills:
        if process is None:
            resume = unfinished(project) and chance.random() < 0.3
            process = project.start(
                *(("jobs", "resume") if resume else ("train", "repaid")), "--json"
            )
        victim, moment = chance.choice(["cli", "child", "both"]), chance.uniform(0, seconds)
        print(f"kill {killed}: {victim} after {moment:.3f} s")
        time.sleep(moment)
        killed += strike(project, process, victim)
        if process.poll() is not None:
            acknowledged |= told(process)
            process = None
        if victim == "both":
            project.let_time_pass()
            project.check()

    project.close()
    project.let_time_pass()
    last = json.loads(project.run("train", "repaid", "--json"))
    decisions, found = project.check()
    assert last["id"] == decisions[-1]
    assert acknowledged <= set(decisions)
    assert found == evidence == {last["evidence"]}


def told(process) -> set[str]:
    """Return the decisions that a command told of before it ended by itself."""
    said = process.communicate()[0]
    if process.returncode:
        assert process.returncode < 0 or "[job_lost]" in said, said
        return set()
    answer = json.loads(said)
    return {job["result"]["decision"] for job in answer.get("jobs", [])} | {
        answer[name] for name in ("id",) if name in answer
    }


def strike(project, process, victim: str) -> int:
    """Kill what is to be killed and return whether there was anything to kill."""
    killed = 0
    if victim != "child" and process.poll() is None:
        process.kill()
        process.wait()
        killed = 1
    if victim != "cli" and project.kill_children():
        killed = 1
    return killed


def unfinished(project) -> bool:
    with project.store() as store:
        return any(row.state in ("queued", "running") for row in store.find(JobRow))
