"""Classes told apart by weights of a vector: what the linear candidates of texts fit."""

import warnings
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Matrix: TypeAlias = "csr_matrix | NDArray[np.float32] | Floats"

_MOST_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """A linear model of vectors.

    Attributes:
        coefficients: (k, width); k is 1 for two classes, whose score is that of the second.
        intercept: (k,).
    """

    coefficients: Floats
    intercept: Floats

    def raw(self, matrix: Matrix) -> Floats:
        """Return (n, k) scores, or (n,) of two classes."""
        scores = np.asarray(matrix @ self.coefficients.T + self.intercept, dtype=np.float64)
        return scores[:, 0] if len(self.intercept) == 1 else scores


def fit_logistic(matrix: Matrix, target: Ints, classes: int, strength: float) -> Weights:
    """Fit a logistic regression; `strength` is C, how much the rows count against the penalty."""
    model = LogisticRegression(C=strength, max_iter=_MOST_STEPS)
    return _weights(model, matrix, target, classes, both=0.5)


def fit_svm(matrix: Matrix, target: Ints, classes: int, strength: float) -> Weights:
    """Fit support vector machines, one class against the rest; `strength` as in `fit_logistic`."""
    model = LinearSVC(C=strength, random_state=0)
    return _weights(model, matrix, target, classes, both=1.0)


def _weights(
    model: LogisticRegression | LinearSVC,
    matrix: Matrix,
    target: Ints,
    classes: int,
    *,
    both: float,
) -> Weights:
    """Fit, and give a class without rows no weights and the least intercept.

    Args:
        model: to fit.
        matrix: (n, width).
        target: (n,) class indexes.
        classes: how many there are.
        both: what each of two classes has of their one score, where there are more in all.
    """
    with warnings.catch_warnings():  # where it stops short it is still the same every time
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, target)
    coefficients, intercept = np.asarray(model.coef_), np.asarray(model.intercept_)
    if classes == 2:
        return Weights(coefficients, intercept)
    if len(intercept) == 1:
        coefficients = both * np.vstack([-coefficients, coefficients])
        intercept = both * np.array([-intercept[0], intercept[0]])
    every = np.zeros((classes, coefficients.shape[1]))
    least = np.full(classes, intercept.min() - 1.0)
    every[model.classes_], least[model.classes_] = coefficients, intercept
    return Weights(every, least)
