import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidSettings
from plait.evaluate.threshold import (
    Costs,
    choose_threshold,
    expected_cost,
    honest_operating_point,
)

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.floats(0, 1, allow_subnormal=False)), min_size=1, max_size=30
)
PRICES = st.sampled_from([0.1, 1.0, 3.0, 5.0])


@given(rows=ROWS, false_positive=PRICES, false_negative=PRICES)
def test_no_threshold_is_cheaper(rows, false_positive, false_negative):
    truth = np.array([row[0] for row in rows])
    probability = np.array([row[1] for row in rows])
    costs = Costs(false_positive, false_negative)
    threshold = choose_threshold(truth, probability, costs)

    def at(cut):
        return expected_cost(truth, (probability >= cut).astype(int), costs)

    assert at(threshold) == pytest.approx(min(at(cut) for cut in [*probability, 0.0, 2.0]))
    assert 0 <= threshold <= np.nextafter(1, 2)


def test_the_cut_stands_midway_and_ties_go_to_indifference():
    truth, probability = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.9])
    assert choose_threshold(truth, probability, Costs()) == pytest.approx(0.4)
    noise = np.array([0, 1, 0, 1])
    costs = Costs(1, 1)
    assert costs.indifference == 0.5
    assert choose_threshold(noise, probability, costs) == pytest.approx(0.75)


def test_neighbouring_floats_are_told_apart():
    high = np.nextafter(0.3, 1)
    assert choose_threshold(np.array([0, 1]), np.array([0.3, high]), Costs()) == high


def test_dear_false_alarms_raise_the_threshold():
    random = np.random.default_rng(0)
    probability = random.random(20_000)
    truth = (random.random(20_000) < probability).astype(int)
    assert Costs(5, 1).indifference == pytest.approx(5 / 6)
    assert choose_threshold(truth, probability, Costs(5, 1)) == pytest.approx(5 / 6, abs=0.06)
    assert choose_threshold(truth, probability, Costs(1, 5)) == pytest.approx(1 / 6, abs=0.06)


def test_expected_cost_by_hand():
    assert expected_cost(np.array([0, 0, 1, 1]), np.array([1, 0, 0, 1]), Costs(5, 1)) == 1.5


def drawn(seed, n):
    random = np.random.default_rng(seed)
    probability = random.beta(1, 2, n)
    return (random.random(n) < probability).astype(int), probability, random.integers(0, 5, n)


def test_the_operating_point_is_a_consistent_account():
    truth, probability, fold = drawn(0, 2_000)
    costs = Costs(5, 1)
    found = honest_operating_point(truth, probability, fold, costs, seed=0)
    assert found.threshold == choose_threshold(truth, probability, costs)
    false_positive = found.false_positive_rate * np.mean(truth == 0)
    false_negative = found.false_negative_rate * np.mean(truth == 1)
    assert found.error_rate == pytest.approx(false_positive + false_negative)
    assert found.cost.estimate == pytest.approx(5 * false_positive + false_negative)
    assert found.positive_rate == pytest.approx(np.mean(truth) + false_positive - false_negative)
    assert found.cost.low < found.cost.estimate < found.cost.high


def test_the_expected_cost_is_honest_where_the_chosen_one_flatters():
    costs, flattering, honest = Costs(), [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        truth, probability = random.integers(0, 2, 60), random.random(60)
        found = honest_operating_point(truth, probability, np.arange(60) % 5, costs, seed=0)
        decided = (probability >= found.threshold).astype(int)
        flattering.append(expected_cost(truth, decided, costs))
        honest.append(found.cost.estimate)
    assert np.mean(flattering) < 0.45
    assert np.mean(honest) == pytest.approx(0.5, abs=0.04)


def test_the_interval_of_the_cost_covers():
    costs = Costs(5, 1)
    truth, probability, _ = drawn(99, 200_000)
    found = [honest_operating_point(*drawn(seed, 300), costs, seed=seed) for seed in range(100)]
    covered = 0
    for each in found:
        new = expected_cost(truth, (probability >= each.threshold).astype(int), costs)
        covered += each.cost.low <= new <= each.cost.high
    assert covered >= 88


def test_rates_of_an_absent_class_are_undefined():
    truth, fold = np.zeros(20, dtype=int), np.arange(20) % 2
    found = honest_operating_point(truth, np.linspace(0, 1, 20), fold, Costs(), seed=0)
    assert np.isnan(found.false_negative_rate)
    assert found.false_positive_rate == found.error_rate <= 0.1


@pytest.mark.parametrize("cost", [0, -1, float("nan"), float("inf")])
def test_an_error_must_cost_something(cost):
    with pytest.raises(InvalidSettings) as caught:
        Costs(false_negative=cost)
    assert caught.value.where == "objective.cost.false_negative"
