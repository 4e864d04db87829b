"""Artefacts whose model is linear in the words and character n-grams of a text."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.engines.answer import Scores
from plait.engines.array_file import read_array
from plait.engines.base import damaged, read_json, reading
from plait.engines.ngram import Vectoriser, stretches
from plait.engines.text import Reading, TextPredictor, scores_of, text_pipeline

MODEL = "model.json"
WEIGHTS = "weights.npy"

_AROUND = ".,;:!?\"'()[]{}<>…“”‘’«»¡¿"


class LinearTextModel:
    """Scores a text as `intercept + weights . vector`; safe to share between threads.

    Attributes:
        vectoriser: makes the vector.
        weights: (terms, k).
        intercept: (k,).
    """

    def __init__(
        self, vectoriser: Vectoriser, weights: NDArray[Any], intercept: Sequence[float]
    ) -> None:
        self.vectoriser = vectoriser
        self.weights = weights
        self.intercept = np.array(intercept, dtype=np.float64)

    @property
    def n_classes(self) -> int:
        """Scores per text."""
        return len(self.intercept)

    def read(self, text: str, reasons: int) -> Reading:
        """Return the scores of a text, and with reasons how much each stretch of it adds."""
        chunks = stretches(text)
        vector = self.vectoriser.vector(chunks)
        at = np.fromiter(vector, dtype=np.intp, count=len(vector))
        values = np.fromiter(vector.values(), dtype=np.float64, count=len(vector))
        raw = self.intercept + values @ self.weights[at].astype(np.float64)
        closeness = self.vectoriser.familiarity(chunks)
        if not reasons:
            return Reading(raw, closeness)
        words, shares = self._shares(chunks, vector)
        return Reading(raw, closeness, shares=shares, words=words)

    def _shares(
        self, chunks: Sequence[str], vector: dict[int, float]
    ) -> tuple[tuple[str, ...], Scores]:
        """Return the different stretches of a text, and their (k, stretches) share of the scores.

        What a term adds is shared by its occurrences; that of a pair of words by both.
        """
        found = self.vectoriser.places(chunks)
        counts: dict[int, int] = {}
        for at, _ in found:
            counts[at] = counts.get(at, 0) + 1
        names = [chunk.strip(_AROUND) or chunk for chunk in chunks]
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        weight = np.zeros((len(number), len(found)))
        for column, (at, ends) in enumerate(found):
            for end in ends:
                weight[number[names[end]], column] += vector[at] / counts[at] / 2
        rows = self.weights[[at for at, _ in found]].astype(np.float64)
        return tuple(number), (weight @ rows).T


def load(artefact: Artefact) -> TextPredictor:
    """Return what runs `artefact`: the vocabulary in `model.json`, the weights in `weights.npy`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read.
    """
    pipeline = text_pipeline(artefact)
    path = artefact.folder / MODEL
    with reading(path):
        record: dict[str, Any] = dict(read_json(path))
        intercept = [float(each) for each in record.pop("intercept")]
        vectoriser = Vectoriser(**record)
    shape = (len(vectoriser), scores_of(pipeline.classes))
    if len(intercept) != shape[1]:
        raise damaged(path, f"it has {len(intercept)} intercepts, and {shape[1]} are wanted")
    weights = read_array(artefact.folder / WEIGHTS, shape)
    return TextPredictor(artefact, LinearTextModel(vectoriser, weights, intercept), pipeline)
