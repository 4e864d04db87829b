"""How the benches measure: in turn, with intervals, and kept with what they ran on."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plait.core.cancel import Cancel
from plait.core.job import Progress
from plait.registry.pull import find_pulled, platform_cache

BENCH = Path(__file__).parents[1]
CACHE = BENCH.parent / ".bench"
DATA = Path(os.environ.get("PLAIT_DATA", "."))
SEED = 7
LEAKS = (
    *("action", "reject", "typur", "review", "unver", "gdlin"),
    *("race", "male", "married", "old", "min30"),
)

Floats = NDArray[np.float64]


class Missing(Exception):
    """Something that a bench needs is not there."""


def start(main: Callable[[], object]) -> None:
    """Run a bench. What is missing ends it, but is no failure: `make bench` goes on."""
    try:
        main()
    except Missing as missing:
        print(f"skipped: {missing}")


def data(place: str) -> Path:
    """Return a file or folder of PLAIT_DATA."""
    if not (DATA / place).exists():
        raise Missing(f"PLAIT_DATA names no folder with {place} in it")
    return DATA / place


def loanapp() -> Path:
    """Return the rows of the catalogue's loanapp; `LEAKS` are known only afterwards."""
    pulled = find_pulled("loanapp", platform_cache())
    if pulled is None:
        raise Missing("plait models pull loanapp")
    return pulled.folder / "loans.csv"


def digests(*paths: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def kept(name: str) -> dict:
    """Return the figures of an earlier run."""
    path = BENCH / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def keep(name: str, found: Mapping[str, object], libraries: Iterable[str]) -> dict[str, object]:
    """Write figures to bench/results, with what they were made by; return all that."""
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    versions = {each: version(each) for each in ("plait", *libraries)}
    whole = {**found, "versions": versions, "machine": machine}
    path = BENCH / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(whole, indent=2) + "\n")
    return whole


def in_turn(
    asks: Mapping[str, Callable[[], list[float]]], seconds: float
) -> dict[str, list[list[float]]]:
    """Time a block of each in turn until the time is up, so that the machine's moods hit all alike.

    Returns:
        The blocks of each: what each call took.
    """
    blocks: dict[str, list[list[float]]] = {name: [] for name in asks}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, ask in asks.items():
            blocks[name].append(ask())
    return blocks


def milliseconds(seconds: Sequence[float] | Floats, *shares: int) -> dict[str, float]:
    """Return percentiles in milliseconds."""
    return {f"p{q}_ms": round(1000 * float(np.percentile(seconds, q)), 3) for q in shares}


def ratio(
    a: Sequence[float], b: Sequence[float], of: Callable[..., Floats] = np.median
) -> dict[str, float]:
    """Return the ratio of the medians of two paired lists, with its 95 % bootstrap interval."""
    pairs = np.array([a, b])
    draws = np.random.default_rng(SEED).integers(0, len(a), size=(2000, len(a)))
    one, other = of(pairs[:, draws], axis=2)
    low, high = np.quantile(one / other, [0.025, 0.975])
    one, other = of(pairs, axis=1)
    found = {"ratio": one / other, "low": low, "high": high}
    return {name: round(float(value), 3) for name, value in found.items()}


def interval(values: Floats) -> dict[str, float]:
    """Return the mean with its 95 % bootstrap interval."""
    random = np.random.default_rng(SEED)
    means = [
        values[random.integers(0, len(values), size=(500, len(values)))].mean(axis=1)
        for _ in range(20)  # all at once would take gigabytes
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    found = {"mean": values.mean(), "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in found.items()}


class Run:
    """A job that keeps nothing and tells its steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cancel = Cancel()

    def step(self, name: str, work: Callable[[], object]) -> object:
        started = time.perf_counter()
        done = work()
        print(f"  {name}: {time.perf_counter() - started:.1f} s", flush=True)
        return done

    def progress(self, progress: Progress) -> None:
        pass
