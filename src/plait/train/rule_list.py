"""The rule candidate: at most eight rules, read from the top; the first that holds answers.

The list is grown greedily, as CN2 does (Clark and Niblett 1989): of the rows no rule has met yet,
the next rule takes those that differ most from the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.columns import Columns
from plait.core.contract import Paradigm, Problem
from plait.core.ids import Json
from plait.core.protocol import Predictor, Sample
from plait.core.schema import Field, Schema
from plait.engines.answer import answer_of, level_text, probability_columns
from plait.engines.base import json_bytes
from plait.engines.encode import Encoder, Matrix
from plait.engines.pipeline import Code, OrdinalCode, Pipeline
from plait.engines.rules import MODEL, WORDS, Condition, Rule, RuleList
from plait.train.base import export, inner_folds
from plait.train.calibrate import loss_of
from plait.train.code import ordered_codes, pipeline_of
from plait.train.reference import reference

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Masks: TypeAlias = NDArray[np.bool_]

MOST_RULES = 8
MOST_CONDITIONS = 2
CUTS = 15
"""Places at which a number may be cut, at equal shares of the rows."""

BEAM = 6
"""Conditions that are tried together with every other."""

LEAST_SHARE, LEAST_ROWS = 0.01, 10
"""Of all rows and in number: a rule that fewer meet says little."""

MOST_ROWS = 20_000
"""Rows that cuts and rules are looked for in; the scores are those of all."""

PRIOR_ROWS = 10
"""Rows of the overall score added to each rule's own, so that a small rule claims little."""


class RuleLists:
    """A list of rules a person can check by hand, as long as rows held out ask for.

    Attributes:
        held_out: raw scores of the rows fitted on, each by rules that did not see it, on the folds
            of `inner_folds`; None before a fit, or where there are no folds.
    """

    name = "rule_list"
    paradigm: Paradigm = "rule"
    complexity = 1
    of_quantile: Mapping[str, Json] = {
        "rules by": "how many rows are above the quantile of all",
        "length chosen by": "pinball loss in inner folds",
    }

    def __init__(self, folder: Path, *, threshold: float | None = None) -> None:
        self._folder = folder
        self._threshold = threshold
        self.held_out: Floats | None = None

    def configuration(self) -> Mapping[str, Json]:
        """Return what makes its fit what it is."""
        return {
            "model": "list of rules",
            "most rules": MOST_RULES,
            "most conditions": MOST_CONDITIONS,
            "cuts": CUTS,
            "beam": BEAM,
            "least share and rows of a rule": [LEAST_SHARE, LEAST_ROWS],
            "most rows looked at": MOST_ROWS,
            "prior rows": PRIOR_ROWS,
            "length chosen by": "log loss or squared error in inner folds",
            "calibration": "where it helps in inner folds",
        }

    def fit(self, sample: Sample) -> Predictor:
        """Choose the length in folds within the sample, grow on all of it, write the artefact."""
        target = np.asarray(sample.target, dtype=np.float64)
        fold = inner_folds(sample)
        length, scores = (1, np.zeros(0)) if fold is None else _choose(sample, target, fold)
        self.held_out = None if fold is None else scores
        codes = ordered_codes(sample, np.arange(len(target)))
        encoder = Encoder(codes)
        matrix = encoder.matrix(sample.columns, len(target))
        rules = _prefix(_grow(matrix, codes, sample, target), length)
        usual = reference(sample, encoder, matrix, lambda rows: rules.contributions(rows)[:, 0])
        pipeline = pipeline_of(
            sample, codes, scores, fold, threshold=self._threshold, reference=usual
        )
        counts = np.bincount(rules.first(matrix), minlength=len(rules.rules) + 1)
        words = _words(rules, pipeline, sample.input, counts.tolist())
        files = {MODEL: json_bytes(rules.record()), WORDS: f"{words}\n".encode()}
        return export(self._folder, sample, pipeline, engine="rules", files=files)


def _choose(sample: Sample, target: Floats, fold: Ints) -> tuple[int, Floats]:
    """Return how many rules do best on rows held out, and the raw scores these rows got."""
    width = len(sample.classes) if sample.problem == "multiclass" else 1
    scores = np.empty((MOST_RULES + 1, len(target), width))
    for number in np.unique(fold):
        out = fold == number
        codes = ordered_codes(sample, np.flatnonzero(~out))
        matrix = Encoder(codes).matrix(sample.columns, len(target))
        rules = _grow(matrix[~out], codes, sample, target[~out])
        for length in range(MOST_RULES + 1):
            scores[length, out] = _prefix(rules, length).raw(matrix[out])
    flat = scores if width > 1 else scores[:, :, 0]
    losses = [loss_of(each, target, sample.problem, sample.quantile) for each in flat]
    best = int(np.argmin(losses))
    return best, flat[best]


