"""What an engine executes: a folder of files under one manifest, format 1."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plait.core.contract import Problem, TaskName
from plait.core.errors import EngineError, shown
from plait.core.ids import Json, content_id
from plait.core.schema import Schema

FORMAT = 1
MANIFEST = "manifest.json"

OWN = "own"
"""The licence of what was trained on the team's own data; always allowed."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file of an artefact.

    Attributes:
        sha256: in hex.
        size: bytes.
    """

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an artefact is. Its id hashes all of this, and by the files' hashes every byte.

    Attributes:
        engine: name of the engine that runs it.
        task: the kind of request it answers.
        problem: what a tabular artefact predicts; None for any other.
        input: the fields it reads.
        output: the columns it answers with.
        files: path within the folder -> hash and size.
        origin: who or what made it, such as `plait.train 0.1.0`, or where it came from.
        licence: SPDX expression, or `own` for what was trained on the team's own data.
        holds_rows: whether training rows can be read back from it.
    """

    engine: str
    task: TaskName
    problem: Problem | None = None
    input: Schema
    output: Schema
    files: Mapping[str, FileNote] = field(default_factory=dict)
    origin: str
    licence: str = OWN
    holds_rows: bool = False
    format: int = FORMAT

    @property
    def id(self) -> str:
        """`art_` and a hash of the manifest."""
        return content_id("art", self.record())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(note.size for note in self.files.values())

    def record(self) -> dict[str, Json]:
        """Return the manifest ready for JSON."""
        return {
            "format": self.format,
            "engine": self.engine,
            "task": self.task,
            "problem": self.problem,
            "input": self.input.record(),
            "output": self.output.record(),
            "files": {
                name: {"sha256": note.sha256, "size": note.size}
                for name, note in sorted(self.files.items())
            },
            "origin": self.origin,
            "licence": self.licence,
            "holds_rows": self.holds_rows,
        }

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Manifest":
        """Return the manifest that `record()` wrote.

        Raises:
            EngineError: it is of another format, or lacks a part.
        """
        try:
            parts: dict[str, Any] = dict(record)
            if parts["format"] != FORMAT:
                raise EngineError(
                    "artefact_format",
                    f"the artefact has format {shown(parts['format'])}, this plait reads {FORMAT}",
                    hint="upgrade plait, or train again",
                )
            parts["files"] = {
                name: FileNote(note["sha256"], note["size"])
                for name, note in parts["files"].items()
            }
            for name in parts["files"]:
                if not _within(name):
                    raise ValueError(f"{shown(name)} names no file of its folder")
            for name in ("input", "output"):
                parts[name] = Schema.read(parts[name])
            return cls(**parts)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise EngineError(
                "artefact_damaged",
                f"{MANIFEST} lacks or mistakes a part: {error}",
                hint="pull or train the artefact again",
            ) from None


def _within(name: str) -> bool:
    """Tell whether a name is a plain path below the folder, on any system; not the manifest's."""
    parts = name.split("/")
    plain = not any(part in ("", ".", "..") for part in parts)
    return plain and name != MANIFEST and not any(each in name for each in "\\:\0")


@dataclass(frozen=True, slots=True)
class Artefact:
    """A manifest and the folder where its files lie."""

    manifest: Manifest
    folder: Path

    @property
    def id(self) -> str:
        """The manifest's id."""
        return self.manifest.id
