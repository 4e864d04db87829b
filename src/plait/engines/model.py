"""What a row of `MODELS` is: a class that makes a `Generator` of what plait.yaml says."""

from collections.abc import Callable
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


models: Table[ModelEngine] = Table("models", MODELS)
