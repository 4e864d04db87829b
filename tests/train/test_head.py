import numpy as np
import pytest
from scipy.sparse import csr_matrix

from plait.train.head import fit_logistic, fit_svm


@pytest.fixture
def points():
    random = np.random.default_rng(0)
    target = np.arange(90) % 3
    return random.normal(0, 0.3, (90, 3)) + np.eye(3)[target], target


@pytest.mark.parametrize("fit", [fit_logistic, fit_svm])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_classes_are_told_apart(points, fit, kind):
    matrix, target = points
    raw = fit(kind(matrix), target, 3, 1.0).raw(kind(matrix))
    assert raw.shape == (90, 3)
    assert np.mean(raw.argmax(axis=1) == target) > 0.9


@pytest.mark.parametrize("fit", [fit_logistic, fit_svm])
def test_of_two_classes_the_second_has_the_score(points, fit):
    matrix, target = points
    raw = fit(matrix, np.minimum(target, 1), 2, 1.0).raw(matrix)
    assert raw.shape == (90,)
    assert np.mean((raw > 0) == (target > 0)) > 0.85


@pytest.mark.parametrize("fit", [fit_logistic, fit_svm])
@pytest.mark.parametrize("present", [2, 3])
def test_a_class_without_rows_is_never_the_likeliest(points, fit, present):
    matrix, target = points
    kept = target < present
    raw = fit(matrix[kept], target[kept] + 1, 5, 1.0).raw(matrix[kept])
    assert raw.shape == (kept.sum(), 5)
    assert set(raw.argmax(axis=1)) <= set(range(1, present + 1))
    assert np.mean(raw.argmax(axis=1) == target[kept] + 1) > 0.9
