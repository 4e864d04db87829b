"""The linear candidate of texts: words and character n-grams, weighed by TF-IDF."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_matrix

from plait.core.contract import Paradigm
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.engines.array_file import array_bytes
from plait.engines.base import json_bytes, load
from plait.engines.ngram import (
    LONGEST,
    SHORTEST,
    Vectoriser,
    character_terms,
    stretches,
    word_terms,
)
from plait.engines.text_linear import MODEL, WEIGHTS
from plait.train.head import Floats, Ints, Weights, fit_logistic, fit_svm
from plait.train.text import (
    calibrated,
    export_text,
    held_out,
    target_of,
    text_pipeline_of,
    texts_of,
)

Fit: TypeAlias = Callable[..., Weights]

METHODS: Mapping[str, tuple[Fit, float]] = {"svm": (fit_svm, 1.0), "logistic": (fit_logistic, 30.0)}
"""Name -> what fits, and its strength."""

MOST_CELLS = 20_000
"""Rows times classes beyond which the logistic regression is not tried: it takes ten times as long
as the support vector machines, and with many texts it is no better."""

ROWS_OF_TERMS = 1_000
"""From so many rows on a term must stand in two of them."""


class TfidfLinear:
    """Support vector machines or a logistic regression, whichever is better on rows held out."""

    name = "tfidf_linear"
    paradigm: Paradigm = "linear"
    complexity = 1
    needs_encoder = False

    def __init__(
        self, folder: Path, *, threshold: float | None = None, abstain: float | None = None
    ) -> None:
        self._folder = folder
        self._threshold = threshold
        self._abstain = abstain

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "terms": ["words 1-2", f"characters {SHORTEST}-{LONGEST} within words"],
            "term in two texts from rows": ROWS_OF_TERMS,
            "methods": {name: strength for name, (_, strength) in METHODS.items()},
            "logistic up to rows x classes": MOST_CELLS,
            "chosen by": "log loss of rows held out, calibrated",
            "weights": "float16",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the method on rows held out, fit on all, write the artefact."""
        chunks = [stretches(text) for text in texts_of(sample)]
        # The terms look at no target, so the folds within the sample may share them.
        vectoriser = fit_vectoriser(chunks)
        matrix = matrix_of(vectoriser, chunks)
        target, classes = target_of(sample), len(sample.classes)
        few = len(target) * classes <= MOST_CELLS
        found = []
        for name in METHODS if few else ("svm",):
            score = partial(_score, name, matrix, target, classes)
            calibration, loss = calibrated(*held_out(sample, score))
            found.append((loss, name, calibration))
        _, name, calibration = min(found, key=lambda each: each[0])
        weights = _fit(name, matrix, target, classes)
        record: dict[str, Json] = {
            "words": vectoriser.words,
            "characters": vectoriser.characters,
            "idf": vectoriser.idf,
            "intercept": weights.intercept.tolist(),
        }
        files = {
            MODEL: json_bytes(record),
            WEIGHTS: array_bytes(weights.coefficients.T.astype(np.float16)),
        }
        pipeline = text_pipeline_of(sample, calibration, self._threshold, self._abstain)
        export_text(self._folder, sample, pipeline, engine="text_linear", files=files)
        return load(self._folder)


def fit_vectoriser(chunks: Sequence[Sequence[str]]) -> Vectoriser:
    """Return the vectoriser of the terms in texts, each given as its stretches.

    The inverse document frequency is `ln((1 + n) / (1 + texts with the term)) + 1`.
    """
    least = 2 if len(chunks) >= ROWS_OF_TERMS else 1
    known: list[list[str]] = []
    idf: list[float] = []
    for terms in (word_terms, character_terms):
        rows: Counter[str] = Counter()
        for each in chunks:
            rows.update(set(terms(each)[0]))
        kept = sorted(term for term, count in rows.items() if count >= least)
        counts = np.array([rows[term] for term in kept], dtype=np.float64)
        known.append(kept)
        idf += (np.log((1 + len(chunks)) / (1 + counts)) + 1).tolist()
    return Vectoriser(known[0], known[1], idf)


def matrix_of(vectoriser: Vectoriser, chunks: Sequence[Sequence[str]]) -> csr_matrix:
    """Return the (n, terms) vectors of texts, each given as its stretches."""
    vectors = [vectoriser.vector(each) for each in chunks]
    ends = np.cumsum([0, *map(len, vectors)])
    at = np.fromiter((at for each in vectors for at in each), np.int32, ends[-1])
    weights = np.fromiter((w for each in vectors for w in each.values()), np.float64, ends[-1])
    return csr_matrix((weights, at, ends), shape=(len(vectors), len(vectoriser)))


def _score(
    name: str, matrix: csr_matrix, target: Ints, classes: int, train: Ints, test: Ints
) -> Floats:
    return _fit(name, matrix[train], target[train], classes).raw(matrix[test])


def _fit(name: str, matrix: csr_matrix, target: Ints, classes: int) -> Weights:
    fit, strength = METHODS[name]
    return fit(matrix, target, classes, strength)
