"""How much a score is flattered by having been chosen as the best on the same rows."""

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 1_000
"""Bootstrap draws of the folds of each repeat."""


def selection_optimism(scores: ArrayLike, *, folds: int, sign: int, seed: int = 0) -> float:
    """Return by how much the best mean score is expected to fall on rows that did not choose it.

    The bootstrap bias corrected cross-validation of Tsamardinos, Greasidou and Borboudakis (2018),
    Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation, Machine
    Learning 107:1895-1922, with the fold as what is drawn. Within a repeat, whose folds test
    disjoint rows, F folds are drawn with replacement. With m(c, S) the mean score of candidate c on
    the folds S, c* the best on all splits and c(b) the best on the folds drawn in b:

        optimism = mean over b of  m(c*, not drawn in b) - m(c(b), not drawn in b)

    c(b) is judged on rows that had no say in its choice, c* on rows that had. One candidate, or one
    that is best on every fold, has none. It is taken off whoever wins by the rule: a winner for its
    simplicity was chosen by its score less than the best was, so for it the figure is an upper
    bound.

    Args:
        scores: (candidates, splits), all folds of the first repeat, then of the next.
        folds: of one repeat; at least 2.
        sign: 1 where greater is better, -1 where less is.
        seed: of the draws.

    Returns:
        at least 0, in the unit of the metric, to be taken off where greater is better and added
        where less is.
    """
    values = sign * np.asarray(scores, dtype=np.float64)
    best = int(values.mean(axis=1).argmax())
    random = np.random.Generator(np.random.PCG64(seed))
    lost = []
    for first in range(0, values.shape[1], folds):
        repeat = values[:, first : first + folds].T
        drawn = random.integers(folds, size=(DRAWS, folds))
        times = (drawn[:, :, None] == np.arange(folds)).sum(axis=1)
        times = times[(times == 0).any(axis=1)]
        chosen = (times @ repeat).argmax(axis=1)
        rest = (times == 0) / (times == 0).sum(axis=1, keepdims=True)
        judged = rest @ repeat
        lost.append(judged[:, best] - judged[np.arange(len(judged)), chosen])
    return max(0.0, float(np.concatenate(lost).mean()))
