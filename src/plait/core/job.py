"""Long work: train, ingest, adapt, erase."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, TypeVar

from plait.core.cancel import Cancel
from plait.core.ids import Json, content_id

JobState: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
J = TypeVar("J", bound=Json)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What is to be done.

    Attributes:
        kind: `train`, ...
        arguments: what the kind needs; part of the idempotency key.
        nonce: makes two otherwise equal jobs two; equal nonces make them one.
    """

    kind: str
    arguments: Mapping[str, Json]
    nonce: str = ""

    @property
    def key(self) -> str:
        """The idempotency key: submitting an equal spec again does not do the work twice."""
        return content_id("key", {"kind": self.kind, "arguments": self.arguments, "n": self.nonce})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come.

    Attributes:
        step: what is being done, for a person.
        done: units finished.
        total: units in all; 0 when not known.
    """

    step: str
    done: int = 0
    total: int = 0


class JobRun(Protocol):
    """A job at work, as the code that does the work sees it."""

    @property
    def folder(self) -> Path:
        """Where the job may write; it stays until the job ends, and over a crash."""
        ...

    @property
    def cancel(self) -> Cancel:
        """Set when the job should stop."""
        ...

    def step(self, name: str, work: Callable[[], J]) -> J:
        """Do `work` once in the life of the job: a resumed job gets the kept result instead."""
        ...

    def progress(self, progress: Progress) -> None:
        """Say how far the work has come. Raises `Cancelled` when the job should stop."""
        ...
