"""An artefact that asks a language model, as a folder: what it holds, and what is damage."""

import numpy as np
import pytest

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.core.schema import Field, Schema
from plait.engines.base import json_bytes, read_artefact, write_artefact
from plait.engines.pipeline import PIPELINE, Pipeline
from plait.engines.text import text_output
from plait.engines.text_llm import LABELS, WEIGHTS, LabelModel, Labels, load, raw_of
from plait.testing.engine import check_engine

LEVELS = ("food", "sports")
LABELS_OF = Labels(
    instruction="Is it about food or sports?", words=LEVELS, prior=(-0.5, -1.0)
).record()


class Scores:
    """Says the same of every text."""

    def __init__(self, *shares):
        self._logs = np.log(shares)

    def score(self, text):
        del text
        return self._logs


def artefact(folder, labels=LABELS_OF, files=None):
    pipeline = Pipeline(problem="binary", classes=LEVELS, encode=(), threshold=0.5)
    manifest = Manifest(
        engine="text_llm",
        task="text",
        problem="binary",
        input=Schema((Field(name="said", kind="text"),)),
        output=text_output(pipeline),
        origin="tests",
    )
    kept = {PIPELINE: json_bytes(pipeline.record()), LABELS: json_bytes(labels)}
    return write_artefact(folder, manifest, {**kept, **(files or {})})


def test_what_a_model_says_anyway_counts_for_nothing(tmp_path):
    predictor = load(artefact(tmp_path / "a"), labeller=Scores(0.5, 0.5))
    answer = predictor.predict({"said": ["Pasta", "Football"]})
    assert list(answer["prediction"]) == ["sports", "sports"]  # it says `food` more readily
    expected = 1 / (1 + np.exp(-0.5))
    assert answer["probability_sports"] == pytest.approx([expected] * 2)
    assert answer["confidence"] == pytest.approx([expected] * 2)


def test_it_keeps_the_promises_of_an_engine(tmp_path):
    folder = artefact(tmp_path / "a", files={WEIGHTS: b"asked of nobody"}).folder

    def by_scores(folder):
        return load(read_artefact(folder), labeller=Scores(0.7, 0.3))

    check_engine(by_scores, folder, [{"said": "Pasta"}, {"said": ""}])


def test_scores_of_two_levels_are_how_far_the_second_is_ahead():
    assert raw_of(np.array([-1.0, -3.0])).tolist() == [-2.0]
    assert raw_of(np.array([-1.0, -3.0, -2.0])).tolist() == [-1.0, -3.0, -2.0]
    assert LabelModel(Scores(1.0), (0.0, 0.0)).n_classes == 1
    assert LabelModel(Scores(1.0), (0.0, 0.0, 0.0)).n_classes == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"words": ["food", "food"]},
        {"words": ["food"]},
        {"words": "food"},
        {"words": None},
        {"prior": [0.0]},
        {"prior": ["nought", 0.0]},
        {"prior": 0.0},
    ],
    ids=str,
)
def test_labels_that_do_not_fit_the_levels_are_damage(tmp_path, changes):
    damaged = artefact(tmp_path / "a", {**LABELS_OF, **changes})
    with pytest.raises(EngineError, match=r"labels\.json") as caught:
        load(damaged, labeller=Scores(0.5, 0.5))
    assert caught.value.code == "artefact_damaged"


def test_without_weights_nothing_can_be_asked(tmp_path):
    with pytest.raises(EngineError, match=WEIGHTS) as caught:
        load(artefact(tmp_path / "a"))
    assert caught.value.code == "artefact_damaged"
    load(artefact(tmp_path / "b", files={WEIGHTS: b"not read before it is asked"}))
