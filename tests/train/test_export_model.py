"""An artefact as plain numbers: LightGBM's own answers, node by node."""

import math
from itertools import pairwise

import numpy as np
import pytest

from plait.core.artefact import Artefact
from plait.core.errors import Refused
from plait.engines.booster import Booster
from plait.train.export_model import ZERO, Trees, plain_model


def walk(trees: Trees, row):
    """Return the scores of a row of numbers."""
    row = [0.0 if abs(value) <= trees.zero else value for value in row]
    for at in trees.zero_missing:
        row[at] = row[at] or math.nan
    scores = [0.0] * trees.scores
    for number, at in enumerate(trees.roots):
        while at >= 0:
            node = trees.nodes[at]
            value = row[node.position]
            at = (
                node.missing if value != value else node.yes if value <= node.threshold else node.no
            )
        scores[number % trees.scores] += trees.leaves[-1 - at]
    return scores


@pytest.mark.parametrize(
    ("problem", "options"),
    [
        ("binary", {}),
        ("binary", {"sigmoid": 2.0}),
        ("multiclass", {}),
        ("regression", {"zero_as_missing": True}),
        ("regression", {"use_missing": False}),
        ("regression", {"min_data_in_leaf": 1000}),  # no tree has a node
        ("regression", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}),
        ("regression", {"boosting": "dart", "objective": "quantile"}),
    ],
)
def test_trees_give_lightgbms_scores_to_the_last_bit(exportable, tmp_path, problem, options):
    predictor = exportable(tmp_path, "lightgbm", problem, **options)
    (trees,) = plain_model(predictor.artefact, "x").parts
    asked = tuple(sorted({node.position for node in trees.nodes}))
    assert trees.zero_missing == (asked if "zero_as_missing" in options else ())
    random = np.random.default_rng(0)
    matrix = random.normal(30, 20, (600, 5)).round(2)
    odd = [math.nan, 0.0, -0.0, ZERO, -ZERO, math.nextafter(ZERO, 1), 1e-36, math.inf, -math.inf]
    for at in range(5):
        cuts = trees.thresholds(at)
        beside = [math.nextafter(cut, to) for cut in cuts for to in (-math.inf, math.inf)]
        chosen = random.random(600) < 0.6
        matrix[chosen, at] = random.choice([*odd, *cuts, *beside], chosen.sum())
    raw = Booster((tmp_path / "model.txt").read_bytes()).raw(matrix).reshape(600, -1)
    assert [walk(trees, row) for row in matrix.tolist()] == raw.tolist()


def test_sets_of_categories_are_refused(exportable, tmp_path):
    predictor = exportable(tmp_path, "lightgbm", "regression", sets=[2, 3], min_data_per_group=1)
    with pytest.raises(Refused, match="sets of categories") as caught:
        plain_model(predictor.artefact, "x")
    assert caught.value.code == "export_refused"


@pytest.mark.parametrize("parts", [{"task": "text"}, {"engine": "onnx"}])
def test_other_artefacts_are_refused_with_what_can_be_exported(exportable, tmp_path, parts):
    artefact = exportable(tmp_path, "linear", "binary").artefact
    for name, value in parts.items():
        object.__setattr__(artefact.manifest, name, value)
    with pytest.raises(Refused, match="forest, lightgbm, linear"):
        plain_model(Artefact(artefact.manifest, artefact.folder), "x")


def test_the_lines_of_a_curve_meet_at_its_knots(plain_models):
    lines = plain_models["linear", "binary"][1].lines
    for (_, left, low, slope), (start, further, higher, _) in pairwise(lines):
        assert start == further
        assert low + (further - left) * slope == pytest.approx(higher)
    assert plain_models["linear", "multiclass"][1].lines == ((-math.inf, 0.0, 0.0, 1.0),)
