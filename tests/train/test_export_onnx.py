"""One ONNX graph: strings in, answers out, on ONNX Runtime."""

import json
import sys

import numpy as np
import onnx
import pytest

from plait.core.errors import EngineError, MissingExtra
from plait.engines.onnx_graph import load_graph
from plait.train.export_onnx import runner, write
from plait.train.export_onnx_graph import missing_text
from plait.train.parity import check, make_rows


def test_it_answers_as_its_artefact(plain):
    predictor, model = plain
    found = check(predictor, model, runner(model, write(model)), make_rows(model, 1500))
    assert found.difference < 1e-12


def test_it_is_sound_and_always_the_same_bytes(plain):
    _, model = plain
    content = write(model)
    onnx.checker.check_model(content, full_check=True)
    assert content == write(model)


def test_inputs_and_outputs_are_named_as_the_fields_and_told_apart(plain_models):
    _, model = plain_models["lightgbm", "binary"]
    graph = onnx.load_from_string(write(model))
    assert [each.name for each in graph.graph.input] == list(model.input.names)
    assert [each.name for each in graph.graph.output] == ["output_prediction", "probabilities"]
    notes = {each.key: each.value for each in graph.metadata_props}
    assert notes["artefact"] == model.artefact
    assert json.loads(notes["levels"]) == [False, True]
    assert notes["missing_text"] == missing_text(model) == "?"  # "" is a level


def test_a_row_the_server_would_refuse_is_answered_with_nan(plain_models):
    _, model = plain_models["lightgbm", "regression"]
    run = load_graph(write(model))
    numbers = np.array([[1.0], [np.nan], [np.inf]])
    arrays = {
        "yearly income": numbers,
        "debt/ratio %": np.full((3, 1), np.nan),
        "int": np.ones((3, 1)),
        "日本": np.full((3, 1), "?", object),
        "prediction": np.full((3, 1), "a", object),
    }
    for answer in run(arrays):
        assert np.isfinite(answer).tolist() == [True, False, False]


def test_what_is_no_graph_or_lacks_an_input_is_told():
    with pytest.raises(EngineError, match="does not load"):
        load_graph(b"nonsense")


def test_without_onnx_it_is_said_what_to_install(plain, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtra, match="pip install"):
        write(plain[1])
