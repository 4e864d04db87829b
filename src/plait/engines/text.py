"""A text artefact at work: a model scores a text, the scores become an answer, or an abstention.

The confidence of an answer is the probability of its most probable level, times how near the text
is to those of the training: likeness to the nearest example, or the share of its words that are
known; a blank text is near to none. A text whose confidence is below the pipeline's `abstain` is
answered with None: it is unlike what the levels were learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns
from plait.core.errors import EngineError, shown
from plait.core.response import Reason
from plait.core.schema import Field, Schema
from plait.engines.answer import (
    Answer,
    Level,
    Scores,
    answer_of,
    output_schema,
    probability_columns,
)
from plait.engines.base import damaged
from plait.engines.pipeline import Pipeline
from plait.engines.predictor import read_pipeline

CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a model makes of one text.

    Attributes:
        raw: (k,) scores: log-odds of the second of two classes, else one per class.
        closeness: how near it is to what the model has seen, 0 to 1.
        shares: (k, places) contributions to the scores; None unless asked for.
        reasons: examples like it, the nearest first; empty unless the model gives such.
        words: what each place is.
    """

    raw: Scores
    closeness: float
    shares: Scores | None = None
    reasons: tuple[Reason, ...] = ()
    words: tuple[str, ...] = ()


class TextModel(Protocol):
    """Scores a text; safe to share between threads."""

    @property
    def n_classes(self) -> int:
        """Scores per text: 1 for two classes, else the number of classes."""
        ...

    def read(self, text: str, reasons: int) -> Reading:
        """Return what it makes of a text, with what at most so many reasons need."""
        ...


class TextPredictor:
    """Runs a pipeline around a model of texts; safe to share between threads.

    Each text is read alone, so that its answer depends on no other.

    Attributes:
        artefact: what it runs.
    """

    def __init__(self, artefact: Artefact, model: TextModel, pipeline: Pipeline) -> None:
        """Put them together.

        Raises:
            EngineError: `artefact_damaged`, when the model is not the pipeline's, or the artefact
                reads anything but one text.
        """
        scores = len(pipeline.classes) if pipeline.problem == "multiclass" else 1
        fields = artefact.manifest.input.fields
        if model.n_classes != scores or [each.kind for each in fields] != ["text"]:
            raise damaged(
                artefact.folder,
                f"it gives {model.n_classes} scores of {len(fields)} fields, where one text and "
                f"{scores} scores are wanted",
            )
        self.artefact = artefact
        self._field = fields[0].name
        self._model = model
        self._answer: Answer = answer_of(pipeline)
        self._abstain = pipeline.abstain
        self._names = probability_columns(pipeline.classes)

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n texts; see `plait.core.protocol.Predictor`.

        Returns:
            Lists for a single text, arrays for a batch: `prediction`, the probabilities and
            `confidence`; `reasons` is a list of tuples. Those of a linear model of words say how
            much each word adds to the score, as for a row; those of a model that holds examples
            are the examples nearest to the text, of `kind` example.

        Raises:
            EngineError: `engine_failed`, when the field is absent or holds what is no text.
        """
        texts = self._texts(columns)
        readings = [self._model.read(text, reasons) for text in texts]
        if len(readings) == 1:
            answer = self._answer.row(readings[0].raw.tolist())
        else:
            raw = [reading.raw for reading in readings]
            width = self._model.n_classes
            answer = self._answer.batch(np.array(raw, dtype=np.float64).reshape(-1, width))
        pairs = zip(texts, readings, strict=True)
        closeness = np.array([each.closeness if text.strip() else 0.0 for text, each in pairs])
        best = np.max([np.asarray(answer[name]) for name in self._names], axis=0)
        confidence = best * closeness
        answer["prediction"] = self._kept(answer["prediction"], confidence)
        single = len(readings) == 1
        answer[CONFIDENCE] = confidence.tolist() if single else confidence
        if reasons:
            answer["reasons"] = [self._reasons(reading, reasons) for reading in readings]
        return answer

    def _texts(self, columns: Columns) -> list[str]:
        try:
            texts = list(columns[self._field])
        except KeyError:
            raise _unreadable(self._field, "it is absent") from None
        for text in texts:
            if not isinstance(text, str):
                raise _unreadable(self._field, f"{shown(text)} is no text")
        return texts

    def _kept(self, levels: Column, confidence: Scores) -> Column:
        """Return the levels, with None where the confidence is too low."""
        if self._abstain is None:
            return levels
        sure = (confidence >= self._abstain).tolist()
        if isinstance(levels, list):
            return [level if kept else None for level, kept in zip(levels, sure, strict=True)]
        found = np.empty(len(sure), dtype=object)
        plain = np.asarray(levels).tolist()
        found[:] = [level if kept else None for level, kept in zip(plain, sure, strict=True)]
        return found

    def _reasons(self, reading: Reading, most: int) -> tuple[Reason, ...]:
        """Return the reasons of one text, the largest first."""
        if reading.shares is None or not reading.words:
            return reading.reasons[:most]
        shares = self._answer.shares(reading.shares[None], reading.raw[None])[0]
        order = np.argsort(-abs(shares), kind="stable")[:most]
        return tuple(
            Reason(self._field, reading.words[at], float(shares[at])) for at in order if shares[at]
        )


def text_output(pipeline: Pipeline) -> Schema:
    """Return the columns that a text artefact with this pipeline answers with, reasons apart."""
    first, *others = output_schema(pipeline).fields
    confidence = Field(name=CONFIDENCE, kind="number", low=0.0, high=1.0)
    nullable = pipeline.abstain is not None
    return Schema((replace(first, nullable=nullable), *others, confidence))


def text_pipeline(artefact: Artefact) -> Pipeline:
    """Return the pipeline of a text artefact, which is one of classes.

    Raises:
        EngineError: `artefact_damaged`.
    """
    pipeline = read_pipeline(artefact)
    if pipeline.problem == "regression" or pipeline.encode:
        raise damaged(artefact.folder, "a text artefact tells classes apart, and encodes no fields")
    return pipeline


def scores_of(classes: Sequence[Level]) -> int:
    """Return how many raw scores tell so many classes apart."""
    return 1 if len(classes) == 2 else len(classes)


def _unreadable(name: str, reason: str) -> EngineError:
    return EngineError(
        "engine_failed",
        f"column {name!r} cannot be read: {reason}",
        where=name,
        hint="give the text of every row",
    )
