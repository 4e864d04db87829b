"""How far the answers to groups of people differ, and what it would cost to bring them nearer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plait.core.contract import Fairness, Gap
from plait.evaluate.bin import Floats, Ints
from plait.evaluate.interval import LEVEL, Interval, percentile_interval
from plait.evaluate.threshold import Costs, expected_cost

Groups = Sequence[str] | NDArray[np.generic]

_DRAWS = 2000
_MOST_CUTS = {1: 200, 2: 40}
"""Thresholds tried per group, by how many rates must be brought near at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRates:
    """How one group fares.

    Attributes:
        group: its name.
        rows: how many.
        judged: whether it is large enough to be compared.
        positive: share of its rows answered yes.
        true_positive: that share among those who are positive; None when there are none.
        false_positive: that share among those who are not; None when there are none.
    """

    group: str
    rows: int
    judged: bool
    positive: Interval
    true_positive: Interval | None
    false_positive: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessReport:
    """How far the groups differ.

    Attributes:
        metric: what is compared.
        groups: every group, the largest first.
        gap: between the highest and the lowest rate of the groups judged; None below two of them.
        between: the two groups that differ most, the favoured one first; empty without a gap.
    """

    metric: Gap
    groups: tuple[GroupRates, ...]
    gap: Interval | None
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupThresholds:
    """A threshold per group that brings the groups within a gap: an option, never applied unasked.

    In some places it is unlawful to treat people by such a group, even to this end.

    Attributes:
        thresholds: of each group.
        gap: what is left of the gap on these rows.
        gap_before: with the one threshold.
        cost: per row on these rows.
        cost_before: with the one threshold.
    """

    thresholds: Mapping[str, float]
    gap: float
    gap_before: float
    cost: float
    cost_before: float


def joined(*columns: Groups) -> list[str]:
    """Return the groups at the intersection of columns, as `one x other`; "" is `missing`.

    Example:
        >>> joined(["a", "b"], ["x", ""])
        ['a x x', 'b x missing']
    """
    rows = zip(*columns, strict=True)
    return [" x ".join(str(each) or "missing" for each in row) for row in rows]


