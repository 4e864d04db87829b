import math
from dataclasses import replace

import pytest

from plait.core.artefact import Manifest
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.linear import LinearModel
from plait.engines.pipeline import PIPELINE, NumberCode, Pipeline
from plait.testing.engine import check_engine

ROWS = [{"x": 1.0, "y": None}, {"x": -2.0, "y": 5}, {"x": 0.5, "y": -1.0}]


@pytest.fixture
def folder(tmp_path):
    pipeline = Pipeline(
        problem="binary",
        classes=("no", "yes"),
        encode=(NumberCode(column="x"), NumberCode(column="y", fill=0.0)),
    )
    manifest = Manifest(
        engine="linear",
        task="tabular",
        problem="binary",
        input=Schema(
            (Field(name="x", kind="number"), Field(name="y", kind="number", nullable=True))
        ),
        output=output_schema(pipeline),
        origin="tests",
    )
    model = LinearModel([[1.0, 0.5]], [0.1], [0.0, 1.0])
    parts = {PIPELINE: pipeline.record(), "model.json": model.record()}
    files = {name: json_bytes(part) for name, part in parts.items()}
    return write_artefact(tmp_path / "artefact", manifest, files).folder


class Broken:
    """A predictor whose answers and input something happens to."""

    def __init__(self, predictor, harm):
        self.artefact = predictor.artefact
        self._predictor = predictor
        self._harm = harm

    def predict(self, columns, *, reasons=0):
        answer = {
            name: list(column)
            for name, column in self._predictor.predict(columns, reasons=reasons).items()
        }
        self._harm(answer, columns)
        return answer


def surplus(answer, columns):
    answer["surplus"] = answer["prediction"]


def shorter(answer, columns):
    answer["prediction"] = answer["prediction"][1:]


def unsure(answer, columns):
    answer["probability_no"] = [0.9 * value for value in answer["probability_no"]]


def strange(answer, columns):
    answer["prediction"] = ["perhaps"] * len(answer["prediction"])


def greedy(answer, columns):
    columns["x"] = [0.0] * len(columns["x"])


def moody(answer, columns):
    if len(columns["x"]) == 1:
        negative, positive = answer["probability_no"], answer["probability_yes"]
        answer["probability_no"], answer["probability_yes"] = positive, negative


def ordered(answer, columns):
    if columns["x"] == [0.5, -2.0, 1.0]:
        for column in answer.values():
            column.reverse()


def forgetful(answer, columns):
    if columns["y"] == [None, None, None]:
        answer["probability_yes"] = [math.nan] * 3


def unkind(answer, columns):
    if "reasons" in answer:
        answer["reasons"] = [
            tuple(replace(reason, contribution=2 * reason.contribution) for reason in reasons)
            for reasons in answer["reasons"]
        ]


def backwards(answer, columns):
    if "reasons" in answer:
        answer["reasons"] = [reasons[::-1] for reasons in answer["reasons"]]


def inventive(answer, columns):
    if "reasons" in answer:
        answer["reasons"] = [
            tuple(replace(reason, value=0.25) for reason in reasons)
            for reasons in answer["reasons"]
        ]


def test_a_sound_engine_passes(folder):
    check_engine(load, folder, ROWS)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (surplus, "the manifest says"),
        (shorter, "have not the 3 values"),
        (unsure, "not 1 in all"),
        (strange, "is no level"),
        (greedy, "changes the columns"),
        (moody, "answered alone"),
        (ordered, "in the reverse order"),
        (forgetful, "a number is missing"),
        (unkind, "reasons miss the score"),
        (backwards, "largest reason is not first"),
        (inventive, "a reason quotes 0.25"),
    ],
)
def test_a_broken_promise_is_named(folder, harm, message):
    def broken(path):
        return Broken(load(path), harm)

    with pytest.raises(AssertionError, match=message):
        check_engine(broken, folder, ROWS)


def test_an_engine_that_does_not_verify(folder):
    with pytest.raises(AssertionError, match="is cut short, and load says nothing"):
        check_engine(lambda _: load(folder), folder, ROWS)
