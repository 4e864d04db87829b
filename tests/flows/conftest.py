import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Thread

import openai
import pytest
import uvicorn

import plait
from plait.serve.http import make as make_http
from plait.serve.run import Server, address_of, listen
from plait.store.record import AuditRow, DecisionRow, EvidenceRow, JobRow, ReleaseRow
from plait.store.sqlite import SqliteStore

SETTINGS = """\
project: desk
contracts:
  repaid: {task: tabular, data: loans.csv, target: repaid, candidates: [CANDIDATES]}
  again: {task: tabular, data: loans.csv, target: repaid, candidates: [CANDIDATES]}
"""


class Desk:
    """A project of two equal contracts, and the processes that work on it."""

    def __init__(self, folder: Path, candidates: str) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        folder.mkdir()
        self.loans()
        (folder / "plait.yaml").write_text(SETTINGS.replace("CANDIDATES", candidates))

    def loans(self, seed: int = 0) -> None:
        """Write loans of which the best two are repaid: so few of a class make few splits."""
        chance = random.Random(seed)
        rows = [
            (round(chance.gauss(50, 15), 2), round(chance.gauss(20, 8), 2), chance.choice("nesw"))
            for _ in range(60)
        ]
        best = sorted(rows, key=lambda row: row[1] - row[0])[:2]
        lines = [",".join(map(str, (*row, int(row in best)))) for row in rows]
        (self.folder / "loans.csv").write_text("\n".join(["income,debt,region,repaid", *lines]))

    def store(self) -> SqliteStore:
        """Open the store beside whoever else has it open."""
        return SqliteStore(self.folder / ".plait")

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start `plait` with these words in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "plait", *words, "--project", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._started.append(process)
        return process

    def run(self, *words: str) -> str:
        """Run `plait` to its end, which must be a good one, and return what it printed."""
        process = self.start(*words)
        said = process.communicate(timeout=120)[0]
        assert process.returncode == 0, said
        return said

    def children(self) -> list[int]:
        """Return the processes of jobs that are alive, whoever started them."""
        return [
            process
            for process, command in _processes()
            if "plait.app.job_child" in command and str(self.folder) in command
        ]

    def kill_children(self) -> int:
        """Kill every process of a job and return how many there were."""
        killed = 0
        for pid in self.children():
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:  # it has just ended
                pass
        return killed

    def let_time_pass(self) -> None:
        """Let every lease run out, as it would in a while."""
        with self.store() as store:
            for job in store.find(JobRow, state="running"):
                store.job_renew(job.id, job.owner, 0.0)

    def check(self) -> tuple[list[str], set[str]]:
        """Check what must hold when nobody works; return decisions, oldest first, and evidence."""
        with self.store() as store:
            assert store.audit_check() is None
            done = store.find(JobRow, kind="train", state="done")
            decisions = [row.id for row in store.find(DecisionRow)]
            assert sorted(decisions) == sorted(job.result["decision"] for job in done)
            wanted = sorted(job.result["decision"] for job in done if job.arguments["release"])
            assert sorted(row.decision for row in store.find(ReleaseRow)) == wanted
            links = store.find(AuditRow)
            decided = [link.details["decision"] for link in links if link.action == "decide"]
            assert sorted(decided) == sorted(decisions)
            released = [link.details["decision"] for link in links if link.action == "release"]
            assert sorted(released) == wanted
            evidence = {row.id for row in store.find(EvidenceRow)}
        return decisions[::-1], evidence

    def close(self) -> None:
        """End everything."""
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.kill_children()


def _processes() -> Iterator[tuple[int, str]]:
    """Yield every process and what it was started with, where there is no /proc by `ps`."""
    if Path("/proc/self/cmdline").exists():
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                yield int(place.name), (place / "cmdline").read_text(errors="replace")
        return
    command = ["ps", "-A", "-ww", "-o", "pid=,args="]
    table = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in table.stdout.splitlines():
        process, _, words = line.strip().partition(" ")
        yield int(process), words


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Desk]]:
    """A maker of projects, whose processes end with the module."""
    made: list[Desk] = []

    def make(candidates: str = "dummy") -> Desk:
        made.append(Desk(tmp_path_factory.mktemp("flow") / "desk", candidates))
        return made[-1]

    yield make
    for each in made:
        each.close()


@contextmanager
def _official(app: plait.App) -> Iterator[openai.OpenAI]:
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(make_http(app), log_level="warning", lifespan="off")
    server = Server(config, lambda: None)
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    url = f"{address_of(listener)}/v1"
    try:
        with openai.OpenAI(base_url=url, api_key="unused", max_retries=0) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def official() -> Callable[[plait.App], AbstractContextManager[openai.OpenAI]]:
    """The context in which an app is served on a loopback port; it gives OpenAI's client."""
    return _official
