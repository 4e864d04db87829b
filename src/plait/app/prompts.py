"""Prompts: files of the project, versioned as artefacts."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from plait.core.artefact import Manifest
from plait.core.errors import InvalidSettings, UnknownName
from plait.core.privacy import Privacy
from plait.core.schema import Schema
from plait.engines.base import write_artefact
from plait.flow.base import PromptText
from plait.registry.artefact import register_artefact
from plait.store.base import Store

FILE = "prompt.md"
_MOST_BYTES = 100_000


class Prompts:
    """The prompts of a project, read again when their files change.

    Every version that was ever used is an artefact in the store, so that a trace that cites it can
    be read long after the file has changed.
    """

    def __init__(self, store: Store, folder: Path, files: Mapping[str, str]) -> None:
        self._store = store
        self._folder = folder
        self._files = files
        self._read: dict[str, tuple[tuple[int, int], PromptText]] = {}
        self._lock = Lock()

    def names(self) -> list[str]:
        """Return the name of every prompt."""
        return list(self._files)

    def get(self, name: str) -> PromptText:
        """Return a prompt as its file is now.

        Raises:
            UnknownName: the project has no such prompt.
            InvalidSettings: its file cannot be read.
        """
        if name not in self._files:
            raise UnknownName.of("unknown_prompt", "prompt", name, list(self._files))
        path = self._folder / self._files[name]
        try:
            told = path.stat()
            seen = (told.st_mtime_ns, told.st_size)
            with self._lock:
                if name in self._read and self._read[name][0] == seen:
                    return self._read[name][1]
                if told.st_size > _MOST_BYTES:
                    raise _unreadable(name, path, f"it is larger than {_MOST_BYTES:,} bytes")
                text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise _unreadable(name, path, str(reason)) from None
        prompt = PromptText(text, self._register(name, text))
        with self._lock:
            self._read[name] = (seen, prompt)
        return prompt

    def _register(self, name: str, text: str) -> str:
        """Keep this version as an artefact; return its id."""
        manifest = Manifest(
            engine="prompt", task="chat", input=Schema(()), output=Schema(()), origin="plait.yaml"
        )
        with TemporaryDirectory(prefix="plait-prompt-") as folder:
            artefact = write_artefact(Path(folder), manifest, {FILE: text.encode()})
            return register_artefact(
                self._store, artefact, contract=name, tenant="default", privacy=Privacy.INTERNAL
            )


def _unreadable(name: str, path: Path, reason: str) -> InvalidSettings:
    return InvalidSettings(
        "settings_unreadable",
        f"the prompt {name!r} cannot be read: {reason}",
        where=f"prompts.{name}",
        hint=f"look at {path}",
    )
