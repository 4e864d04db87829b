"""What an exported artefact costs to run, measured in a fresh process.

The child is this module run as `python -m plait.train.measure FOLDER`, with the rows as JSON on its
standard input. It imports what serving imports, no fitting library, so its memory and its times are
those of a server.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from plait.core.columns import Columns, Row
from plait.core.errors import EngineError
from plait.core.history import read_history
from plait.core.ids import Json
from plait.core.protocol import Predictor
from plait.core.schema import RowReader
from plait.engines.base import load

WARM_UP = 100
MOST_TIMES = 5_000
SECONDS = 1.0
PATIENCE_SECONDS = 120

_MEGABYTE = 1e6
_MILLISECONDS_PER_NS = 1e-6


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, and on what.

    Attributes:
        values: `latency_ms_p50`, `latency_ms_p95` and `latency_ms_p99` of one row, from a dict to
            the answer, one after the other; `load_ms`; `size_mb` of the files; `memory_mb` added to
            a process and its children by loading and running it, and `processor_ms` of an answer,
            on average, where the system tells. A MB is 10^6 bytes.
        machine: `processor`, `cores`, `os`, `python`.
        failed: why nothing was measured; "" when all was.
    """

    values: Mapping[str, float]
    machine: Mapping[str, Json]
    failed: str = ""


def measure(folder: Path, rows: Sequence[Row]) -> Measured:
    """Measure an artefact in a fresh process, in about two seconds.

    Args:
        folder: of the artefact.
        rows: to predict in turn, at least one, as callers send them.

    Raises:
        EngineError: `engine_failed`, when it cannot be loaded or does not answer.
    """
    # -P: a file in the caller's folder must not pass for a module of ours
    command = [sys.executable, "-P", "-m", "plait.train.measure", str(folder)]
    try:
        child = subprocess.run(
            command,
            input=json.dumps(rows),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
        raise _failed(folder, reason) from error
    except subprocess.TimeoutExpired as error:
        raise _failed(folder, f"no answer in {PATIENCE_SECONDS} s") from error
    return Measured(**json.loads(child.stdout))


def machine() -> dict[str, Json]:
    """Return what this process runs on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "os": platform.platform(),
        "python": platform.python_version(),
    }


def resident_mb() -> float | None:
    """Return the memory that this process and its children hold; None where nobody tells."""
    try:
        held = [_pages(each) for each in ("self", *_children(os.getpid()))]
        return sum(held) * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
    except OSError:  # no Linux
        return _resident_by_ps()


def _pages(process: str) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        if process == "self":
            raise
        return 0  # it has ended meanwhile


def _children(parent: int) -> list[str]:
    """Return the ids of a process's children; an engine may run its model in one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(stat.parent.name)
    return found


def processor_seconds() -> float | None:
    """Return the processor's time of this process and its children; None where nobody tells."""
    try:
        Path("/proc/self/stat").read_text()
        ticks = sum(map(_ticks, _children(os.getpid())))
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError):  # no Linux
        rows = _asked_of_ps("time=")
        return None if rows is None else sum(map(_seconds, rows))


def _ticks(process: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return int(stat[11]) + int(stat[12])
    return 0


def _resident_by_ps() -> float | None:
    rows = _asked_of_ps("rss=")
    return None if rows is None else sum(map(int, rows)) * 1024 / _MEGABYTE


def _asked_of_ps(what: str) -> list[str] | None:
    """Return what `ps` says of this process and its children; None where there is none."""
    own = str(os.getpid())
    command = ["ps", "-A", "-o", f"pid=,ppid=,{what}"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    rows = [line.split() for line in listed.splitlines()]
    return [found for pid, of, found in rows if own in (pid, of)]


def _seconds(said: str) -> float:
    """Return the seconds of `1-02:03:04` or `3:04.05`."""
    days, _, rest = said.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = 60 * seconds + float(part)
    return 86_400 * int(days or 0) + seconds


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _failed(folder: Path, reason: str) -> EngineError:
    return EngineError(
        "engine_failed",
        f"the artefact cannot be measured: {reason}",
        where=str(folder),
        hint="train again; if it stays so, report it",
    )


def _run(folder: Path, rows: Sequence[Row]) -> Measured:
    """Measure in this process."""
    before = resident_mb()
    started = time.perf_counter_ns()
    predictor = load(folder)
    loading = time.perf_counter_ns() - started
    times, spent = _times(predictor, rows)
    after = resident_mb()
    p50, p95, p99 = np.percentile(times, [50, 95, 99]) * _MILLISECONDS_PER_NS
    values = {
        "latency_ms_p50": float(p50),
        "latency_ms_p95": float(p95),
        "latency_ms_p99": float(p99),
        "load_ms": loading * _MILLISECONDS_PER_NS,
        "size_mb": predictor.artefact.manifest.size / _MEGABYTE,
    }
    if before is not None and after is not None:
        values["memory_mb"] = max(0.0, after - before)
    if spent is not None:
        values["processor_ms"] = 1000 * spent / len(times)
    return Measured(values, machine())


def _times(predictor: Predictor, rows: Sequence[Row]) -> tuple[list[int], float | None]:
    """Return the nanoseconds of single rows, at most 5,000 of them or a second's worth.

    Beside them stand the processor's seconds for all, or None where nobody tells.
    """
    read = _reader(predictor)
    clock = time.perf_counter_ns
    end = clock() + int(SECONDS * 1e9)
    for index in range(WARM_UP):
        predictor.predict(read(rows[index % len(rows)]))
        if clock() > end:  # a forecast may take as long as a hundred rows
            break
    times: list[int] = []
    before = processor_seconds()
    end = clock() + int(SECONDS * 1e9)
    while len(times) < MOST_TIMES and (clock() < end or not times):
        row = rows[len(times) % len(rows)]
        started = clock()
        predictor.predict(read(row))
        times.append(clock() - started)
    after = processor_seconds()
    return times, None if before is None or after is None else after - before


def _reader(predictor: Predictor) -> Callable[[Row], Columns]:
    """Return what turns one request into columns, as serving does."""
    manifest = predictor.artefact.manifest
    if manifest.task != "series":
        reader = RowReader(manifest.input)
        return lambda row: reader.columns([row])
    most = int(manifest.input["horizon"].high or 1)

    def columns(row: Row) -> Columns:
        history, horizon = read_history(row, most)
        return {"history": [history], "horizon": [horizon]}

    return columns


if __name__ == "__main__":
    json.dump(asdict(_run(Path(sys.argv[1]), json.load(sys.stdin))), sys.stdout)
