import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidData
from plait.evaluate.decide import Broken, Entry, broken_limits, decide
from plait.evaluate.metric import METRICS

AUC, RMSE = METRICS["roc_auc"], METRICS["rmse"]
NOISE = np.array([0.010, -0.012, 0.004, -0.003, 0.008, -0.007, 0.011, -0.011, 0.002, -0.002])


def entry(name, mean, *, noise=NOISE, complexity=1, paradigm="linear", broken=(), **measured):
    scores = tuple(float(score) for score in mean + noise)
    return Entry(name, paradigm, complexity, scores, measured, tuple(broken))


def choose(*entries, metric=AUC):
    return decide(entries, metric, test_to_train=0.25)


def test_the_best_wins_when_it_is_significantly_better():
    choice = choose(
        entry("linear", 0.80),
        entry("boosted", 0.85, noise=NOISE[::-1], complexity=2, paradigm="tree"),
    )
    assert (choice.winner, choice.best) == ("boosted", "boosted")
    low, high = choice.comparisons["linear"].low, choice.comparisons["linear"].high
    assert choice.reasons == {
        "linear": f"0.0500 worse than boosted (95 % interval {low:.4f} to {high:.4f})"
    }
    assert choice.why == "better than every other candidate within the limits"


def test_the_simplest_wins_when_the_best_is_not_distinguishable():
    choice = choose(
        entry("linear", 0.849),
        entry("boosted", 0.85, noise=NOISE[::-1], complexity=2, paradigm="tree"),
    )
    assert (choice.winner, choice.best) == ("linear", "boosted")
    assert choice.reasons == {
        "boosted": "not distinguishable from the winner in score, but less simple than linear"
    }
    assert choice.why.startswith("the simplest of those not distinguishable from boosted")


def test_smaller_errors_are_better():
    choice = choose(entry("far", 3.0), entry("near", 2.5, complexity=5), metric=RMSE)
    assert choice.winner == "near"
    assert choice.reasons["far"].startswith("0.5000 worse than near")
    assert choice.comparisons["far"].difference == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (
            {"latency_ms_p95": 0.05},
            {"latency_ms_p95": 2.0},
            "slower to run (2 ms against 0.05 ms)",
        ),
        ({"latency_ms_p95": 1.0}, {}, "slower to run (not measured against 1 ms)"),
        ({"size_mb": 1.0}, {"size_mb": 40.0}, "larger (40 MB against 1 MB)"),
        ({}, {}, "no cheaper; the first by name was taken"),
    ],
)
def test_among_equals_the_cheapest_wins(first, second, reason):
    choice = choose(entry("b", 0.8, noise=NOISE[::-1], **second), entry("a", 0.8, **first))
    assert choice.winner == "a"
    assert choice.reasons["b"] == f"not distinguishable from the winner in score, but {reason}"


def test_who_breaks_a_limit_takes_no_part():
    slow = Broken("latency_ms", 5, 7.1)
    choice = choose(
        entry("boosted", 0.95, broken=[slow]), entry("linear", 0.80), entry("other", 0.70)
    )
    assert choice.winner == "linear"
    assert choice.reasons["boosted"] == "breaks latency_ms: 7.1 measured, 5 allowed"
    assert choice.reasons["other"].startswith("0.1000 worse than linear")
    assert set(choice.comparisons) == {"other"}


def test_the_only_one_within_the_limits():
    choice = choose(entry("a", 0.8), entry("b", 0.9, broken=[Broken("size_mb", 1, 2)]), metric=AUC)
    assert (choice.winner, choice.why) == ("a", "the only candidate within every limit")


def test_none_within_the_limits_names_the_nearest():
    choice = choose(
        entry("far", 0.9, broken=[Broken("latency_ms", 5, 20)]),
        entry("near", 0.8, broken=[Broken("latency_ms", 5, 7.1), Broken("size_mb", 50, 51)]),
        entry("unknown", 0.9, broken=[Broken("size_mb", 50, None)]),
    )
    assert choice.winner is None
    assert choice.best is None
    assert choice.why == (
        "no candidate is within every limit; the nearest is near, 42 % over latency_ms "
        "(breaks latency_ms: 7.1 measured, 5 allowed; breaks size_mb: 51 measured, 50 allowed)"
    )
    assert choice.reasons["unknown"] == "breaks size_mb: not measured, 50 allowed"
    assert set(choice.reasons) == {"far", "near", "unknown"}


