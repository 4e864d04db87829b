from dataclasses import replace

import numpy as np
import pytest

from plait.core.decision import LearningCurve
from plait.evaluate.decide import Choice
from plait.evaluate.metric import METRICS
from plait.evaluate.split import ordered_by
from plait.train.curve import _parts, curve_of, learning_curve
from plait.train.race import Raced

CHOICE = Choice("linear", "linear", "", {}, {"dummy": None, "lightgbm": None})
ROWS = (50, 100, 200)


def curve(winner, rival, metric="roc_auc"):
    return curve_of(("a", "b"), ROWS, np.array([[winner], [rival]]), METRICS[metric])


@pytest.mark.parametrize(
    ("winner", "rival", "metric", "slope", "says"),
    [
        ([0.7, 0.8, 0.9], [0.7, 0.7, 0.7], "roc_auc", 0.1, "not expected to change the winner"),
        ([0.9, 0.8, 0.7], [0.9, 0.9, 0.9], "log_loss", 0.1, "not expected to change the winner"),
        (
            [0.8, 0.8, 0.8],
            [0.6, 0.65, 0.7],
            "roc_auc",
            -0.05,
            "pass it at about 800 training rows: more",
        ),
        (
            [0.8, 0.8, 0.8],
            [0.5, 0.51, 0.52],
            "roc_auc",
            -0.01,
            "too little to pass it within 10 times",
        ),
        (
            [0.8, 0.8, 0.8],
            [0.7, 0.8, 0.85],
            "roc_auc",
            -0.075,
            "it is ahead by 0.05: more data may",
        ),
    ],
)
def test_the_sentence_follows_the_figures(winner, rival, metric, slope, says):
    found = curve(winner, rival, metric)
    assert found.slope == pytest.approx(slope)
    assert says in found.said
    assert "On 50, 100, 200 training rows a scores" in found.said
    assert LearningCurve.read(found.record()) == found


def test_splits_that_disagree_are_admitted():
    scores = np.array([[[0.7, 0.8, 0.9], [0.9, 0.8, 0.7]], [[0.7] * 3] * 2])
    assert "The splits disagree" in curve_of(("a", "b"), ROWS, scores, METRICS["roc_auc"]).said


@pytest.fixture(scope="module")
def slow(raced):
    """Return the race as if its fits had taken their time, so that a curve may be drawn."""
    results = tuple(
        replace(each, folds=tuple(replace(fold, spent=1.0) for fold in each.folds))
        for each in raced.results
    )
    return Raced(plan=raced.plan, results=results)


def test_the_winner_and_its_best_rival_are_fitted_on_parts(contracts, slow, run_kind, monkeypatch):
    monkeypatch.setattr("plait.train.curve.SHARE", 0.25)
    run = run_kind()
    found = learning_curve(contracts["binary"], slow, CHOICE, run)
    linear = slow.results[1]
    assert (found.winner, found.rival, found.rows) == ("linear", "lightgbm", (40, 80, 160))
    assert (
        found.winner_scores[-1] == linear.scores[0]
    )  # 9 s allow one split: 4 fits, 1.5 s each two
    assert set(run.kept) == {
        f"curve/{name}/0/{part}" for name in ("linear", "lightgbm") for part in (0.25, 0.5)
    }
    again = learning_curve(contracts["binary"], slow, CHOICE, run_kind(kept=run.kept))
    assert again == found


def test_a_race_too_quick_for_a_quarter_of_it_has_no_curve(contracts, slow, run_kind):
    results = tuple(
        replace(each, folds=each.folds if each.paradigm != "rule" else each.folds[:0])
        for each in slow.results[1:]
    )
    short = tuple(replace(each, folds=each.folds[:1]) for each in results)
    run = run_kind()
    choice = Choice("linear", "linear", "", {}, {"lightgbm": None})
    brief = Raced(plan=slow.plan, results=short)
    assert learning_curve(contracts["binary"], brief, choice, run) is None
    assert run.kept == {}


@pytest.mark.parametrize(
    "choice",
    [Choice(None, None, "", {}, {}), Choice("linear", "linear", "", {}, {"dummy": None})],
)
def test_without_a_rival_there_is_no_curve(contracts, slow, run_kind, choice):
    assert learning_curve(contracts["binary"], slow, choice, run_kind()) is None


def test_parts_are_nested_recent_and_of_whole_groups(plan):
    train = plan.splits.each[0].train
    quarter, half = _parts(plan, train, None, (0.25, 0.5))
    assert set(quarter) < set(half) < set(train)
    times = np.arange(240.0)
    split = ordered_by(times, folds=3).each[-1]
    (late,) = _parts(plan, split.train, times, (0.5,))
    assert late.tolist() == split.train[len(split.train) // 2 :].tolist()
    groups = np.arange(240) % 24
    grouped = replace(plan, prepared=replace(plan.prepared, groups=groups))
    (part,) = _parts(grouped, np.arange(240), None, (0.5,))
    assert len(set(groups[part])) == 12
