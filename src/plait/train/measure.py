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
            a process by loading and running it, where the system tells. A MB is 10^6 bytes.
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
    """Return the memory this process holds; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
    except OSError:  # no Linux
        return _resident_by_ps()


def _resident_by_ps() -> float | None:
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    try:
        kilobytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(kilobytes) * 1024 / _MEGABYTE


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
    times = _times(predictor, rows)
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
    return Measured(values, machine())


def _times(predictor: Predictor, rows: Sequence[Row]) -> list[int]:
    """Return the nanoseconds of single rows, at most 5,000 of them or a second's worth."""
    read = _reader(predictor)
    clock = time.perf_counter_ns
    end = clock() + int(SECONDS * 1e9)
    for index in range(WARM_UP):
        predictor.predict(read(rows[index % len(rows)]))
        if clock() > end:  # a forecast may take as long as a hundred rows
            break
    times: list[int] = []
    end = clock() + int(SECONDS * 1e9)
    while len(times) < MOST_TIMES and (clock() < end or not times):
        row = rows[len(times) % len(rows)]
        started = clock()
        predictor.predict(read(row))
        times.append(clock() - started)
    return times


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
