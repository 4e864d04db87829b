import numpy as np
import pytest

from plait.core.artefact import Artefact, Manifest
from plait.core.errors import EngineError
from plait.core.response import Reason
from plait.core.schema import Field, Schema
from plait.engines.pipeline import Calibration, Pipeline
from plait.engines.text import Reading, TextPredictor, text_output

SAID = Field(name="said", kind="text")


class Letters:
    """Scores a text by its letters; the closeness is a tenth of its length."""

    n_classes = 3

    def read(self, text, reasons):
        raw = np.array([float(text.count(letter)) for letter in "abc"])
        if "!" in text:
            example = Reason("a", "aaa", 0.5, "example")
            return Reading(raw, 0.5, reasons=(example,) * reasons)
        words = tuple(dict.fromkeys(text)) if reasons else ()
        shares = np.array([[text.count(w) * (w == each) for w in words] for each in "abc"])
        return Reading(
            raw, min(1.0, len(text) / 10), shares=shares if reasons else None, words=words
        )


def make(tmp_path, *, abstain=None, fields=(SAID,), model=None, **parts):
    parts = {"problem": "multiclass", "classes": ("a", "b", "c"), **parts}
    pipeline = Pipeline(encode=(), calibrate=Calibration(), abstain=abstain, **parts)
    manifest = Manifest(
        engine="letters",
        task="text",
        problem=pipeline.problem,
        input=Schema(fields),
        output=text_output(pipeline),
        origin="tests",
    )
    return TextPredictor(Artefact(manifest, tmp_path), model or Letters(), pipeline)


def test_a_text_has_a_level_probabilities_and_a_confidence(tmp_path):
    answer = make(tmp_path).predict({"said": ["aaabx"]})
    assert answer["prediction"] == ["a"]
    assert sum(answer[f"probability_{level}"][0] for level in "abc") == pytest.approx(1)
    assert answer["confidence"][0] == pytest.approx(0.5 * answer["probability_a"][0])
    assert "reasons" not in answer


def test_with_too_little_confidence_there_is_no_level(tmp_path):
    predictor = make(tmp_path, abstain=0.4)
    alone = [predictor.predict({"said": [text]}) for text in ("aaaaaaaaaa", "aaa", "")]
    assert [each["prediction"][0] for each in alone] == ["a", None, None]
    together = predictor.predict({"said": ["aaaaaaaaaa", "aaa", ""]})
    assert together["prediction"].tolist() == ["a", None, None]
    assert together["confidence"].tolist() == [each["confidence"][0] for each in alone]


def test_a_blank_text_is_near_to_nothing(tmp_path):
    assert make(tmp_path).predict({"said": [" \n" * 20]})["confidence"] == [0.0]


def test_reasons_are_words_or_examples(tmp_path):
    predictor = make(tmp_path)
    reasons = predictor.predict({"said": ["aaab", "aa!"]}, reasons=2)["reasons"]
    assert [(each.feature, each.value) for each in reasons[0]] == [("said", "a"), ("said", "b")]
    assert reasons[0][0].contribution == pytest.approx(2.0)  # 3 of its own, 1 on average
    assert [each.kind for each in reasons[1]] == ["example"] * 2


def test_levels_keep_their_type(tmp_path):
    predictor = make(tmp_path, classes=(1, 2, 3), abstain=0.4)
    found = predictor.predict({"said": ["aaaaaaaaaa", ""]})["prediction"].tolist()
    assert found == [1, None]
    assert type(found[0]) is int


@pytest.mark.parametrize("columns", [{}, {"text": ["a"]}, {"said": ["a", 3]}, {"said": [None]}])
def test_what_is_no_text_is_refused(tmp_path, columns):
    with pytest.raises(EngineError) as caught:
        make(tmp_path).predict(columns)
    assert caught.value.code == "engine_failed"


@pytest.mark.parametrize(
    "parts",
    [
        {"classes": ("a", "b"), "problem": "binary"},
        {"classes": ("a", "b")},
        {"fields": (SAID, Field(name="more", kind="text"))},
        {"fields": (Field(name="said", kind="category"),)},
    ],
)
def test_a_model_that_is_not_the_pipelines_is_damaged(tmp_path, parts):
    with pytest.raises(EngineError) as caught:
        make(tmp_path, **parts)
    assert caught.value.code == "artefact_damaged"


def test_only_an_artefact_that_may_abstain_says_so(tmp_path):
    for abstain in (None, 0.4):
        output = make(tmp_path, abstain=abstain).artefact.manifest.output
        assert output["prediction"].nullable == (abstain is not None)
        assert output.names[-1] == "confidence"
