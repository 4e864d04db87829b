"""An artefact's folder: written whole, checked whole, then handed to its engine."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from plait.core.artefact import MANIFEST, Artefact, FileNote, Manifest
from plait.core.errors import EngineError, UnknownName
from plait.core.ids import Json, sha256
from plait.core.protocol import Predictor
from plait.core.table import Table
from plait.engines import TABLE

Engine: TypeAlias = Callable[[Artefact], Predictor]

engines: Table[Engine] = Table("engines", TABLE)


def load(folder: Path, *, verify: bool = True) -> Predictor:
    """Return what runs the artefact in `folder`.

    Args:
        folder: where its manifest and files lie.
        verify: whether to read every file once more and compare its hash; only for a folder that
            this process has just verified may it be left out.

    Raises:
        EngineError: `artefact_damaged`, when a file is missing or not as the manifest says;
            `artefact_format`, when it has a format or an engine that this plait does not run.
        MissingExtra: the engine's library is not installed.
    """
    artefact = read_artefact(folder, verify=verify)
    try:
        engine = engines.load(artefact.manifest.engine)
    except UnknownName as error:
        raise EngineError(
            "artefact_format",
            f"the artefact asks for an engine {artefact.manifest.engine!r} that is not here",
            where=str(folder),
            hint="upgrade plait, or install the plug-in that brings the engine",
        ) from error
    return engine(artefact)


def read_artefact(folder: Path, *, verify: bool = True) -> Artefact:
    """Return the artefact in `folder`; see `load` for the arguments and errors."""
    path = folder / MANIFEST
    record = read_json(path)
    try:
        artefact = Artefact(Manifest.read(record), folder)
    except EngineError as error:
        raise EngineError(error.code, error.message, where=str(path), hint=error.hint) from error
    if verify:
        for name, note in artefact.manifest.files.items():
            _verify(folder / name, note)
    return artefact


def write_artefact(folder: Path, manifest: Manifest, files: Mapping[str, bytes | Path]) -> Artefact:
    """Write an artefact's files, and last its manifest, into `folder`.

    Args:
        folder: made when it does not exist.
        manifest: what the artefact is; its own `files` are not looked at.
        files: path within the folder -> content, or a file that has it and never changes: weights,
            say, which are linked where the file system can, and else copied.
    """
    notes = {name: note_of(content) for name, content in files.items()}
    manifest = replace(manifest, files=notes)
    for name, content in {**files, MANIFEST: json_bytes(manifest.record())}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.unlink(missing_ok=True)  # it may be a link to a file that is not ours to change
            path.write_bytes(content)
        else:
            _place(content, path)
    return Artefact(manifest, folder)


def json_bytes(value: Json) -> bytes:
    """Return `value` as the one indented JSON text in which artefacts keep it.

    Raises:
        ValueError: `value` holds NaN or an infinity, which JSON cannot say.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def read_json(path: Path) -> Mapping[str, Json]:
    """Return the object in a JSON file of an artefact.

    Raises:
        EngineError: `artefact_damaged`, when the file is missing or holds no JSON object.
    """
    try:
        record = json.loads(read_bytes(path))
    except ValueError as error:
        raise damaged(path, f"it is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise damaged(path, "it is not a JSON object")
    return cast("dict[str, Json]", record)


def read_bytes(path: Path) -> bytes:
    """Return a file of an artefact.

    Raises:
        EngineError: `artefact_damaged`, when it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise damaged(path, f"it cannot be read: {error.strerror}") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Read parts of a file of an artefact.

    Raises:
        EngineError: `artefact_damaged`, when one is missing or not what it must be.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"it lacks or mistakes a part: {error}") from error


def damaged(path: Path, reason: str) -> EngineError:
    """Return the error that says a file of an artefact is not as it must be."""
    return EngineError(
        "artefact_damaged",
        f"the artefact's file {path.name} is damaged: {reason}",
        where=str(path),
        hint="restore the file, or train or pull the artefact again",
    )


def note_of(content: bytes | Path) -> FileNote:
    """Return the hash and the size of what a file holds.

    Raises:
        EngineError: `artefact_damaged`, when it cannot be read.
    """
    if isinstance(content, bytes):
        return FileNote(sha256(content), len(content))
    try:
        with content.open("rb") as file:
            return FileNote(hashlib.file_digest(file, "sha256").hexdigest(), file.tell())
    except OSError as error:
        raise damaged(content, f"it cannot be read: {error.strerror}") from error


def _place(file: Path, path: Path) -> None:
    """Have `path` hold what `file` holds."""
    path.unlink(missing_ok=True)
    try:
        path.hardlink_to(file.resolve())
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, path)


def _verify(path: Path, note: FileNote) -> None:
    found = note_of(path)
    if found != note:
        raise damaged(path, f"its {found.size} bytes are not the {note.size} of the manifest")
