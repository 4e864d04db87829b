"""The sentence encoder of a race: frozen, so that a text's vector is found once for all folds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.context import Context
from plait.core.protocol import Embedder
from plait.engines.base import read_bytes
from plait.engines.onnx import MODEL, TOKENIZER, OnnxEmbedder, load_tokenizer

Vectors = NDArray[np.float32]


class Encoder:
    """An embedder that remembers.

    It embeds each text alone, as a served artefact does: a vector then depends neither on the order
    of the work nor on where an interrupted race went on.

    Attributes:
        artefact: the encoder.
        published: folder of the weights it was made from, for whoever trains them further; None
            where they are not at hand.
    """

    def __init__(
        self,
        artefact: Artefact,
        *,
        known: Mapping[str, Vectors] | None = None,
        published: Path | None = None,
    ) -> None:
        """Load nothing yet.

        Args:
            artefact: of the engine `onnx`.
            known: text -> its vector by this encoder.
            published: as the attribute.
        """
        self.artefact = artefact
        self.published = published
        self._known = dict(known or {})
        self._embedder: Embedder | None = None

    def embed(self, texts: Sequence[str], context: Context) -> list[Vectors]:
        """Return one unit-length vector per text, `(width,)` each."""
        for text in texts:
            if text not in self._known:
                if self._embedder is None:
                    self._embedder = OnnxEmbedder(self.artefact)
                self._known[text] = np.asarray(self._embedder.embed([text], context)[0])
        return [self._known[text] for text in texts]

    def matrix(self, texts: Sequence[str]) -> Vectors:
        """Return (n, width) vectors."""
        return np.array(self.embed(texts, Context()), dtype=np.float32)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the tokens of each text, its two special ones included."""
        tokenise, _ = load_tokenizer(self.artefact.folder / TOKENIZER)
        return [tokenise(text) for text in texts]

    @property
    def licence(self) -> str:
        """Of the weights."""
        return self.artefact.manifest.licence

    def files(self) -> dict[str, bytes]:
        """Return what an artefact must hold to embed as this does."""
        return {name: read_bytes(self.artefact.folder / name) for name in (MODEL, TOKENIZER)}

    def record(self) -> dict[str, str]:
        """Return the hashes of these files; part of the evidence."""
        return {name: self.artefact.manifest.files[name].sha256 for name in (MODEL, TOKENIZER)}
