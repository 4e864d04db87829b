import numpy as np
import pytest

from plait.core.errors import UnknownName
from plait.core.protocol import Sample
from plait.core.schema import Schema
from plait.engines.base import json_bytes, read_artefact
from plait.engines.linear import MODEL, LinearModel
from plait.engines.pipeline import Calibration, Pipeline
from plait.train.base import candidate_names, export, inner_folds, recipes


def sample_of(target, problem="binary", seed=0):
    classes = {"binary": (0, 1), "multiclass": (0, 1, 2), "regression": ()}[problem]
    return Sample(
        input=Schema(()), columns={}, target=target, classes=classes, problem=problem, seed=seed
    )


def test_every_candidate_of_the_table_is_one(tmp_path):
    names = candidate_names("tabular")
    found = [recipes.load(name)(tmp_path) for name in names]
    assert [each.name for each in found] == names
    assert {"tabicl"} == set(recipes.names()) - set(names)  # it runs weights, and so is named
    assert {each.name: (each.paradigm, each.complexity) for each in found} == {
        "dummy": ("rule", 0),
        "rule_list": ("rule", 1),
        "linear": ("linear", 1),
        "lightgbm": ("tree", 2),
        "extra_trees": ("tree", 3),
        "neighbours": ("neighbour", 3),
        "tabm": ("deep", 4),
        "ensemble": ("tree", 5),
    }
    assert all(json_bytes(each.configuration()) for each in found)


def test_an_unknown_candidate_is_named_with_its_nearest():
    with pytest.raises(UnknownName, match="lightgbm") as caught:
        recipes.load("lightgmb")
    assert caught.value.nearest == "lightgbm"


def test_an_artefact_says_what_made_it_and_answers(tmp_path):
    sample = sample_of([0.0, 1.0] * 10)
    pipeline = Pipeline(problem="binary", classes=(0, 1), encode=(), calibrate=Calibration())
    files = {MODEL: json_bytes(LinearModel([()], [0.0], ()).record())}
    predictor = export(tmp_path, sample, pipeline, engine="linear", files=files)
    manifest = read_artefact(tmp_path).manifest
    assert (manifest.engine, manifest.task, manifest.problem) == ("linear", "tabular", "binary")
    assert manifest.origin.startswith("plait.train ")
    assert manifest.output.names == ("prediction", "probability_0", "probability_1")
    assert not manifest.holds_rows
    assert predictor.artefact.id == manifest.id


@pytest.mark.parametrize(
    ("target", "problem", "folds"),
    [
        ([0.0] * 40 + [1.0] * 10, "binary", 5),
        ([0.0] * 40 + [1.0] * 3, "binary", 3),
        ([0.0] * 7000 + [1.0] * 3001, "binary", 3),
        ([0.0, 1.0, 2.0] * 20, "multiclass", 5),
        (np.arange(40.0).tolist(), "regression", 5),
    ],
)
def test_each_row_is_held_out_once_and_each_fold_has_each_class(target, problem, folds):
    fold = inner_folds(sample_of(target, problem))
    assert sorted(set(fold.tolist())) == list(range(folds))
    assert np.bincount(fold).max() - np.bincount(fold).min() <= 1
    if problem != "regression":
        for number in range(folds):
            assert set(np.array(target)[fold == number]) == set(target)


def test_a_class_of_one_row_leaves_nothing_to_choose_by():
    assert inner_folds(sample_of([0.0] * 30 + [1.0])) is None


def test_the_folds_are_the_seeds():
    target = [0.0, 1.0] * 30
    assert (inner_folds(sample_of(target)) == inner_folds(sample_of(target))).all()
    assert (inner_folds(sample_of(target)) != inner_folds(sample_of(target, seed=1))).any()
