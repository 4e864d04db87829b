"""A training that is killed at any moment: nothing is lost, nothing is doubled, it goes on."""

import json
import random
import subprocess
import sys
import time

import pytest

from plait.store.record import ArtefactRow, DatasetRow, JobRow

# Does one job over and over, in forks of one process, each killed where none was killed before:
# just before it writes what it has not yet written. The last one comes through.
EVERY_WINDOW = """
import os, signal, sys
from pathlib import Path
import plait.train.boosting, plait.train.dummy, plait.train.linear
from plait.app import job_child
from plait.store.record import JobRow
from plait.store.sqlite import SqliteStore

settings, folder, job_id, memory = sys.argv[1:]

def here(place):
    with open(memory, "a+") as file:
        file.seek(0)
        if place in file.read().splitlines():
            return
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

job_child.SqliteStore = Killed
for attempt in range(60):
    child = os.fork()
    if not child:
        with SqliteStore(Path(folder)) as store:
            claimed = store.job_claim(f"owner_{attempt}", 60.0, job_id)
        if claimed:
            job_child.main(settings, folder, job_id, f"owner_{attempt}", "60.0")
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
    with SqliteStore(Path(folder)) as store:
        assert store.audit_check() is None
        store.job_renew(job_id, f"owner_{attempt}", 0.0)
print(attempt)
"""


def test_a_kill_in_every_window_changes_nothing(desk, tmp_path):
    reference = desk("reference", "dummy, linear")
    reference.run("train", "repaid")
    (_,), evidence = reference.check()

    killed = desk("killed", "dummy, linear")
    job = submitted(killed)
    memory = tmp_path / "memory"
    places = (killed.folder / "plait.yaml", killed.folder / ".plait", job, memory)
    told = subprocess.run(
        [sys.executable, "-c", EVERY_WINDOW, *map(str, places)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    kills = memory.read_text().splitlines()
    assert int(told.stdout) == len(kills)
    assert len(kills) >= 25, kills
    assert {"before release", "before commit", "after commit"} <= set(kills)
    decisions, found = killed.check()
    assert len(decisions) == 1
    assert found == evidence
    with killed.store() as store, reference.store() as other:
        for kind in (DatasetRow, ArtefactRow):
            rows = store.find(kind)
            assert {row.id for row in rows} == {row.id for row in other.find(kind)}
            assert len(rows) == (1 if kind is DatasetRow else 2)
    assert list((killed.folder / ".plait" / "jobs").iterdir()) == []


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.long)])
def test_kills_at_random_moments_lose_nothing_and_double_nothing(desk, kills):
    chance = random.Random(f"train {kills}")
    project = desk()
    started = time.monotonic()
    project.run("train", "repaid")
    seconds = time.monotonic() - started
    (_,), evidence = project.check()

    acknowledged, killed, tries = 1, 0, 0
    while killed < kills:
        tries += 1
        assert tries < 5 * kills, "hardly a kill finds anything to kill"
        command = ("train", "repaid", "--json")
        if tries % 3 == 0 and unfinished(project):
            command = ("jobs", "resume", "--json")
        process = project.start(*command)
        victim, moment = chance.choice(["cli", "child", "both"]), chance.uniform(0, 1.2 * seconds)
        print(f"kill {killed}: {command[0]}, {victim} after {moment:.3f} s")
        time.sleep(moment)
        killed += strike(project, process, victim)
        if victim == "child" or process.poll() is not None:
            said = process.communicate(timeout=60)[0]
            if process.returncode == 0:
                acknowledged += "winner" in said or "decision" in said
        if victim == "both":
            project.let_time_pass()
            project.check()
        else:
            with project.store() as store:
                assert store.audit_check() is None

    project.let_time_pass()
    last = json.loads(project.run("train", "repaid", "--json"))
    decisions, found = project.check()
    assert last["id"] == decisions[-1]
    assert found == evidence == {last["evidence"]}
    assert len(decisions) > acknowledged


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


def submitted(project) -> str:
    """Queue the training of `repaid` and return the job."""
    from plait.app.app import App

    with App.open(project.folder) as app:
        return app.submit_training("repaid").id


def unfinished(project) -> bool:
    with project.store() as store:
        return any(row.state in ("queued", "running") for row in store.find(JobRow))
