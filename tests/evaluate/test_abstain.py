import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.evaluate.abstain import choose_abstention, honest_abstention


@given(rows=st.integers(1, 200), max_loss=st.floats(0.01, 0.5), seed=st.integers(0, 9))
def test_no_more_than_allowed_are_below(rows, max_loss, seed):
    confidence = np.random.default_rng(seed).random(rows)
    threshold = choose_abstention(confidence, max_loss)
    assert np.mean(confidence < threshold) <= max_loss
    if max_loss * (rows + 1) >= 1:
        assert np.mean(confidence <= threshold) * rows / (rows + 1) <= max_loss + 1e-12
    assert threshold in confidence


def test_a_new_row_is_lost_as_seldom_as_promised():
    random = np.random.default_rng(0)
    lost = [random.random() < choose_abstention(random.random(30), 0.1) for _ in range(4000)]
    assert 0.08 < np.mean(lost) < 0.11


def test_repeats_of_rows_are_no_more_rows():
    confidence = np.arange(1, 31) / 100
    assert choose_abstention(confidence, 0.05) == 0.01
    assert choose_abstention(np.repeat(confidence, 4), 0.05, repeats=4) == 0.01


def test_each_fold_is_judged_by_the_others():
    low, high = np.full(20, 0.2), np.full(20, 0.8)
    outside = np.full(5, 0.5)
    point = honest_abstention([low, high], [outside, outside], 0.1, folds=2, seed=0)
    # the first fold is judged at 0.8, the second at 0.2
    assert point.loss.estimate == 0.5
    assert 0.3 < point.loss.low < 0.5 < point.loss.high < 0.7
    assert point.recall.estimate == 0.5
    assert point.threshold == 0.2


def test_without_rows_out_of_scope_there_is_no_recall():
    folds = [np.linspace(0.1, 1, 20)] * 4
    point = honest_abstention(folds, [np.zeros(0)] * 4, 0.1, folds=2, seed=0)
    assert point.recall is None
    assert point.loss.estimate == pytest.approx(0.05, abs=0.06)
