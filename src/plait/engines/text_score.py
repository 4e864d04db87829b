"""What the text of a column says, as few numbers: weights of a sentence encoder's vector.

The encoder lies in the artefact's folder `encoder`; artefacts with the same one share it within a
process.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.context import Context
from plait.core.protocol import Embedder
from plait.engines.array_file import read_array
from plait.engines.base import damaged
from plait.engines.onnx import MODEL, OnnxEmbedder
from plait.engines.pipeline import PIPELINE, TextScore

ENCODER = "encoder"


class Reader:
    """Scores the texts of one column; safe to share between threads.

    Attributes:
        column: that it reads.
        names: of the numbers that it makes of a text.
    """

    def __init__(self, part: TextScore, artefact: Artefact, embedder: Embedder) -> None:
        """Load the weights.

        Raises:
            EngineError: `artefact_damaged`, when they cannot be read or are not those of the part.
        """
        self.column = part.column
        self.names = tuple(field.name for field in part.fields)
        if part.weights not in artefact.manifest.files:
            reason = f"its weights {part.weights!r} are no part of the artefact"
            raise damaged(artefact.folder / PIPELINE, reason)
        if len(part.intercept) != len(part.fields):
            raise damaged(artefact.folder / PIPELINE, "it has not one intercept per score of texts")
        shape = (len(part.fields), -1)
        self._weights = read_array(artefact.folder / part.weights, shape).astype(np.float64)
        self._intercept = np.array(part.intercept, dtype=np.float64)
        self._embedder = embedder

    def scores(self, texts: Sequence[str | None]) -> NDArray[np.float64]:
        """Return (n, k) scores; NaN where a text is missing."""
        known: dict[str | None, NDArray[np.float64]] = {None: np.full(len(self.names), np.nan)}
        for text in texts:
            if text is not None and text not in known:
                # Each text alone: its vector is then the same whatever it comes with.
                vector = np.asarray(self._embedder.embed([text], Context())[0], dtype=np.float32)
                known[text] = self._intercept + self._weights @ vector.astype(np.float64)
        return np.array([known[text] for text in texts]).reshape(len(texts), len(self.names))


def embedder_in(artefact: Artefact) -> OnnxEmbedder:
    """Return what runs the encoder of an artefact that reads texts.

    Raises:
        EngineError: `artefact_damaged`, when it cannot be read.
        MissingExtra: ONNX Runtime or tokenizers is not installed.
    """
    return OnnxEmbedder(Artefact(artefact.manifest, artefact.folder / ENCODER))


def reads_texts(artefact: Artefact) -> bool:
    """Tell whether an artefact of rows reads texts, which takes milliseconds."""
    return f"{ENCODER}/{MODEL}" in artefact.manifest.files
