"""Which labels look wrong, by models that did not see them.

Confident learning: Northcutt, Jiang and Chuang (2021), Confident learning: estimating uncertainty
in dataset labels, Journal of Artificial Intelligence Research 70:1373-1411. A row counts as
confidently of a class when its probability reaches the mean probability that rows labelled so get;
a row that is confidently of another class than its label is a candidate for a second look.
"""

from dataclasses import dataclass

import numpy as np

from plait.evaluate.bin import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A label that looks wrong.

    Attributes:
        row: its index.
        label: index of the class it has.
        likely: index of the class that it is confidently of.
        margin: probability of that class less that of its label.
    """

    row: int
    label: int
    likely: int
    margin: float


def doubtful_labels(truth: Ints, probabilities: Floats) -> list[Doubt]:
    """Return the labels that look wrong, the surest first.

    Args:
        truth: (n,) class indexes.
        probabilities: (n, k) out-of-fold probabilities.

    Example:
        >>> truth = np.array([0, 0, 0, 1, 1, 1])
        >>> positive = np.array([0.1, 0.2, 0.9, 0.8, 0.9, 0.7])
        >>> [each.row for each in doubtful_labels(truth, np.column_stack([1 - positive, positive]))]
        [2]
    """
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(truth)), truth]
    rows = np.bincount(truth, minlength=classes)
    usual = np.bincount(truth, own, classes) / np.maximum(rows, 1)
    usual[rows == 0] = np.inf
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    likely = confident.argmax(axis=1)
    doubted = np.flatnonzero((confident.max(axis=1) >= 0) & (likely != truth))
    found = [
        Doubt(
            row=row,
            label=int(truth[row]),
            likely=int(likely[row]),
            margin=float(probabilities[row, likely[row]] - own[row]),
        )
        for row in doubted.tolist()
    ]
    return sorted((each for each in found if each.margin > 0), key=lambda each: -each.margin)
