"""What texts say of the target, as one number per text: stacking (Wolpert 1992).

The 384 numbers of a sentence encoder are many for few rows. A linear model of them is one number,
or one per class of three or more. The rows that a method is fitted on get theirs from a model that
did not see them, as a new row will; the artefact keeps the model of all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from plait.core.ids import Json
from plait.core.protocol import Sample
from plait.core.schema import Field
from plait.engines.answer import level_text
from plait.engines.array_file import array_bytes
from plait.engines.pipeline import TextScore
from plait.engines.text_score import ENCODER
from plait.train.base import inner_folds
from plait.train.calibrate import loss_of
from plait.train.encoder import Encoder, Vectors
from plait.train.head import Weights, fit_logistic
from plait.train.inputs import score_name

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

STRENGTHS = (0.03, 0.3, 3.0, 30.0)
"""How much the rows count against the penalty."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learnt of the texts of one column.

    Attributes:
        part: of the pipeline.
        columns: field -> (n,) scores of the rows learnt from, each by a model that did not see it.
        files: of the artefact: path within its folder -> content.
    """

    part: TextScore
    columns: Mapping[str, Floats]
    files: Mapping[str, bytes]


class Learner:
    """Learns from texts, and remembers what it learnt last: methods race on the same rows in turn.

    Attributes:
        encoder: of the texts.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Take the encoder."""
        self.encoder = encoder
        self._last: dict[str, tuple[tuple[object, ...], Learned]] = {}

    def learn(self, sample: Sample, column: str, label: str) -> Learned:
        """Return what `learn` does."""
        rows = tuple(sample.columns[column]), tuple(sample.target), tuple(sample.groups)
        key = (*rows, sample.problem, sample.seed, label)
        known = self._last.get(column)
        if known is None or known[0] != key:
            known = self._last[column] = (key, learn(sample, column, label, self.encoder))
        return known[1]


def learn(sample: Sample, column: str, label: str, encoder: Encoder) -> Learned:
    """Fit the scores of a column of texts.

    Where no rows can be held out, as with one row of a class, every text scores 0.

    Args:
        sample: has the column, and the target.
        column: its name.
        label: what people call it; "" when the name says it.
        encoder: of the texts.
    """
    texts = list(sample.columns[column])
    there = np.array([text is not None for text in texts], dtype=np.bool_)
    vectors = encoder.matrix([str(text) for text in texts if text is not None])
    width = vectors.shape[1] if len(vectors) else encoder.matrix([""]).shape[1]
    target, fold = np.asarray(sample.target, dtype=np.float64)[there], inner_folds(sample)
    names = score_names(sample, column)
    labels = score_names(sample, label) if label else [""] * len(names)
    scores = np.full((len(texts), len(names)), np.nan)
    scores[there] = 0.0
    weights = Weights(np.zeros((len(names), width)), np.zeros(len(names)))
    if fold is not None and _learnable(target, fold[there], sample):
        strength, held_out = _choose(vectors, target, fold[there], sample)
        scores[there] = held_out.reshape(len(target), len(names))
        weights = _fit(vectors, target, sample, strength)
    file = f"{ENCODER}/weights_{sample.input.names.index(column)}.npy"
    part = TextScore(
        column=column,
        fields=tuple(
            Field(
                name=name,
                kind="number",
                nullable=not there.all(),
                label=words,
            )
            for name, words in zip(names, labels, strict=True)
        ),
        weights=file,
        intercept=tuple(weights.intercept.tolist()),
    )
    return Learned(
        part=part,
        columns=dict(zip(names, scores.T.copy(), strict=True)),
        files={
            file: array_bytes(weights.coefficients),
            **{f"{ENCODER}/{name}": content for name, content in encoder.files().items()},
        },
    )


def score_names(sample: Sample, column: str) -> list[str]:
    """Return the names of the scores: one, or one per class of three or more."""
    if sample.problem != "multiclass":
        return [score_name(column)]
    return [score_name(column, level_text(level)) for level in sample.classes]


def record_of(encoder: Encoder) -> dict[str, Json]:
    """Return what makes the scores what they are; part of the evidence."""
    return {
        "texts": "a linear model of a frozen encoder's vectors, out of fold",
        "encoder": dict(encoder.record()),
        "strengths": list(STRENGTHS),
    }


def _learnable(target: Floats, fold: Ints, sample: Sample) -> bool:
    """Tell whether the rows outside each fold hold two classes, or two values."""
    kept = [target[fold != number] for number in range(int(fold.max(initial=-1)) + 1)]
    least = 2 if sample.problem == "regression" else min(2, len(sample.classes))
    return bool(kept) and all(len(np.unique(each)) >= least for each in kept)


def _choose(vectors: Vectors, target: Floats, fold: Ints, sample: Sample) -> tuple[float, Floats]:
    """Return the strength of the least loss on rows held out, and their scores under it."""
    found = []
    for strength in STRENGTHS:
        parts = [
            (
                fold == number,
                _fit(vectors[fold != number], target[fold != number], sample, strength),
            )
            for number in np.unique(fold)
        ]
        wide = (len(target), len(sample.classes)) if sample.problem == "multiclass" else len(target)
        scores = np.empty(wide)
        for tested, weights in parts:
            scores[tested] = weights.raw(vectors[tested])
        found.append((loss_of(scores, target, sample.problem), strength, scores))
    _, strength, scores = min(found, key=lambda each: each[0])
    return strength, scores


def _fit(vectors: Vectors, target: Floats, sample: Sample, strength: float) -> Weights:
    if sample.problem != "regression":
        return fit_logistic(vectors, target.astype(np.int64), len(sample.classes), strength)
    model = Ridge(alpha=1 / strength).fit(vectors.astype(np.float64), target)
    return Weights(np.asarray([model.coef_]), np.asarray([model.intercept_]))
