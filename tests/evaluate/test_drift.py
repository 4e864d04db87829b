"""Drift: significant and large, over all columns together."""

import numpy as np
import pytest

from plait.core.errors import InvalidData
from plait.evaluate.drift import drifts, false_discovery


def objects(values):
    return np.array(list(values), dtype=object)


def test_columns_of_one_distribution_have_not_drifted():
    alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        before = {f"x{at}": random.normal(size=1000) for at in range(50)}
        after = {name: random.normal(size=1000) for name in before}
        alarms += any(each.q_value <= 0.05 for each in drifts(before, after))
    assert alarms <= 3  # 1 expected


def test_a_moved_number_has_by_its_standard_deviations():
    random = np.random.default_rng(0)
    before = {"x": random.normal(10, 2, 4000), "y": random.normal(size=4000)}
    after = {"x": random.normal(11, 2, 4000), "y": random.normal(size=4000)}
    first, second = drifts(before, after)
    assert (first.column, first.drifted, second.drifted) == ("x", True, False)
    assert first.effect == pytest.approx(0.5, abs=0.06)
    assert first.detail.startswith("x: median 9.9") or first.detail.startswith("x: median 10")


def test_many_rows_make_a_trifle_significant_but_not_a_drift():
    random = np.random.default_rng(0)
    before = {"x": random.normal(size=200_000)}
    after = {"x": random.normal(0.03, 1, 200_000)}
    (found,) = drifts(before, after)
    assert found.q_value < 1e-4
    assert not found.drifted


def test_levels_that_share_nothing_are_as_far_apart_as_can_be():
    (found,) = drifts({"c": objects("ab" * 50)}, {"c": objects("xy" * 50)})
    assert found.effect == pytest.approx(1.0)
    assert found.drifted


def test_levels_that_only_became_rare_are_pooled():
    before = {"c": objects([*("a" * 500), *(f"rare{at}" for at in range(50))])}
    after = {"c": objects([*("a" * 500), *(f"seldom{at}" for at in range(50))])}
    (found,) = drifts(before, after)
    assert found.p_value > 0.5


def test_values_that_went_missing_are_a_drift_of_their_own():
    random = np.random.default_rng(0)
    whole = random.normal(size=1000)
    holed = whole.copy()
    holed[:300] = np.nan
    (found,) = drifts({"x": whole}, {"x": holed})
    assert found.drifted
    assert found.detail == "x: missing in 0.0%, now in 30.0%"
    (found,) = drifts({"x": whole}, {"x": np.full(10, np.nan)})
    assert found.effect == 1.0


def test_only_columns_of_both_are_compared_and_kinds_may_change():
    found = drifts(
        {"a": np.zeros(10), "b": np.zeros(10)}, {"b": objects("x" * 10), "c": np.zeros(5)}
    )
    assert [each.column for each in found] == ["b"]
    assert found[0].drifted


def test_a_sample_without_rows_is_refused():
    with pytest.raises(InvalidData, match="no row"):
        drifts({"a": np.zeros(0)}, {"a": np.zeros(3)})


def test_adjusting_keeps_order_and_ends_at_one():
    assert false_discovery([]) == []
    assert false_discovery([0.9, 1.0]) == [1.0, 1.0]
    assert false_discovery([0.5, 0.001]) == [0.5, 0.002]


def test_one_infinity_hides_no_drift():
    random = np.random.default_rng(0)
    before = random.normal(size=2000)
    for huge in (np.inf, -np.inf, 1e308):
        after = random.normal(1, 1, 2000)
        after[0] = huge
        (found,) = drifts({"x": before}, {"x": after})
        assert np.isfinite(found.effect)
    (found,) = drifts({"x": before}, {"x": np.append(random.normal(1, 1, 1999), np.inf)})
    assert found.drifted