def _prefix(rules: RuleList, length: int) -> RuleList:
    """Return the first rules of a list, as far as there are so many."""
    return RuleList(
        n_features=rules.n_features,
        rules=rules.rules[:length],
        reaching=rules.reaching[: length + 1],
    )


def _grow(matrix: Matrix, codes: Sequence[Code], sample: Sample, target: Floats) -> RuleList:
    """Grow a list until nothing is left to tell apart, or it is long enough.

    Args:
        matrix: (n, width) rows to grow on.
        codes: what its positions mean.
        sample: for its problem, classes and seed.
        target: (n,).
    """
    truth = _columns(target, sample)
    seen = np.arange(len(target))
    if len(seen) > MOST_ROWS:
        dice = np.random.Generator(np.random.PCG64(sample.seed))
        seen = np.sort(dice.choice(seen, MOST_ROWS, replace=False))
    sought = truth if sample.quantile is None else _sought(truth, sample.quantile)
    search = _Search(matrix[seen], codes, sought[seen], sample.problem)
    left = np.ones(len(target), dtype=np.bool_)
    told = partial(_scores, whole=truth, sample=sample)
    rules: list[Rule] = []
    reaching = [told(truth)]
    while len(rules) < MOST_RULES and (conditions := search.best(left[seen])):
        met = left.copy()
        for each in conditions:
            met &= each.holds(matrix[:, each.position])
        left &= ~met
        rules.append(Rule(conditions, told(truth[met])))
        reaching.append(told(truth[left]))
    return RuleList(n_features=matrix.shape[1], rules=tuple(rules), reaching=tuple(reaching))


def _columns(target: Floats, sample: Sample) -> Floats:
    """Return (n, k) indicators of the classes, or (n, 1) numbers."""
    if sample.problem == "regression":
        return target[:, None]
    return np.eye(len(sample.classes))[target.astype(np.int64)]


def _sought(truth: Floats, quantile: float) -> Floats:
    """Return (n, 1) whether each number is above the quantile of all.

    The gradient of the pinball loss, by which Athey, Tibshirani and Wager (2019) split for
    quantiles: rows apart in it have quantiles apart.
    """
    return (truth > _level(truth, quantile)).astype(np.float64)


def _level(target: Floats, quantile: float) -> float:
    return float(np.quantile(target, quantile, method="inverted_cdf"))


def _scores(truth: Floats, *, whole: Floats, sample: Sample) -> tuple[float, ...]:
    """Return the raw scores of some rows, drawn to those of all where they are few."""
    if sample.quantile is not None:
        own = len(truth) * _level(truth, sample.quantile) if len(truth) else 0.0
        drawn = own + PRIOR_ROWS * _level(whole, sample.quantile)
        return (drawn / (len(truth) + PRIOR_ROWS),)
    means = (truth.sum(axis=0) + PRIOR_ROWS * whole.mean(axis=0)) / (len(truth) + PRIOR_ROWS)
    if sample.problem == "regression":
        return tuple(means.tolist())
    logs = np.log(np.maximum(means, np.finfo(np.float64).tiny))
    return (float(logs[1] - logs[0]),) if sample.problem == "binary" else tuple(logs.tolist())


@dataclass(frozen=True, slots=True, eq=False)
class _Beam:
    """What the search has found so far."""

    gain: float
    conditions: tuple[Condition, ...]


class _Search:
    """Looks for the rule that tells most about rows not met yet."""

    def __init__(
        self, matrix: Matrix, codes: Sequence[Code], truth: Floats, problem: Problem
    ) -> None:
        self._conditions: list[Condition] = []
        masks: list[Masks] = []
        for position, code in enumerate(codes):  # these codes are one position wide
            numbers = matrix[:, position]
            for condition in _conditions(position, code, numbers):
                self._conditions.append(condition)
                masks.append(condition.holds(numbers))
        self._masks = np.array(masks, dtype=np.bool_).reshape(len(masks), len(matrix))
        self._truth = truth.astype(np.float32)
        self._problem = problem
        self._least = max(LEAST_ROWS, int(LEAST_SHARE * len(matrix)))

    def best(self, left: Masks) -> tuple[Condition, ...]:
        """Return the conditions of the best rule on the rows left; none when there is none."""
        rows = np.flatnonzero(left)
        if len(rows) < 2 * self._least or not self._conditions:
            return ()
        masks, truth = self._masks[:, rows].astype(np.float32), self._truth[rows]
        gains = self._gains(masks, truth)
        order = np.argsort(-gains, kind="stable")[:BEAM].tolist()
        best = _Beam(gains[order[0]], (self._conditions[order[0]],))
        for at in order:
            for _ in range(MOST_CONDITIONS - 1):
                both = self._gains(masks * masks[at], truth)
                other = int(np.argmax(both))
                if both[other] > best.gain:
                    pair = self._conditions[at], self._conditions[other]
                    best = _Beam(both[other], pair)
        return _joined(best.conditions) if best.gain > 0 else ()

    def _gains(self, masks: NDArray[np.float32], truth: NDArray[np.float32]) -> Floats:
        """Return by how much each mask, as a rule, lowers the loss of these rows."""
        rows = masks.sum(axis=1, dtype=np.float64)
        met = (masks @ truth).astype(np.float64)
        total = truth.sum(axis=0, dtype=np.float64)
        gains = (
            self._worth(met, rows)
            + self._worth(total - met, len(truth) - rows)
            - self._worth(total[None], np.array([float(len(truth))]))
        )
        enough = (rows >= self._least) & (len(truth) - rows >= self._least)
        found: Floats = np.where(enough & (gains > 1e-9 * abs(gains).max(initial=1e-300)), gains, 0)
        return found

    def _worth(self, sums: Floats, rows: Floats) -> Floats:
        """Return minus the loss of rows told by their own mean, up to what all splits share."""
        safe = np.maximum(rows, 1.0)[:, None]
        if self._problem == "regression":
            worth: Floats = (sums**2 / safe).sum(axis=1)
            return worth
        logs = np.log(np.maximum(sums, 1e-9) / safe)
        likelihood: Floats = (sums * logs).sum(axis=1)
        return likelihood


