"""A graph while it is written: what its parts are called, and what stands for a missing text."""

import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest

from plait.core.errors import MissingExtra
from plait.core.expression import parse_expression
from plait.engines.onnx_graph import load_graph, open_graph
from plait.engines.pipeline import Read
from plait.train.export_model import Formula
from plait.train.export_onnx_graph import IR, Graph, missing_text


@pytest.fixture
def model(plain_models):
    """Its fields: `yearly income`, `debt/ratio %`, `int`, `日本` and `prediction`."""
    return plain_models["linear", "regression"][1]


def comparing(model, *texts):
    formulas = tuple(
        Formula(
            f"made {at}",
            parse_expression(f"prediction == {text!r}").tree,
            (Read(column="prediction", kind="category"),),
        )
        for at, text in enumerate(texts)
    )
    return replace(model, formulas=formulas)


def test_what_is_built_is_computed(model):
    graph = Graph(model)
    income, ratio = "yearly income", "debt/ratio %"
    larger = graph.node("Greater", income, ratio)
    chosen = graph.where(larger, np.nan, graph.node("Add", income, graph.constant(0.1)))
    both = graph.columns([chosen, graph.cast(larger, "DOUBLE")])
    content = graph.model({"prediction": (both, "DOUBLE", ["rows", 2])})
    onnx.checker.check_model(content, full_check=True)
    assert onnx.load_from_string(content).ir_version == IR
    opened = open_graph(content)
    assert [port.name for port in opened.outputs] == ["output_prediction"]  # a field bears it
    assert opened.notes["missing_text"] == graph.absent
    text = np.full((2, 1), "a", object)
    (answer,) = load_graph(content)(
        {
            income: np.array([[0.2], [5.0]]),
            ratio: np.array([[0.3], [4.0]]),
            "int": np.zeros((2, 1)),
            "日本": text,
            "prediction": text,
        }
    )
    np.testing.assert_array_equal(answer, [[0.1 + 0.2, 0.0], [np.nan, 1.0]])


def test_columns_that_are_one_stay_as_they_are(model):
    assert Graph(model).columns(["int"]) == "int"


def test_a_missing_text_is_none_that_the_model_tells_apart(plain_models):
    bare = plain_models["constant", "binary"][1]
    assert missing_text(bare) == ""
    assert missing_text(comparing(bare, "", "a")) == "?"
    assert missing_text(comparing(bare, "", "?")) == "??"


def test_without_onnx_it_is_said_what_to_install(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match="pip install"):
        Graph(model)
