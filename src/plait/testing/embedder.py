"""An embedder without weights: texts that share words have vectors that point the same way."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact, Manifest
from plait.core.context import Context
from plait.core.schema import Field, Schema

Vector: TypeAlias = NDArray[np.float32]
_WORD = re.compile(r"\w+")


class WordEmbedder:
    """Adds up a fixed random direction per word, whatever its case.

    Attributes:
        artefact: as if it ran one; another `seed` is another artefact.
        embedded: every text so far, in order.
    """

    def __init__(self, *, width: int = 64, seed: int = 0) -> None:
        manifest = Manifest(
            engine="fake",
            task="search",
            input=Schema((Field(name="text", kind="text"),)),
            output=Schema((Field(name="embedding", kind="number"),)),
            origin=f"plait.testing, width {width}, seed {seed}",
        )
        self.artefact = Artefact(manifest, Path())
        self.embedded: list[str] = []
        self._width = width
        self._seed = seed
        self._directions: dict[str, Vector] = {}

    def embed(self, texts: Sequence[str], context: Context) -> list[Vector]:
        """Return a vector of length 1 per text."""
        context.check()
        self.embedded.extend(texts)
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector:
        total = np.full(self._width, 1e-3)
        for word in _WORD.findall(text.casefold()):
            total += self._direction(word)
        vector: Vector = (total / np.linalg.norm(total)).astype(np.float32)
        return vector

    def _direction(self, word: str) -> Vector:
        if word not in self._directions:
            random = np.random.Generator(np.random.PCG64(crc32(word.encode()) + self._seed))
            self._directions[word] = random.normal(size=self._width).astype(np.float32)
        return self._directions[word]