def _conditions(position: int, code: Code, numbers: Floats) -> Iterator[Condition]:
    """Yield what a rule may ask of a position."""
    present = numbers[~np.isnan(numbers)]
    if len(present) < len(numbers):
        yield Condition(position)
    if isinstance(code, OrdinalCode):
        most = len(code.levels) - 1
        for level in range(most + 1):
            yield Condition(position, level - 0.5, level + 0.5)
        for level in range(1, most):
            yield Condition(position, -0.5, level + 0.5)
            yield Condition(position, level - 0.5, most + 0.5)
        return
    for cut in _cuts(present):
        yield Condition(position, None, cut)
        yield Condition(position, cut, None)


def _cuts(numbers: Floats) -> list[float]:
    """Return numbers that cut others into about equal parts, with as few digits as will do."""
    if not len(numbers):
        return []
    values = np.unique(numbers)
    at = np.unique(np.quantile(numbers, np.arange(1, CUTS + 1) / (CUTS + 1), method="lower"))
    below = np.searchsorted(values, at)
    return [_short(*values[i : i + 2].tolist()) for i in below.tolist() if i + 1 < len(values)]


def _short(low: float, high: float) -> float:
    """Return a number of few digits from `low` on and below `high`."""
    middle = low + (high - low) / 2
    for digits in range(-6, 12):
        short = round(middle, digits)
        if low <= short < high:
            return short
    return low


def _joined(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return two conditions on one position as one."""
    if len({each.position for each in conditions}) == len(conditions):
        return conditions
    lows = [each.low for each in conditions if each.low is not None]
    highs = [each.high for each in conditions if each.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return (Condition(conditions[0].position, low, high),)


def _words(rules: RuleList, pipeline: Pipeline, schema: Schema, counts: Sequence[int]) -> str:
    """Return the list in words, a rule a line, with what it answers."""
    answer, codes = answer_of(pipeline), pipeline.encode
    lines = []
    for at, rule in enumerate(rules.rules):
        asked = " and ".join(
            _asked(each, codes[each.position], schema[codes[each.position].column])
            for each in rule.conditions
        )
        said = f"{_said(answer.row(rule.scores), pipeline)}, {counts[at]:,} rows"
        lines.append(f"{at + 1}. {'if' if at == 0 else 'else if'} {asked}: {said}")
    last = f"{_said(answer.row(rules.reaching[-1]), pipeline)}, {counts[-1]:,} rows"
    return "\n".join([*lines, f"{'otherwise' if lines else 'always'}: {last}"])


def _asked(condition: Condition, code: Code, field: Field) -> str:
    name = field.label or field.name
    if condition.low is None and condition.high is None:
        return f"{name} is missing"
    if isinstance(code, OrdinalCode):
        low, high = condition.low or 0.0, condition.high or 0.0
        levels = code.levels[int(np.ceil(low)) : int(np.floor(high)) + 1]
        return f"{name} is {' or '.join(levels)}"
    if field.kind == "boolean":
        return f"{name} is {'false' if condition.low is None else 'true'}"
    parts = []
    if condition.low is not None:
        parts.append(f"above {condition.low:,.12g}")
    if condition.high is not None:
        parts.append(f"at most {condition.high:,.12g}")
    unit = f" {field.unit}" if field.unit else ""
    return f"{name} is {' and '.join(parts)}{unit}"


def _said(answer: Columns, pipeline: Pipeline) -> str:
    """Return an answer in words: the number, or how likely which class is."""
    if pipeline.problem == "regression":
        return f"{answer['prediction'][0]:,.4g}"
    names = probability_columns(pipeline.classes)
    shares = [answer[name][0] for name in names]
    best = 1 if pipeline.problem == "binary" else shares.index(max(shares))
    return f"{level_text(pipeline.classes[best])} {100 * shares[best]:.0f} %"
