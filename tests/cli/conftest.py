"""The command, in this process and in one of its own; five unlike tables and their projects."""

import csv
import os
import random
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import orjson
import pytest

from plait.cli.main import main
from plait.cli.terminal import console


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return orjson.loads(self.out)


@dataclass(frozen=True)
class Made:
    """A project that was made and trained by the commands a newcomer types."""

    table: Path
    folder: Path
    contract: str
    started: Ran
    trained: Ran


def called(*arguments):
    """Run a command in this process."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["plait", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    texts = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Ran(ended.value.code or 0, *texts)


@pytest.fixture
def run():
    """Run a command in this process."""
    return called


@pytest.fixture
def refused(run):
    """Check that a command ends in one line of error, and return its code and the line."""

    def refused(*arguments, status=1):
        ran = run(*arguments)
        assert ran.status == status, ran
        assert ran.out == ""
        (line,) = ran.err.splitlines()
        found = re.fullmatch(r"plait: (.+) \[(\w+)\]", line)
        assert found, line
        assert "Traceback" not in line
        return found[2], found[1]

    return refused


@pytest.fixture
def narrow(monkeypatch):
    """A terminal of 80 columns."""
    monkeypatch.setattr(console, "width", 80)


def spawned(*arguments, cwd, env=None, limit=None):
    """Run a command in a process of its own; no file of it may grow beyond `limit` bytes."""

    def small():
        import resource  # not on Windows

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "plait", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        preexec_fn=small if limit else None,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def spawn(tmp_path):
    """Run a command in a process of its own."""

    def spawn(*arguments, cwd=tmp_path, **options):
        return spawned(*arguments, cwd=cwd, **options)

    return spawn


def tumours(path):
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    few = frame[frame.target == 0].head(2)  # few of one class: few folds, soon done
    many = frame[frame.target == 1].head(40)
    names = ("malignant", "benign")
    rows = [
        [*row[:5], names[int(row[-1])]] for row in [*many.values.tolist(), *few.values.tolist()]
    ]
    write(path, [[*frame.columns[:5], "diagnosis"], *rows])


def flowers(path):
    from sklearn.datasets import load_iris

    bunch = load_iris(as_frame=True)
    rows = bunch.frame.values.tolist()
    kept = [*rows[:2], *rows[50:62], *rows[100:112]]
    named = [[*row[:4], bunch.target_names[int(row[4])]] for row in kept]
    write(path, [[*bunch.frame.columns[:4], "species"], *named])


def patients(path):
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True, scaled=False).frame.head(40)
    columns = [[int(v) for v in c] if all(v % 1 == 0 for v in c) else c for c in frame.values.T]
    write(path, [list(frame.columns), *zip(*columns, strict=True)])


def customers(path):
    """Ids with leading zeros, dates, accents, gaps; semicolons and Latin-1, as Excel saves it."""
    dice = random.Random(0)
    rows = [["customer id", "signed up", "plan", "tenure", "monthly fee", "city", "active", "left"]]
    for number in range(60):
        rows.append(
            [
                f"{number:05d}",
                f"2024-01-{number % 28 + 1:02d}",
                dice.choice(["basic", "plus", "café"]),
                dice.randint(0, 72),
                "" if number % 9 == 0 else round(dice.uniform(20, 90), 2),
                "" if number % 7 == 0 else dice.choice(["Zürich", "Genève"]),
                dice.choice(["true", "false"]),
                "yes" if number % 30 == 0 else "no",
            ]
        )
    write(path, rows, delimiter=";", encoding="latin-1")


def oddities(path):
    """Few rows, and names that quoting, addresses and SQL could trip over."""
    dice = random.Random(0)
    names = ["a b", 'say "hi"', "it's", "naïve", "prediction", "rows", "100%", "x,y", "日本", "#5"]
    rows = [[*names, "is it: true?"]]
    for number in range(24):
        rows.append([*(round(dice.gauss(0, 1), 3) for _ in names), int(number % 12 == 0)])
    write(path, rows)


def write(path, rows, *, delimiter=",", encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


TABLES = {
    "tumours": (tumours, "diagnosis"),
    "flowers": (flowers, "species"),
    "patients": (patients, "target"),
    "customers": (customers, "left"),
    "oddities": (oddities, "is it: true?"),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Make a project of each table and train it by the commands, two at a time."""
    folder = tmp_path_factory.mktemp("made")
    started = {}
    for name, (draw, target) in TABLES.items():
        draw(folder / f"{name}.csv")
        told = ("init", folder / name, "--data", folder / f"{name}.csv", "--target", target)
        started[name] = called(*told, "--json")
        assert started[name].status == 0, started[name]
        if name != "oddities":  # one race of every candidate there is will do
            settings = folder / name / "plait.yaml"
            few = "task: tabular\n    candidates: [dummy, linear, lightgbm]"
            settings.write_text(settings.read_text().replace("task: tabular", few))

    def train(name):
        contract = started[name].json["contract"]
        trained = spawned("train", contract, cwd=folder / name)
        assert trained.status == 0, trained
        return Made(folder / f"{name}.csv", folder / name, contract, started[name], trained)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(TABLES, pool.map(train, TABLES), strict=True))
