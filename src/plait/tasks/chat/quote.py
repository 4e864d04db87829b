"""The sentences of the passages that answer a question, or the finding that none does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.core.context import Context
from plait.core.passage import Passage
from plait.core.protocol import Embedder
from plait.tasks.chat.rank import (
    PERSONAL,
    WITH_VECTORS,
    WITHOUT_VECTORS,
    Question,
    Ranked,
    Weights,
)
from plait.tasks.chat.term import terms
from plait.tasks.chat.unit import Unit, units

MOST_QUOTED = 3
"""Stretches in one answer."""

MOST_EMBEDDED = 80
"""Units of which the embedder is asked, if there are more those that are best by their words. Eight
passages hold some 40: what answers a question in other words is seldom among the best by words."""

MOST_CHARACTERS = 4000
"""Of a question, those that are read."""

MARGIN = 0.5
"""How far below the best, in log-odds, a further quotation may be; it must hold a term of the
question that the others lack. Small on purpose: on the questions of `bench/answerable.py`, which
ask one thing each, what a wider margin added was never what was asked for."""

_ALIKE = 0.6  # share of the terms of two stretches that makes the second one redundant


@dataclass(frozen=True, slots=True)
class Quotes:
    """What to quote.

    Attributes:
        units: in the order to quote them; empty when nothing answers.
        chance: the probability that the best answers the question.
        threshold: from which on it is quoted.
    """

    units: tuple[Unit, ...]
    chance: float
    threshold: float


def find_quotes(
    question: str, passages: Sequence[Passage], embedder: Embedder | None, context: Context
) -> Quotes:
    """Return the stretches of the passages, the best first, that answer the question.

    Takes milliseconds to tenths of a second, so call it in a thread.

    Raises:
        Cancelled, BudgetExceeded, EngineError: as the embedder does.
    """
    text = question[:MOST_CHARACTERS]
    found = [unit for unit in units(passages) if terms(unit.text)]
    read = Question(text, found)
    known = WITHOUT_VECTORS
    if embedder is not None:
        known = PERSONAL if read.personal else WITH_VECTORS
    if not found or not read.weights:
        return Quotes((), 0.0, known.threshold)
    ranked = _ranked(text, read, known, found, embedder, context)
    chance = read.answerable(known, ranked[0])
    chosen = _chosen(ranked, found) if chance >= known.threshold else ()
    return Quotes(tuple(chosen), chance, known.threshold)


def _ranked(
    text: str,
    read: Question,
    known: Weights,
    found: Sequence[Unit],
    embedder: Embedder | None,
    context: Context,
) -> list[Ranked]:
    """Return the units, the best first; without vectors those that words alone put last."""
    none = [0.0] * len(found)
    ranked = read.rank(WITHOUT_VECTORS, none, none)
    if embedder is None:
        return ranked
    places = {id(unit): at for at, unit in enumerate(found)}
    best = [places[id(each.unit)] for each in ranked[:MOST_EMBEDDED]]
    asked = [*(found[at].whole for at in best), *(found[at].text for at in best), text]
    vectors = np.asarray(embedder.embed(asked, context), dtype=np.float64)
    cosines = vectors[:-1] @ vectors[-1]
    near, near_own = none.copy(), none.copy()
    for at, whole, own in zip(best, cosines[: len(best)], cosines[len(best) :], strict=True):
        near[at], near_own[at] = float(whole), float(own)
    return read.rank(known, near, near_own)


def _chosen(ranked: Sequence[Ranked], found: Sequence[Unit]) -> list[Unit]:
    """Return the best unit, what it refers to, and what else says more about the question."""
    chosen = [ranked[0]]
    for each in ranked[1:]:
        if len(chosen) == MOST_QUOTED or each.score < ranked[0].score - MARGIN:
            break
        covered = frozenset[str]().union(*(other.covers for other in chosen))
        if each.covers - covered and not any(_repeats(each.unit, one.unit) for one in chosen):
            chosen.append(each)
    kept = [each.unit for each in chosen]
    for unit in tuple(kept):
        before = found[max(found.index(unit) - 1, 0)]
        if unit.leans and before.passage == unit.passage and before not in kept:
            kept.append(before)
    return sorted(kept[: MOST_QUOTED + 1], key=lambda unit: (unit.passage, unit.start))


def _repeats(unit: Unit, other: Unit) -> bool:
    """Tell whether the two lie over each other or say much the same."""
    if unit.passage == other.passage and unit.start < other.end and other.start < unit.end:
        return True
    one, two = terms(unit.text), terms(other.text)
    return len(one & two) >= _ALIKE * len(one | two)
