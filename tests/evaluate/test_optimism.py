import numpy as np
import pytest

from plait.evaluate.optimism import selection_optimism


def test_who_is_best_on_every_fold_was_not_lucky():
    scores = [[0.8, 0.7, 0.9, 0.6], [0.7, 0.6, 0.8, 0.5]]
    assert selection_optimism(scores, folds=4, sign=1) == 0
    assert selection_optimism(scores, folds=2, sign=-1) == 0
    assert selection_optimism(scores[:1], folds=4, sign=1) == 0


def test_the_draws_are_those_of_the_seed():
    scores = np.random.default_rng(1).normal(0.8, 0.02, (6, 10))
    one, same = (selection_optimism(scores, folds=5, sign=1, seed=3) for _ in range(2))
    assert one == same > 0
    assert selection_optimism(-scores, folds=5, sign=-1, seed=3) == one


@pytest.mark.parametrize("candidates", [2, 5, 20])
def test_taking_it_off_leaves_what_equal_candidates_are_worth(candidates):
    """Of candidates all worth 0.8 the best scores more, the more of them there are."""
    random = np.random.default_rng(candidates)
    naive, honest = [], []
    for _ in range(150):
        hard = random.normal(0, 0.02, 5)  # a fold is as hard for each of them
        scores = 0.8 + hard + random.normal(0, 0.02, (candidates, 5))
        lucky = scores.mean(axis=1).max() - 0.8 - hard.mean()
        naive.append(lucky)
        honest.append(lucky - selection_optimism(scores, folds=5, sign=1))
    error = np.std(honest) / np.sqrt(len(honest))
    assert np.mean(naive) > 5 * error
    assert abs(np.mean(honest)) < 3 * error


def test_a_clear_winner_keeps_its_score():
    random = np.random.default_rng(0)
    scores = random.normal(0.7, 0.01, (5, 20))
    scores[2] += 0.1
    assert selection_optimism(scores, folds=5, sign=1) == pytest.approx(0, abs=1e-6)
