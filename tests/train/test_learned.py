from dataclasses import replace

import numpy as np
import pytest

from plait.core.protocol import Sample
from plait.core.schema import Field, Schema
from plait.engines.array_file import array_bytes
from plait.train.base import inner_folds
from plait.train.learned import Learner, learn, record_of, score_names

WORDS = ("late", "paid", "moved")


class Spelled:
    """An encoder of three words: each has a direction of its own."""

    def __init__(self):
        self.asked = 0

    def matrix(self, texts):
        self.asked += len(texts)
        found = [[float(word in text) for word in WORDS] for text in texts]
        return np.array(found, dtype=np.float32).reshape(len(texts), 3)

    def files(self):
        return {"model.onnx": b"m", "tokenizer.json": b"t"}

    def record(self):
        return {"model.onnx": "00"}


def make(problem="binary", rows=200, gone=0):
    random = np.random.default_rng(1)
    word = random.integers(0, 3, rows)
    texts = [f"{WORDS[each]} {number}" for number, each in enumerate(word)]
    texts[:gone] = [None] * gone
    noise = random.random(rows) < 0.1
    target = {
        "binary": np.where(noise, 1 - (word == 1), word == 1),
        "multiclass": np.where(noise, (word + 1) % 3, word),
        "regression": word * 2.0 + random.normal(0, 0.1, rows),
    }[problem]
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[problem]
    return Sample(
        input=Schema((Field(name="x", kind="number"), Field(name="said", kind="text"))),
        columns={"x": np.zeros(rows), "said": texts},
        target=target.astype(float).tolist(),
        classes=classes,
        problem=problem,
        seed=0,
    )


@pytest.mark.parametrize("problem", ["binary", "regression"])
def test_a_text_is_one_number(problem):
    sample = make(problem)
    found = learn(sample, "said", "", Spelled())
    (scores,) = found.columns.values()
    assert list(found.columns) == ["score of said"]
    assert np.corrcoef(scores, sample.target)[0, 1] > 0.7
    assert found.part.weights == "encoder/weights_1.npy"
    assert set(found.files) == {
        "encoder/model.onnx", "encoder/tokenizer.json", "encoder/weights_1.npy",
    }  # fmt: skip


def test_three_classes_have_a_score_each():
    sample = make("multiclass")
    found = learn(sample, "said", "what they say", Spelled())
    assert list(found.columns) == score_names(sample, "said")
    assert [field.label for field in found.part.fields][1] == "score of what they say: b"
    scores = np.column_stack(list(found.columns.values()))
    assert (scores.argmax(axis=1) == sample.target).mean() > 0.8


def test_a_label_stands_for_the_column_and_for_no_other_letters():
    sample = make()
    short = replace(
        sample,
        input=Schema((Field(name="o", kind="text"),)),
        columns={"o": sample.columns["said"]},
    )
    assert learn(short, "o", "words", Spelled()).part.fields[0].label == "score of words"


def test_a_row_is_scored_by_a_model_that_did_not_see_it():
    """Texts that are all unlike tell nothing of each other, however well they are learnt."""

    class Apart(Spelled):
        def matrix(self, texts):
            return np.eye(len(texts), dtype=np.float32)

    sample = make()
    found = learn(sample, "said", "", Apart())
    fold = inner_folds(sample)
    (scores,) = found.columns.values()
    for number in np.unique(fold):  # nothing but the intercept of the others
        assert np.ptp(scores[fold == number]) < 1e-9


def test_a_missing_text_has_no_score_and_no_say():
    sample, encoder = make(gone=20), Spelled()
    found = learn(sample, "said", "", encoder)
    (scores,) = found.columns.values()
    assert np.isnan(scores[:20]).all()
    assert not np.isnan(scores[20:]).any()
    assert encoder.asked == 180
    assert found.part.fields[0].nullable


def test_rows_without_a_single_text_still_give_an_artefact_that_reads_one():
    sample = make(gone=200)
    found = learn(sample, "said", "", Spelled())
    assert np.isnan(found.columns["score of said"]).all()
    assert found.files["encoder/weights_1.npy"] == array_bytes(np.zeros((1, 3)))


def test_where_nothing_can_be_held_out_every_text_scores_nothing():
    sample = make()
    alone = replace(sample, target=[1.0, *[0.0] * (len(sample.target) - 1)])
    found = learn(alone, "said", "", Spelled())
    assert set(found.columns["score of said"].tolist()) == {0.0}
    assert found.files["encoder/weights_1.npy"] == array_bytes(np.zeros((1, 3)))


def test_the_evidence_names_the_encoder():
    assert record_of(Spelled())["encoder"] == {"model.onnx": "00"}


def test_what_was_learnt_last_is_remembered_and_nothing_else():
    sample, encoder = make(), Spelled()
    learner = Learner(encoder)
    first = learner.learn(sample, "said", "")
    assert learner.learn(replace(sample, target=list(sample.target)), "said", "") is first
    assert encoder.asked == 200
    other = replace(sample, target=[1 - each for each in sample.target])
    assert learner.learn(other, "said", "") is not first
    assert learner.learn(sample, "said", "").columns["score of said"].tolist() == (
        first.columns["score of said"].tolist()
    )
