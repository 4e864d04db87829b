"""What this machine has for models to run on, and what their runtimes see of it."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

_ASK = (
    "nvidia-smi",
    "--query-gpu=name,memory.total,driver_version",
    "--format=csv,noheader,nounits",
)
_ASK_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics processor.

    Attributes:
        name: as its driver has it.
        memory: bytes.
        driver: its version.
    """

    name: str
    memory: int
    driver: str


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[Gpu]:
    """Return the GPUs that NVIDIA's driver tells of."""
    try:
        asked = subprocess.run(_ASK, capture_output=True, text=True, timeout=_ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.split(", ") for line in asked.stdout.splitlines() if asked.returncode == 0]
    return [
        Gpu(name=name, memory=int(size) * 1024 * 1024, driver=driver)
        for name, size, driver in (row for row in rows if len(row) == 3)
        if size.isdigit()
    ]


def runtimes() -> Mapping[str, tuple[str, ...]]:
    """Return what each runtime that is installed could run on, by its own words."""
    found = {}
    for name, ask in _RUNTIMES.items():
        try:
            found[name] = ask()
        except (ImportError, OSError, RuntimeError):  # not there, or its own libraries are not
            continue
    return found


def _onnxruntime() -> tuple[str, ...]:
    return tuple(import_module("onnxruntime").get_available_providers())


def _llamacpp() -> tuple[str, ...]:
    devices = import_module("xllamacpp").get_device_info()
    return tuple(f"{each['name']} ({each['description'].strip()})" for each in devices)


_RUNTIMES: Mapping[str, Callable[[], tuple[str, ...]]] = {
    "onnxruntime": _onnxruntime,
    "llama.cpp": _llamacpp,
}
