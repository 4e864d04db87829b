"""A graph from elsewhere is asked as it wants to be, and its answer is read as it is."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from plait.core.artefact import Manifest
from plait.core.errors import EngineError
from plait.core.schema import Field, Schema
from plait.engines.answer import output_schema
from plait.engines.base import json_bytes, load, write_artefact
from plait.engines.onnx_rows import GRAPH, MODEL, Wiring
from plait.engines.pipeline import PIPELINE, Calibration, Pipeline

NAMES = ("age", "debt")
SCHEMA = Schema(tuple(Field(name=name, kind="number", nullable=True) for name in NAMES))


def graph(nodes, inputs, outputs, constants=()):
    made = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(made, ir_version=9, opset_imports=opsets).SerializeToString()


def matrix_graph():
    """Return the softmax of a row of two numbers."""
    return graph(
        [helper.make_node("Softmax", ["x"], ["p"], axis=1)],
        [("x", TensorProto.FLOAT, ["n", 2])],
        [("p", TensorProto.FLOAT, ["n", 2])],
    )


def written(folder, content, wiring, problem="binary", classes=("no", "yes"), **changes):
    pipeline = Pipeline(
        problem=problem,
        classes=classes,
        encode=(),
        calibrate=None if problem == "regression" else Calibration(),
        **changes,
    )
    manifest = Manifest(
        engine="onnx_rows",
        task="tabular",
        problem=problem,
        input=SCHEMA,
        output=output_schema(pipeline),
        origin="tests",
    )
    files = {PIPELINE: json_bytes(pipeline.record()), MODEL: content}
    write_artefact(folder, manifest, {**files, GRAPH: json_bytes(wiring.record())})
    return folder


ROWS = {"age": [1.0, 2.0, 0.5], "debt": [3.0, 0.0, 0.5]}
WIRED = Wiring(inputs={"x": NAMES}, output=0, places=(0, 1))


def softmax(rows):
    powers = np.exp(np.column_stack([rows["age"], rows["debt"]]))
    return powers / powers.sum(axis=1, keepdims=True)


def test_a_matrix_becomes_probabilities(tmp_path):
    predictor = load(written(tmp_path, matrix_graph(), WIRED))
    answer = predictor.predict(ROWS, reasons=2)
    assert answer["probability_yes"] == pytest.approx(softmax(ROWS)[:, 1], abs=1e-7)
    assert list(answer["prediction"]) == ["yes", "no", "yes"]
    assert answer["reasons"] == [(), (), ()]
    alone = predictor.predict({name: values[:1] for name, values in ROWS.items()})
    assert alone["probability_yes"] == [answer["probability_yes"][0]]
    assert alone["prediction"] == ["yes"]


def test_the_classes_stand_where_the_wiring_says(tmp_path):
    wiring = Wiring(inputs={"x": ("debt", "age")}, output=0, places=(1, 0))
    answer = load(written(tmp_path, matrix_graph(), wiring)).predict(ROWS)
    assert answer["probability_yes"] == pytest.approx(softmax(ROWS)[:, 1], abs=1e-7)


def test_an_input_per_column_and_a_zipmap(tmp_path):
    content = graph(
        [
            helper.make_node("Concat", ["age", "debt"], ["x"], axis=1),
            helper.make_node("Softmax", ["x"], ["p"], axis=1),
            helper.make_node("ZipMap", ["p"], ["z"], domain="ai.onnx.ml",
                             classlabels_strings=["no", "yes"]),
        ],
        [(name, TensorProto.FLOAT, ["n", 1]) for name in NAMES],
        [("p", TensorProto.FLOAT, ["n", 2])],
    )  # fmt: skip
    model = onnx.load_from_string(content)
    del model.graph.output[:]
    model.graph.output.append(onnx.ValueInfoProto(name="z"))
    wiring = Wiring(inputs={"age": ("age",), "debt": ("debt",)}, output=0, keys=("no", "yes"))
    answer = load(written(tmp_path, model.SerializeToString(), wiring)).predict(ROWS)
    assert answer["probability_yes"] == pytest.approx(softmax(ROWS)[:, 1], abs=1e-7)


def test_a_number_is_the_answer_of_a_regression(tmp_path):
    content = graph(
        [helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=1)],
        [("x", TensorProto.DOUBLE, ["n", 2])],
        [("y", TensorProto.DOUBLE, ["n", 1])],
        [("axes", np.array([1]))],
    )
    wiring = Wiring(inputs={"x": NAMES}, output=0)
    predictor = load(written(tmp_path, content, wiring, "regression", ()))
    assert predictor.predict(ROWS)["prediction"].tolist() == [4.0, 2.0, 1.0]
    missing = {"age": [None, 1.0], "debt": [1.0, 1.0]}
    with pytest.raises(EngineError, match="not a finite number"):
        predictor.predict(missing)


def test_one_probability_is_that_of_the_second_class(tmp_path):
    content = graph(
        [helper.make_node("Sigmoid", ["x"], ["p"])],
        [("x", TensorProto.FLOAT, ["n", 1])],
        [("p", TensorProto.FLOAT, ["n", 1])],
    )
    wiring = Wiring(inputs={"x": ("age",)}, output=0, places=(0, 1))
    answer = load(written(tmp_path, content, wiring)).predict(ROWS)
    expected = 1 / (1 + np.exp(-np.array(ROWS["age"])))
    assert answer["probability_yes"] == pytest.approx(expected, abs=1e-6)


def test_texts_and_whole_numbers_are_given_as_such(tmp_path):
    content = graph(
        [
            helper.make_node("LabelEncoder", ["area"], ["code"], domain="ai.onnx.ml",
                             keys_strings=["coast", "gone"], values_floats=[5.0, 7.0],
                             default_float=1.0),
            helper.make_node("Cast", ["rooms"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["code", "number"], ["y"]),
        ],
        [("area", TensorProto.STRING, ["n", 1]), ("rooms", TensorProto.INT64, ["n", 1])],
        [("y", TensorProto.FLOAT, ["n", 1])],
    )  # fmt: skip
    wiring = Wiring(inputs={"area": ("area",), "rooms": ("rooms",)}, output=0, missing_text="gone")
    predictor = load(written(tmp_path, content, wiring, "regression", ()))
    rows = {"area": ["coast", None, "hill"], "rooms": [1, True, 3.0]}
    assert predictor.predict(rows)["prediction"].tolist() == [6.0, 8.0, 4.0]
    with pytest.raises(EngineError, match=r"'rooms' .* the graph reads whole numbers"):
        predictor.predict({"area": ["coast"], "rooms": [None]})
    with pytest.raises(EngineError, match=r"'rooms' .* is no number"):
        predictor.predict({"area": ["coast"], "rooms": ["1"]})
    with pytest.raises(EngineError, match=r"'area' .* is no text"):
        predictor.predict({"area": [1.0], "rooms": [1]})
    with pytest.raises(EngineError, match=r"'area' .* absent"):
        predictor.predict({"rooms": [1]})
    with pytest.raises(EngineError, match="unequal length"):
        predictor.predict({"area": ["coast"], "rooms": [1, 2]})


@pytest.mark.parametrize(
    ("wiring", "said"),
    [
        ({"inputs": {"y": NAMES}, "output": 0}, "not of this graph"),
        ({"inputs": {"x": NAMES}, "output": 3}, "not of this graph"),
        ({"output": 0}, "lacks or mistakes a part"),
        ({"inputs": 3, "output": 0}, "lacks or mistakes a part"),
    ],
)
def test_a_damaged_artefact_is_told_at_once(tmp_path, wiring, said):
    class Mistaken:
        def record(self):
            return wiring

    with pytest.raises(EngineError, match=said):
        load(written(tmp_path, matrix_graph(), Mistaken()))


def test_no_graph_and_an_answer_of_another_shape(tmp_path):
    with pytest.raises(EngineError, match="damaged"):
        load(written(tmp_path / "a", b"no graph", WIRED))
    predictor = load(written(tmp_path / "b", matrix_graph(), WIRED, "multiclass", (1, 2, 3)))
    with pytest.raises(EngineError, match="numbers of the shape"):
        predictor.predict(ROWS)
    beyond = Wiring(inputs={"x": NAMES}, output=0, places=(0, 7))
    with pytest.raises(EngineError, match="not what it was"):
        load(written(tmp_path / "c", matrix_graph(), beyond)).predict(ROWS)
