"""Which labels look wrong, by models that did not see them.

Confident learning: Northcutt, Jiang and Chuang (2021), Confident learning: estimating uncertainty
in dataset labels, Journal of Artificial Intelligence Research 70:1373-1411. A row counts as
confidently of a class when its probability reaches the mean probability that rows labelled so get;
a row that is confidently of another class than its label is a candidate for a second look.

Nothing here tells an error from bad luck: a borrower of whom nobody would have thought it may have
defaulted. So beside the rows stands how many would look so if no label were wrong.
"""

from dataclasses import dataclass

import numpy as np

from plait.evaluate.bin import Floats, Ints

SURE = 0.8
"""By so much the other class must be likelier than the label; where outcomes are uncertain, most
rows of a lesser margin are right."""


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


def doubtful_labels(truth: Ints, probabilities: Floats, *, least: float = SURE) -> list[Doubt]:
    """Return the labels that look wrong, the surest first.

    Args:
        truth: (n,) class indexes.
        probabilities: (n, k) out-of-fold probabilities.
        least: the margin from which on a label is told.

    Example:
        >>> truth = np.array([0, 0, 0, 1, 1, 1])
        >>> positive = np.array([0.1, 0.2, 0.95, 0.8, 0.9, 0.7])
        >>> [each.row for each in doubtful_labels(truth, np.column_stack([1 - positive, positive]))]
        [2]
    """
    likely = _confidently(truth, probabilities)
    at = np.arange(len(truth))
    margin = probabilities[at, likely] - probabilities[at, truth]
    doubted = np.flatnonzero((likely >= 0) & (likely != truth) & (margin >= least))
    found = [
        Doubt(row=row, label=int(truth[row]), likely=int(likely[row]), margin=float(margin[row]))
        for row in doubted.tolist()
    ]
    return sorted(found, key=lambda each: -each.margin)


def doubted_by_chance(truth: Ints, probabilities: Floats, *, least: float = SURE) -> float:
    """Return how many labels are expected to look wrong though none is.

    That is the sum, over rows and classes, of the probability of a class that would be doubted
    there: what outcomes as uncertain as the probabilities would bring. Arguments as above.
    """
    likely = _confidently(truth, probabilities)
    top = probabilities[np.arange(len(truth)), likely]
    doubted = (likely >= 0)[:, None] & (top[:, None] - probabilities >= least)
    return float(probabilities[doubted].sum())


def _confidently(truth: Ints, probabilities: Floats) -> Ints:
    """Return (n,) the class that each row is confidently of; -1 where it is of none."""
    classes = probabilities.shape[1]
    own = probabilities[np.arange(len(truth)), truth]
    rows = np.bincount(truth, minlength=classes)
    usual = np.bincount(truth, own, classes) / np.maximum(rows, 1)
    usual[rows == 0] = np.inf
    confident = np.where(probabilities >= usual, probabilities, -1.0)
    found: Ints = np.where(confident.max(axis=1) >= 0, confident.argmax(axis=1), -1)
    return found
