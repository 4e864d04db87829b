"""Where to say yes, and what that costs."""

from dataclasses import dataclass

import numpy as np

from plait.core.errors import InvalidSettings
from plait.evaluate.bin import Floats, Ints
from plait.evaluate.interval import Interval, percentile_interval
from plait.evaluate.metric import by_score

_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Costs:
    """What an error of each kind costs, in one unit; a right answer costs nothing.

    Attributes:
        false_positive: of a yes that should have been a no.
        false_negative: of a no that should have been a yes.

    Raises:
        InvalidSettings: `settings_wrong_value` unless both are finite and above 0.
    """

    false_positive: float = 1.0
    false_negative: float = 1.0

    def __post_init__(self) -> None:
        for name in ("false_positive", "false_negative"):
            cost = getattr(self, name)
            if not 0 < cost < np.inf:
                raise InvalidSettings(
                    "settings_wrong_value",
                    f"an error cannot cost {cost!r}",
                    where=f"objective.cost.{name}",
                    hint="give a number above 0",
                )

    @property
    def indifference(self) -> float:
        """The probability of yes at which both answers cost the same: Elkan (2001), IJCAI."""
        return self.false_positive / (self.false_positive + self.false_negative)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and what to expect of it on new rows.

    Attributes:
        threshold: a row is positive when its probability is at least this.
        positive_rate: share of rows answered yes.
        false_positive_rate: share of true negatives answered yes; NaN when there are none.
        false_negative_rate: share of true positives answered no; NaN when there are none.
        error_rate: share of rows answered wrongly.
        cost: expected cost per row, in the unit of the costs.
    """

    threshold: float
    positive_rate: float
    false_positive_rate: float
    false_negative_rate: float
    error_rate: float
    cost: Interval


def expected_cost(truth: Ints, decided: Ints, costs: Costs) -> float:
    """Return the cost per row of yes (1) and no (0) answers, in the unit of the costs."""
    return float(
        np.mean(decided > truth) * costs.false_positive
        + np.mean(decided < truth) * costs.false_negative
    )


def choose_threshold(truth: Ints, probability: Floats, costs: Costs) -> float:
    """Return the threshold with the least cost on these rows, exactly, in O(n log n).

    Every cut between two neighbouring probabilities is tried and placed midway. Among cuts of
    equal cost it is the nearest to `costs.indifference`, where a calibrated model would cut.

    Args:
        truth: (n,) 0 or 1.
        probability: (n,) of class 1.
        costs: of the two errors.

    Example:
        >>> choose_threshold(np.array([0, 0, 1]), np.array([0.25, 0.5, 0.75]), Costs())
        0.625
    """
    ones = np.ones(len(truth))
    levels, positives, negatives = by_score(truth == 1, probability, ones)
    missed = np.concatenate(([0.0], np.cumsum(positives)))
    raised = len(truth) - positives.sum() - np.concatenate(([0.0], np.cumsum(negatives)))
    cost = missed * costs.false_negative + raised * costs.false_positive
    ends = np.concatenate(([0.0], levels, [np.nextafter(1.0, 2.0)]))
    midway = (ends[:-1] + ends[1:]) / 2
    cuts = np.where(midway > ends[:-1], midway, ends[1:])  # neighbouring floats have no middle
    cheapest = np.flatnonzero(np.isclose(cost, cost.min(), rtol=1e-12, atol=0.0))
    return float(cuts[cheapest[np.abs(cuts[cheapest] - costs.indifference).argmin()]])


def honest_operating_point(
    truth: Ints, probability: Floats, fold: Ints, costs: Costs, *, seed: int
) -> OperatingPoint:
    """Choose a threshold from out-of-fold probabilities and say what it costs on new rows.

    The threshold uses all rows. What is expected of it does not: each fold is judged by the
    threshold of the other folds, so no row judges a threshold that it helped to choose. The
    interval of the cost is the bootstrap over rows; it leaves out how much the model itself would
    vary if fitted again.

    Args:
        truth: (n,) 0 or 1, each row once: one repeat of the folds.
        probability: (n,) of class 1, predicted by a model that did not see the row.
        fold: (n,) the number of the fold each row was tested in.
        costs: of the two errors.
        seed: of the bootstrap.
    """
    decided = np.empty(len(truth), dtype=np.int64)
    for number in np.unique(fold):
        held_out = fold == number
        threshold = choose_threshold(truth[~held_out], probability[~held_out], costs)
        decided[held_out] = probability[held_out] >= threshold
    false_positive = float(np.mean(decided > truth))
    false_negative = float(np.mean(decided < truth))
    positive = float(np.mean(truth))
    return OperatingPoint(
        threshold=choose_threshold(truth, probability, costs),
        positive_rate=float(decided.mean()),
        false_positive_rate=false_positive / (1 - positive) if positive < 1 else np.nan,
        false_negative_rate=false_negative / positive if positive > 0 else np.nan,
        error_rate=false_positive + false_negative,
        cost=_cost_interval(len(truth), false_positive, false_negative, costs, seed),
    )


def _cost_interval(
    n: int, false_positive: float, false_negative: float, costs: Costs, seed: int
) -> Interval:
    """Return the cost per row with its bootstrap interval.

    A row costs one of three amounts, so a resample of rows is one multinomial draw.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    shares = [false_positive, false_negative, max(0.0, 1 - false_positive - false_negative)]
    drawn = random.multinomial(n, shares, size=_DRAWS)
    price = np.array([costs.false_positive, costs.false_negative, 0.0])
    return percentile_interval(float(shares @ price), drawn @ price / n)
