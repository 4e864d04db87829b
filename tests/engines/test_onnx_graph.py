"""Any graph on ONNX Runtime, and what it says of one that does not run."""

import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from plait.core.errors import EngineError, MissingExtra
from plait.engines.onnx_graph import load_graph


@pytest.fixture(scope="module")
def content():
    """A graph that adds two columns."""
    values = [helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n"]) for name in "abc"]
    node = helper.make_node("Add", ["a", "b"], ["c"])
    graph = helper.make_graph([node], "sum", values[:2], values[2:])
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, ir_version=10, opset_imports=opsets).SerializeToString()


def test_arrays_in_arrays_out(content):
    (found,) = load_graph(content)({"a": np.array([1.0, 2.0]), "b": np.array([0.5, 0.5])})
    assert found.tolist() == [1.5, 2.5]


def test_what_does_not_run_is_told(content):
    with pytest.raises(EngineError) as caught:
        load_graph(content)({"a": np.array([1.0])})
    assert caught.value.code == "engine_failed"
    with pytest.raises(EngineError, match="does not load"):
        load_graph(content[: len(content) // 2])


def test_without_the_library_it_is_said_what_to_install(content, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match="pip install"):
        load_graph(content)
