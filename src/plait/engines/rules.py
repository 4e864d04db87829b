"""Artefacts whose model is a list of rules: the first that holds gives the score.

The list itself is `model.json`; `rules.txt` says the same in words, for people alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.ids import Json
from plait.engines.answer import Scores
from plait.engines.base import read_json, reading
from plait.engines.encode import Matrix
from plait.engines.predictor import TabularPredictor

MODEL = "model.json"
WORDS = "rules.txt"


@dataclass(frozen=True, slots=True)
class Condition:
    """`low < x <= high` for the number x at a position; false of a missing one.

    Attributes:
        position: in the matrix.
        low: None for no bound.
        high: None for no bound; with neither, the condition asks for a missing number.
    """

    position: int
    low: float | None = None
    high: float | None = None

    def holds(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether it holds of each number at its position."""
        if self.low is None and self.high is None:
            return np.isnan(numbers)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        above = numbers >= low if self.low is None else numbers > low  # no bound takes -infinity
        return above & (numbers <= high)

    def holds_of(self, number: float) -> bool:
        """Return whether it holds of one number."""
        if self.low is None and self.high is None:
            return number != number
        return (
            (self.low is None or number > self.low)
            and (self.high is None or number <= self.high)
            and number == number
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """All of some conditions, and the scores of rows of which they hold."""

    conditions: tuple[Condition, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """Rules in order; safe to share between threads.

    Attributes:
        n_features: width of a row.
        rules: the first that holds gives the scores.
        reaching: the scores of all rows that reach each rule, and last of those that pass them all.
    """

    n_features: int
    rules: tuple[Rule, ...]
    reaching: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        if len(self.reaching) != len(self.rules) + 1:
            raise ValueError("it has not one row of scores per rule and one more")
        if len({len(scores) for scores in (*self.reaching, *(r.scores for r in self.rules))}) != 1:
            raise ValueError("its rows of scores are of unequal length")
        places = [each.position for rule in self.rules for each in rule.conditions]
        if not all(rule.conditions for rule in self.rules):
            raise ValueError("a rule has no condition")
        if places and not 0 <= min(places) <= max(places) < self.n_features:
            raise ValueError("a condition looks at a position that is not there")

    @property
    def n_classes(self) -> int:
        """Scores per row."""
        return len(self.reaching[0])

    def first(self, matrix: Matrix) -> NDArray[np.int64]:
        """Return the index of the first rule that holds of each row; their number if none does."""
        found = np.full(len(matrix), len(self.rules))
        for at in range(len(self.rules) - 1, -1, -1):
            found[self._holds(at, matrix)] = at
        return found

    def raw(self, matrix: Matrix) -> Scores:
        """Return the scores of n rows: (n, n_features) -> (n, n_classes)."""
        scores = np.array([*(rule.scores for rule in self.rules), self.reaching[-1]])
        picked: Scores = scores[self.first(matrix)]
        return picked

    def raw_row(self, values: Sequence[float]) -> Sequence[float]:
        """Return the scores of one row of n_features numbers."""
        for rule in self.rules:
            if all(each.holds_of(values[each.position]) for each in rule.conditions):
                return rule.scores
        return self.reaching[-1]

    def contributions(self, matrix: Matrix) -> Scores:
        """Split the scores over the positions, along the list.

        Passing a rule moves a row from the score of those that reach it to that of those beyond;
        meeting it, to the rule's own. Its conditions share the move.

        Returns:
            (n, n_classes, n_features + 1); the last is the score of all rows. The last axis sums to
            the score.
        """
        first = self.first(matrix)
        shares = np.zeros((len(matrix), self.n_classes, self.n_features + 1))
        shares[:, :, -1] = self.reaching[0]
        for at, rule in enumerate(self.rules):
            passed = np.subtract(self.reaching[at + 1], self.reaching[at])
            met = np.subtract(rule.scores, self.reaching[at])
            part = np.where((first > at)[:, None], passed, met) / len(rule.conditions)
            part[first < at] = 0.0
            for condition in rule.conditions:
                shares[:, :, condition.position] += part
        return shares

    def record(self) -> dict[str, Json]:
        """Return the list ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "RuleList":
        """Return the list that `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown, or of another shape.
        """
        parts: dict[str, Any] = dict(record)
        rules = tuple(
            Rule(
                tuple(Condition(**condition) for condition in rule["conditions"]),
                tuple(map(float, rule["scores"])),
            )
            for rule in parts.pop("rules")
        )
        reaching = tuple(tuple(map(float, scores)) for scores in parts.pop("reaching"))
        return cls(rules=rules, reaching=reaching, **parts)

    def _holds(self, at: int, matrix: Matrix) -> NDArray[np.bool_]:
        held = np.ones(len(matrix), dtype=np.bool_)
        for condition in self.rules[at].conditions:
            held &= condition.holds(matrix[:, condition.position])
        return held


def load(artefact: Artefact) -> TabularPredictor:
    """Return what runs `artefact`: the rules in `model.json`.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read.
    """
    path = artefact.folder / MODEL
    with reading(path):
        rules = RuleList.read(read_json(path))
    return TabularPredictor(artefact, rules)
