"""What a row of `MODELS` is: a class that makes a `Generator` of what plait.yaml says."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from plait.core.protocol import Generator
from plait.core.table import Table
from plait.engines import MODELS

Secret: TypeAlias = Callable[[str], str | None]
"""Returns the secret of a name, or None when there is none."""


class ModelEngine(Protocol):
    """A class of language models.

    Attributes:
        Options: a frozen dataclass, read from the keys of a model in plait.yaml except `engine`.
            Where it has `weights`, that names a row of the catalogue or a file.
    """

    Options: type[object]

    def __call__(
        self, name: str, options: object, *, weights: Path | None, secret: Secret
    ) -> Generator:
        """Return the model; nothing is started, connected or read yet.

        Args:
            name: under which plait.yaml has it.
            options: an `Options`.
            weights: the file that `options.weights` leads to; None where there is no such key.
            secret: looks up an API key.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointOptions:
    """What plait.yaml says about weights that candidates alone run.

    Attributes:
        weights: path of the file.
        licence: under which they may be used: an SPDX expression, or words.
    """

    weights: str
    licence: str

    def __post_init__(self) -> None:
        if not self.licence.strip():
            raise ValueError("licence is empty: say under which the weights may be used")


CHECKPOINTS = ("tabicl",)
"""Engines of such weights; a `CheckpointOptions` each."""

models: Table[ModelEngine] = Table("models", MODELS)