def test_no_candidates():
    assert choose().winner is None


def test_a_baseline_wins_only_if_nothing_is_better():
    wild = NOISE * 8
    best = entry("wild", 0.57, noise=wild, complexity=3)
    steady = entry("steady", 0.56, complexity=2, noise=NOISE / 2)
    dummy = entry("dummy", 0.50, noise=0 * NOISE, complexity=0, paradigm="rule")
    choice = choose(best, steady, dummy)
    assert choice.comparisons["dummy"].p_value > 0.05
    assert choice.winner == "steady"
    assert choice.reasons["dummy"].startswith("a baseline, and 0.0600 worse than steady")
    alone = choose(best, dummy)
    assert alone.winner == "dummy"


def test_few_splits_do_not_let_the_simple_win_by_a_wide_margin():
    few = np.array([0.09, -0.06, 0.02, -0.08, 0.03])  # as splits in order of time have it
    best = entry("linear", 0.84, noise=few, complexity=1)
    sure = entry("ensemble", 0.82, noise=few / 4, complexity=6)
    rules = entry("rule_list", 0.70, noise=-few, complexity=1, paradigm="rule", latency_ms_p95=0.1)
    dummy = entry("dummy", 0.50, noise=0 * few, complexity=0, paradigm="rule")
    choice = decide([best, sure, rules, dummy], AUC, test_to_train=0.5)
    assert choice.comparisons["rule_list"].p_value > 0.05
    assert choice.winner == "linear"
    assert "more than simplicity may cost (0.0" in choice.reasons["rule_list"]


def test_holm_is_applied_over_the_race():
    shift = 0.022
    pair = [entry("best", 0.8, complexity=9), entry("plain", 0.8 - shift, noise=NOISE[::-1])]
    crowd = [entry(f"c{i}", 0.8 - shift, noise=NOISE[::-1], complexity=9) for i in range(8)]
    assert choose(*pair).winner == "best"
    assert choose(*pair, *crowd).winner == "plain"


def test_one_split_is_not_enough():
    with pytest.raises(InvalidData):
        choose(entry("a", 0.8, noise=NOISE[:1]), entry("b", 0.9, noise=NOISE[:1]))


def test_large_figures_are_written_without_decimals():
    choice = choose(entry("far", 30_000.0), entry("near", 25_000.0), metric=RMSE)
    assert choice.reasons["far"] == "5,000 worse than near (95 % interval 5,000 to 5,000)"


def test_limits_against_measurements():
    limits = {"latency_ms": 5.0, "size_mb": 50.0, "memory_mb": 100.0}
    measured = {"latency_ms_p95": 7.1, "size_mb": 50.0}
    assert broken_limits(measured, limits) == (
        Broken("latency_ms", 5.0, 7.1),
        Broken("memory_mb", 100.0, None),
    )
    assert broken_limits({}, {}) == ()


RACE = st.lists(
    st.tuples(
        st.lists(st.floats(0.4, 0.9), min_size=5, max_size=5),
        st.integers(0, 2),
        st.sampled_from(["rule", "linear", "tree"]),
        st.booleans(),
    ),
    max_size=6,
)


@given(race=RACE, reverse=st.booleans())
def test_every_loser_has_a_reason_and_order_is_no_matter(race, reverse):
    limit = (Broken("size_mb", 1, 2),)
    entries = [
        Entry(f"e{i}", paradigm, complexity, tuple(scores), {}, limit if broken else ())
        for i, (scores, complexity, paradigm, broken) in enumerate(race)
    ]
    choice = choose(*entries)
    assert set(choice.reasons) | {choice.winner} - {None} == {each.name for each in entries}
    assert choice.winner not in choice.reasons
    assert (choice.winner is None) == all(each.broken for each in entries)
    assert choose(*entries[::-1]) == choice