def fairness(
    truth: Ints,
    decided: Ints,
    groups: Groups,
    rule: Fairness,
    *,
    seed: int = 0,
) -> FairnessReport:
    """Return the rates of each group, and the gap between those that are large enough.

    A group is judged when it has the rule's `min_rows`, and at least a fifth as many of each kind
    that its metric looks at, such as the positive ones. The intervals are bootstraps within each
    group. That of the gap is of all pairwise differences at once (by their largest studentised
    deviation), since the largest of many differences looks large even where there is none.

    Args:
        truth: (n,) 1 where the row is positive, else 0.
        decided: (n,) 1 where the answer was yes, else 0.
        groups: (n,) the group of each row; `joined` makes them of two columns.
        rule: what to compare, and from how many rows on.
        seed: the same seed gives the same intervals.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    names = np.asarray([str(each) for each in groups], dtype=object)
    found, judged = [], []
    for name in sorted(set(names), key=lambda each: (-int((names == each).sum()), each)):
        rows = names == name
        counts = _counts(truth[rows], decided[rows])
        draws = {kind: _draws(*count, random) for kind, count in counts.items()}
        large = _is_large(counts, rule)
        rates = {
            kind: percentile_interval(yes / rows_of, draws[kind]) if rows_of else None
            for kind, (yes, rows_of) in counts.items()
        }
        found.append(_group_rates(name, int(rows.sum()), large, rates))
        if large:
            judged.append(
                (name, [_Rate(*counts[kind], draws[kind]) for kind in _KINDS[rule.metric]])
            )
    gap, between = _gap(judged) if len(judged) > 1 else (None, ())
    return FairnessReport(metric=rule.metric, groups=tuple(found), gap=gap, between=between)


def too_small(truth: Ints, groups: Groups, rule: Fairness) -> dict[str, int]:
    """Return the groups that `fairness` does not judge, with their rows.

    Args:
        truth: (n,) 1 where the row is positive, else 0.
        groups: (n,) the group of each row.
        rule: says what is compared, and from how many rows on.

    Example:
        >>> rule = Fairness(group="g", min_rows=2)
        >>> too_small(np.array([1, 0, 0, 0]), ["a", "a", "b", "b"], rule)
        {'b': 2}
    """
    names = np.asarray([str(each) for each in groups], dtype=object)
    found = {}
    for name in sorted(set(names)):
        rows = truth[names == name]
        if not _is_large(_counts(rows, rows), rule):
            found[name] = len(rows)
    return found


def group_thresholds(
    truth: Ints,
    probability: Floats,
    groups: Groups,
    rule: Fairness,
    *,
    threshold: float,
    costs: Costs,
) -> GroupThresholds | None:
    """Return a threshold per group with the least cost among those within the gap.

    Hardt, Price and Srebro (2016), Equality of Opportunity, without its coin tosses: two people
    alike in all get one answer. Groups that are too small keep the one threshold.

    Args:
        truth: (n,) 1 where the row is positive, else 0; rows that had no say in the model.
        probability: (n,) of the positive class.
        groups: (n,) the group of each row.
        rule: what may differ by how much, and from how many rows on.
        threshold: the one in force.
        costs: of the two kinds of error.

    Returns:
        None when fewer than two groups are large enough, or no thresholds that were tried do it.
    """
    names = np.asarray([str(each) for each in groups], dtype=object)
    decided = (probability >= threshold).astype(np.int64)
    options, thresholds, before = [], {}, []
    for name in sorted(set(names)):
        rows = names == name
        thresholds[name] = threshold
        counts = _counts(truth[rows], decided[rows])
        if _is_large(counts, rule):
            before.append([counts[kind][0] / counts[kind][1] for kind in _KINDS[rule.metric]])
            option = _options(truth[rows], probability[rows], rule.metric, threshold, costs)
            options.append((name, *option))
    picked = _cheapest([(rates, cost) for _, _, rates, cost in options], rule.max_gap)
    if len(options) < 2 or picked is None:
        return None
    after = []
    for (name, cuts, rates, _), at in zip(options, picked, strict=True):
        thresholds[name] = float(cuts[at])
        after.append(rates[at])
    own = np.array([thresholds[name] for name in names])
    return GroupThresholds(
        thresholds=thresholds,
        gap=float(np.ptp(np.array(after), axis=0).max()),
        gap_before=float(np.ptp(np.array(before), axis=0).max()),
        cost=expected_cost(truth, (probability >= own).astype(np.int64), costs),
        cost_before=expected_cost(truth, decided, costs),
    )


_KINDS: Mapping[Gap, tuple[str, ...]] = {
    "demographic_parity": ("positive",),
    "equal_opportunity": ("true_positive",),
    "equalized_odds": ("true_positive", "false_positive"),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Rate:
    """Yeses among rows, and bootstrap draws of their share."""

    yes: int
    rows: int
    draws: Floats


def _counts(truth: Ints, decided: Ints) -> dict[str, tuple[int, int]]:
    """Return kind -> answers yes, and rows they are counted among."""
    positive = truth == 1
    return {
        "positive": (int(decided.sum()), len(truth)),
        "true_positive": (int(decided[positive].sum()), int(positive.sum())),
        "false_positive": (int(decided[~positive].sum()), int((~positive).sum())),
    }


def _draws(yes: int, rows: int, random: np.random.Generator) -> Floats:
    """Return shares of resampled rows: of yes and no that is a binomial, exactly.

    Half a row of each is added, or a share of 0 or 1 would seem certain.
    """
    if not rows:
        return np.full(_DRAWS, np.nan)
    return random.binomial(rows, (yes + 0.5) / (rows + 1), _DRAWS) / rows


def _is_large(counts: Mapping[str, tuple[int, int]], rule: Fairness) -> bool:
    least = max(1.0, rule.min_rows / 5)
    return counts["positive"][1] >= rule.min_rows and all(
        counts[kind][1] >= least for kind in _KINDS[rule.metric]
    )


def _group_rates(
    name: str, rows: int, judged: bool, rates: Mapping[str, Interval | None]
) -> GroupRates:
    positive = rates["positive"]
    assert positive is not None, "a group has rows"
    return GroupRates(
        group=name,
        rows=rows,
        judged=judged,
        positive=positive,
        true_positive=rates["true_positive"],
        false_positive=rates["false_positive"],
    )


def _gap(judged: Sequence[tuple[str, Sequence[_Rate]]]) -> tuple[Interval, tuple[str, ...]]:
    """Return the largest difference with an interval for all of them, and whose it is."""
    gaps, spreads, deviations, pairs = [], [], [], []
    for (one, rates), (other, others) in combinations(judged, 2):
        for left, right in zip(rates, others, strict=True):
            apart = left.draws - right.draws
            gap = left.yes / left.rows - right.yes / right.rows
            spread = max(float(apart.std()), 1e-12)
            gaps.append(gap)
            spreads.append(spread)
            deviations.append(np.abs(apart - apart.mean()) / spread)
            pairs.append((one, other) if gap >= 0 else (other, one))
    wide = np.quantile(np.max(deviations, axis=0), LEVEL) * np.array(spreads)
    sizes = np.abs(gaps)
    low, high = (sizes - wide).max(), (sizes + wide).max()
    interval = Interval(float(sizes.max()), float(max(low, 0.0)), float(min(high, 1.0)))
    return interval, pairs[int(sizes.argmax())]


def _options(
    truth: Ints, probability: Floats, metric: Gap, threshold: float, costs: Costs
) -> tuple[Floats, Floats, Floats]:
    """Return thresholds to try, (m, kinds) the rates at each, and what its errors cost in all."""
    kinds = _KINDS[metric]
    share = np.linspace(0, 1, _MOST_CUTS[len(kinds)])
    cuts = np.unique([*np.quantile(probability, share), threshold, np.nextafter(1.0, 2.0)])
    yes = probability[None, :] >= cuts[:, None]
    positive = truth == 1
    wrong_yes, wrong_no = (yes & ~positive).sum(axis=1), (~yes & positive).sum(axis=1)
    cost = wrong_yes * costs.false_positive + wrong_no * costs.false_negative
    among = {"positive": np.ones(len(truth), bool), "true_positive": positive}
    among["false_positive"] = ~positive
    rates = np.column_stack([yes[:, among[kind]].mean(axis=1) for kind in kinds])
    return cuts, rates, cost.astype(np.float64)


def _cheapest(options: Sequence[tuple[Floats, Floats]], max_gap: float) -> list[int] | None:
    """Return the option of each group, cheapest in all, whose rates lie in one window of that gap.

    Every window that matters begins at some group's rate, of each kind.
    """
    if not options:
        return None
    kinds = options[0][0].shape[1]
    starts = [np.unique(np.concatenate([r[:, kind] for r, _ in options])) for kind in range(kinds)]
    windows = np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, kinds)
    total = np.zeros(len(windows))
    best = []
    for rates, cost in options:
        least, choice = np.full(len(windows), np.inf), np.zeros(len(windows), dtype=np.int64)
        for at, (rate, price) in enumerate(zip(rates, cost, strict=True)):
            inside = ((rate >= windows) & (rate <= windows + max_gap + 1e-12)).all(axis=1)
            cheaper = inside & (price < least)
            least[cheaper], choice[cheaper] = price, at
        total += least
        best.append(choice)
    window = int(total.argmin())
    return [int(choice[window]) for choice in best] if np.isfinite(total[window]) else None
