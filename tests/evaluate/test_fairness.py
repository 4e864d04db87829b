from dataclasses import replace

import numpy as np
import pytest

from plait.core.contract import Fairness
from plait.evaluate.fairness import fairness, group_thresholds, joined, too_small
from plait.evaluate.threshold import Costs

RULE = Fairness(group="race")


def people(rates, rows=900, seed=0):
    """Return truth, answers that say yes to each group at its own rate, and groups."""
    random = np.random.default_rng(seed)
    group = random.integers(0, len(rates), rows)
    truth = (random.random(rows) < 0.5).astype(np.int64)
    decided = (random.random(rows) < np.array(rates)[group]).astype(np.int64)
    return truth, decided, [f"g{each}" for each in group]


def test_the_rates_are_those_counted():
    truth = np.array([1, 1, 1, 0, 0, 1, 0, 0])
    decided = np.array([1, 1, 0, 1, 0, 0, 0, 0])
    found = fairness(truth, decided, list("aaaaabbb"), Fairness(group="", min_rows=3))
    a, b = found.groups
    assert (a.group, a.rows, b.rows) == ("a", 5, 3)
    assert (a.positive.estimate, b.positive.estimate) == (3 / 5, 0.0)
    assert (a.true_positive.estimate, b.true_positive.estimate) == (2 / 3, 0.0)
    assert a.false_positive.estimate == 1 / 2
    assert found.gap.estimate == pytest.approx(2 / 3)
    assert found.between == ("a", "b")
    assert b.positive.high > 0  # none of three is no certainty


@pytest.mark.parametrize(
    ("metric", "gap"),
    [("demographic_parity", 0.45), ("equal_opportunity", 0.5), ("equalized_odds", 0.5)],
)
def test_each_metric_compares_its_rates(metric, gap):
    truth = np.tile([1, 0], 400)
    groups = np.repeat(["a", "b"], 400)
    decided = np.zeros(800, dtype=np.int64)
    decided[:400][truth[:400] == 1] = np.repeat([1, 0], [160, 40])  # a: 0.8 and 0.5
    decided[:400][truth[:400] == 0] = np.repeat([1, 0], [100, 100])
    decided[400:][truth[400:] == 1] = np.repeat([1, 0], [60, 140])  # b: 0.3 and 0.1
    decided[400:][truth[400:] == 0] = np.repeat([1, 0], [20, 180])
    found = fairness(truth, decided, groups, Fairness(group="", metric=metric))
    assert found.gap.estimate == pytest.approx(gap)
    assert found.gap.low < gap < found.gap.high


@pytest.mark.parametrize("rates", [(0.3, 0.3, 0.3), (0.3, 0.3, 0.45)])
def test_the_interval_holds_the_gap_as_often_as_it_says(rates):
    true = max(rates) - min(rates)
    gaps = [fairness(*people(rates, seed=each), RULE, seed=each).gap for each in range(100)]
    assert sum(gap.low <= true <= gap.high for gap in gaps) >= 90


def test_small_groups_are_reported_and_not_judged():
    truth, decided, groups = people((0.4, 0.4), rows=400)
    groups[:40] = ["few"] * 40
    decided[:40] = 0
    found = fairness(truth, decided, groups, RULE)
    assert [(each.group, each.judged) for each in found.groups][-1] == ("few", False)
    assert found.gap.estimate < 0.2


@pytest.mark.parametrize("groups", [["all"] * 200, ["a"] * 190 + ["b"] * 10])
def test_without_two_groups_there_is_no_gap(groups):
    truth, decided, _ = people((0.4,), rows=200)
    found = fairness(truth, decided, groups, RULE)
    assert (found.gap, found.between) == (None, ())
    positive = np.full(200, 0.5)
    fixed = group_thresholds(truth, positive, groups, RULE, threshold=0.5, costs=Costs())
    assert fixed is None


def test_a_group_without_positives_has_no_such_rate():
    truth, decided, groups = people((0.4, 0.4), rows=400)
    truth[np.array(groups) == "g0"] = 0
    found = fairness(truth, decided, groups, RULE)
    none = next(each for each in found.groups if each.group == "g0")
    assert (none.true_positive, none.judged) == (None, False)


def test_the_same_seed_gives_the_same_intervals():
    found = [fairness(*people((0.3, 0.5)), RULE, seed=4) for _ in range(2)]
    assert found[0] == found[1]


def test_two_columns_meet_in_their_intersections():
    assert joined(["f", "m"], ["old", "young"]) == ["f x old", "m x young"]
    assert joined(["f", ""]) == ["f", "missing"]
    assert joined(["f"], ["old"], ["east"]) == ["f x old x east"]


@pytest.mark.parametrize("metric", ["demographic_parity", "equal_opportunity", "equalized_odds"])
def test_thresholds_bring_the_groups_within_the_gap(metric):
    random = np.random.default_rng(3)
    group = random.integers(0, 3, 3000)
    raw = random.normal(np.array([0.8, 0.0, -0.8])[group], 1.5)
    truth = (random.random(3000) < 1 / (1 + np.exp(-raw))).astype(np.int64)
    positive = 1 / (1 + np.exp(-raw))
    rule = Fairness(group="", metric=metric, max_gap=0.08)
    groups = [f"g{each}" for each in group]
    found = group_thresholds(truth, positive, groups, rule, threshold=0.5, costs=Costs())
    assert found.gap_before > 0.08 >= found.gap
    assert found.cost >= found.cost_before
    assert found.thresholds["g0"] > found.thresholds["g2"]
    own = np.array([found.thresholds[each] for each in groups])
    again = fairness(truth, (positive >= own).astype(np.int64), groups, rule)
    assert again.gap.estimate == pytest.approx(found.gap)
    wide = Fairness(group="", metric=metric, max_gap=1.0)
    free = group_thresholds(truth, positive, groups, wide, threshold=0.5, costs=Costs())
    assert free.cost <= found.cost_before


def test_a_group_is_too_small_by_its_rows_and_by_their_outcomes():
    truth = np.array([1] * 20 + [0] * 20 + [1] * 3 + [0] * 37 + [1] * 10)
    groups = ["a"] * 40 + ["b"] * 40 + ["c"] * 10
    rule = Fairness(group="", min_rows=20, metric="demographic_parity")
    assert too_small(truth, groups, rule) == {"c": 10}
    assert too_small(truth, groups, replace(rule, metric="equal_opportunity")) == {"b": 40, "c": 10}
    judged = fairness(truth, truth, groups, replace(rule, metric="equal_opportunity"))
    assert [each.group for each in judged.groups if not each.judged] == ["b", "c"]
