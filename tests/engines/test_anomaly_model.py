"""Strangeness: right by definition, alike alone and among others, and explained."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from plait.engines.anomaly_model import Neighbours, RobustZ
from plait.train.anomaly_forest import IsolatedRows

ROWS = np.random.Generator(np.random.PCG64(0)).normal(size=(300, 4))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    ones = np.ones(4)
    return {
        "robust": RobustZ(np.zeros(4), ones),
        "neighbours": Neighbours(np.zeros(4), ones, ROWS[:100], 5),
        "isolation": IsolatedRows(tmp_path_factory.mktemp("forest")).model(ROWS, seed=1),
    }


@pytest.mark.parametrize("name", ["robust", "neighbours", "isolation"])
def test_a_row_is_scored_alike_alone_and_among_others(models, name):
    model = models[name]
    together = model.raw(ROWS)
    assert together.tolist() == [float(model.raw(row[None])[0]) for row in ROWS]
    assert model.parts(ROWS).shape == (300, model.n_features)


@pytest.mark.parametrize("name", ["robust", "neighbours", "isolation"])
def test_what_is_far_out_is_strangest_and_by_its_position(models, name):
    far = np.zeros((1, 4))
    far[0, 2] = 40.0
    assert models[name].raw(far)[0] > models[name].raw(np.zeros((1, 4)))[0]
    assert models[name].parts(far)[0].argmax() == 2


@pytest.mark.parametrize("name", ["robust", "neighbours", "isolation"])
def test_infinity_is_strange_and_no_failure(models, name):
    row = np.array([[np.inf, 0.0, 0.0, 0.0]])
    assert models[name].raw(row)[0] >= models[name].raw(np.zeros((1, 4)))[0]


def test_the_forest_scores_as_scikit_learn_does(models):
    theirs = IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(ROWS)
    test = np.random.Generator(np.random.PCG64(5)).normal(size=(500, 4)) * 2
    assert np.abs(models["isolation"].raw(test) + theirs.score_samples(test)).max() < 1e-12


def test_the_parts_of_a_forest_add_up_to_the_path_saved(models):
    model = models["isolation"]
    path = -np.log2(model.raw(ROWS)) * model.usual
    saved = model.length[model.roots].mean() - path
    assert model.parts(ROWS).sum(axis=1) == pytest.approx(saved, abs=1e-9)


def test_neighbours_are_the_nearest(models):
    row = np.array([[0.3, -0.2, 1.0, 0.0]])
    squared = np.sort(((ROWS[:100] - row) ** 2).sum(axis=1))[:5]
    assert models["neighbours"].raw(row)[0] == pytest.approx(np.sqrt(squared.mean()))
    assert models["neighbours"].parts(row).sum() == pytest.approx(squared.mean())
