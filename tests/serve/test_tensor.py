"""Tensors into rows, and answers into tensors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidRequest
from plait.core.response import ForecastResponse, Prediction, PredictResponse, WatchResponse
from plait.core.schema import Field, Schema
from plait.serve.body import Body
from plait.serve.tensor import (
    answer_tensors,
    input_tensors,
    output_tensors,
    read_rows,
    read_series,
    series_tensors,
    wanted_outputs,
)

FIELDS = (
    Field(name="a", kind="number", integer=True),
    Field(name="b", kind="boolean"),
    Field(name="c", kind="category", levels=("x", "y")),
)
NUMBERS = tuple(Field(name=name, kind="number") for name in "pqr")
LEVELS = Schema(
    (
        Field(name="prediction", kind="category", levels=("no", 'y,"es')),
        Field(name="probability_no", kind="number"),
        Field(name='probability_y,"es', kind="number"),
    )
)


def tensor(name, shape, datatype, data, **more):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **more}


def read(*tensors, fields=FIELDS):
    return read_rows(Body({"inputs": list(tensors)}).objects("inputs"), fields)


def test_one_tensor_per_field():
    rows = read(
        tensor("a", [2], "INT64", [1, None]),
        tensor("c", [2, 1], "BYTES", [["x"], ["never seen"]]),
        tensor("b", [2, 1], "BOOL", [True, False]),
    )
    assert rows == (
        {"a": 1, "c": "x", "b": True},
        {"a": None, "c": "never seen", "b": False},
    )


@given(
    rows=st.lists(st.lists(st.floats(allow_nan=False), min_size=3, max_size=3), max_size=5),
    nested=st.booleans(),
)
def test_a_matrix_is_read_row_by_row(rows, nested):
    data = rows if nested else [value for row in rows for value in row]
    found = read(tensor("any", [len(rows), 3], "FP64", data), fields=NUMBERS)
    assert found == tuple(dict(zip("pqr", row, strict=True)) for row in rows)


def test_zero_and_one_of_numbers_are_truths_where_the_field_is_one():
    fields = (Field(name="p", kind="number"), Field(name="t", kind="boolean"))
    data = [[1, 1], [0.5, 0.0], [2, None], [2, 3]]
    rows = read(tensor("x", [4, 2], "FP32", data), fields=fields)
    assert [row["t"] for row in rows] == [True, False, None, 3]
    assert [type(row["p"]) for row in rows] == [int, float, int, int]


def test_one_field_may_be_a_column_of_any_name():
    field = (Field(name="said", kind="text"),)
    for name in ("said", "input-0"):
        assert read(tensor(name, [1, 1], "BYTES", ["hi"]), fields=field) == ({"said": "hi"},)


@pytest.mark.parametrize(
    ("tensors", "part"),
    [
        ([], "no tensor"),
        ([{}], "name"),
        ([tensor("a", [1], "INT65", [1])], "BOOL, BYTES, FP16"),
        ([tensor("a", 1, "INT8", [1])], "one or two sizes"),
        ([tensor("a", [], "INT8", [1])], "one or two sizes"),
        ([tensor("a", [1, 1, 1], "INT8", [1])], "one or two sizes"),
        ([tensor("a", [-1], "INT8", [1])], "one or two sizes"),
        ([tensor("a", [1.0], "INT8", [1])], "one or two sizes"),
        ([tensor("a", [True], "INT8", [1])], "one or two sizes"),
        ([tensor("a", [10**30, 10**30], "INT8", [1])], "not of the shape"),
        ([tensor("a", [2], "INT8", [1])], "not of the shape"),
        ([tensor("a", [1, 3], "INT8", [[1, 2]])], "not of the shape"),
        ([tensor("a", [2, 3], "INT8", [[1, 2, 3], [1, 2, 3, 4]])], "not of the shape"),
        ([tensor("a", [1], "INT8", 1)], "a list"),
        ([tensor("a", [1, 2], "INT8", [1, 2])], "3 fields"),
        ([tensor("a", [1], "INT8", [1]), tensor("b", [2], "BOOL", [True] * 2)], "unequal height"),
        ([tensor("a", [1], "INT8", [1])] * 2, "two tensors are named"),
        ([tensor("a", [1], "INT8", [1]), tensor("b", [1, 2], "BOOL", [True] * 2)], "[n, 1]"),
        ([tensor("a", [1], "INT8", None, parameters={"binary_data_size": 8})], "JSON tensors only"),
    ],
)
def test_what_is_no_tensor(tensors, part):
    with pytest.raises(InvalidRequest) as caught:
        read(*tensors)
    assert caught.value.code in ("request_shape", "request_unsupported")
    assert part in str(caught.value)


def test_what_a_contract_takes():
    assert [(each.name, each.datatype, each.shape) for each in input_tensors(FIELDS)] == [
        ("a", "FP64", (-1,)),
        ("b", "BOOL", (-1,)),
        ("c", "BYTES", (-1,)),
    ]


def test_levels_stand_with_their_probabilities():
    first, second = output_tensors(LEVELS).values()
    assert (first.name, first.datatype, first.shape) == ("prediction", "BYTES", (-1,))
    assert (second.name, second.datatype, second.shape) == ("probabilities", "FP64", (-1, 2))
    assert second.parameters == {"levels": '["no","y,\\"es"]'}


@pytest.mark.parametrize(
    ("field", "datatype"),
    [
        (Field(name="prediction", kind="number", integer=True), "INT64"),
        (Field(name="prediction", kind="number"), "FP64"),
        (Field(name="prediction", kind="boolean"), "BOOL"),
    ],
)
def test_the_datatype_of_an_answer(field, datatype):
    assert output_tensors(Schema((field,)))["prediction"].datatype == datatype


def test_a_set_is_a_truth_per_level():
    fields = (
        Field(name="prediction", kind="boolean"),
        *(Field(name=f"set_{level}", kind="boolean") for level in ("false", "true")),
        Field(name="something", kind="number"),
    )
    told = output_tensors(Schema(fields))
    assert list(told) == ["prediction", "set"]
    said = (Prediction(True, {}, set=("true",)), Prediction(True, {}, set=("false", "true")))
    response = PredictResponse(id="r", contract="c", artefact="a", decision="d", predictions=said)
    (held,) = answer_tensors(response, [told["set"]])
    assert (held.datatype, held.shape) == ("BOOL", (2, 2))
    assert held.data == [False, True, True, True]


def test_outputs_may_be_chosen():
    def wanted(*names):
        body = Body({"outputs": [{"name": name} for name in names]})
        return [each.name for each in wanted_outputs(body, LEVELS)]

    assert wanted() == ["prediction", "probabilities"]
    assert wanted("probabilities", "probabilities") == ["probabilities"]
    with pytest.raises(InvalidRequest, match="did you mean 'prediction'"):
        wanted("predicton")


def test_answers_are_flat():
    low, high = {"no": 0.75, 'y,"es': 0.25}, {"no": 0.25, 'y,"es': 0.75}
    response = PredictResponse(
        id="r",
        contract="c",
        artefact="a",
        decision="d",
        predictions=(Prediction("no", low), Prediction('y,"es', high)),
    )
    told = output_tensors(LEVELS)
    shares, best = answer_tensors(response, [told["probabilities"], told["prediction"]])
    assert (shares.shape, shares.data) == ((2, 2), [0.75, 0.25, 0.25, 0.75])
    assert (best.shape, best.data) == ((2,), ["no", 'y,"es'])


def test_how_strange_a_row_is_has_a_tensor():
    output = Schema((Field(name="prediction", kind="boolean"), Field(name="score", kind="number")))
    said = (Prediction(True, {}, score=0.99), Prediction(False, {}, score=0.5))
    response = PredictResponse(id="r", contract="c", artefact="a", decision="d", predictions=said)
    strange, score = answer_tensors(response, wanted_outputs(Body({}), output))
    assert (strange.datatype, strange.data) == ("BOOL", [True, False])
    assert (score.datatype, score.data) == ("FP64", [0.99, 0.5])


def series(*tensors):
    return read_series(Body({"inputs": list(tensors)}).objects("inputs"), "load")


def test_a_series_is_two_tensors():
    request = series(
        tensor("history", [3, 1], "FP64", [[1], [None], [2.5]]),
        tensor("horizon", [1], "FP64", [2.0]),
    )
    assert (request.contract, request.history, request.horizon) == ("load", [1, None, 2.5], 2)
    assert series(tensor("history", [1], "FP64", [1])).horizon is None


@pytest.mark.parametrize(
    ("tensors", "part"),
    [
        ([], "no tensor `history`"),
        ([tensor("horizon", [1], "INT64", [1])], "no tensor `history`"),
        ([tensor("histroy", [1], "FP64", [1])], "inputs[0].name"),
        ([tensor("history", [1], "FP64", [1])] * 2, "inputs[1].name"),
        ([tensor("horizon", [2], "INT64", [1, 2])], "inputs[0].shape"),
        ([tensor("history", [2, 2], "FP64", [1, 2, 3, 4])], "one series"),
        ([tensor("history", [1], "FP65", [1])], "inputs[0].datatype"),
    ],
)
def test_what_is_no_series(tensors, part):
    with pytest.raises(InvalidRequest) as caught:
        series(*tensors)
    assert part in str(caught.value)


def test_a_forecast_has_an_item_per_step_and_a_watch_one():
    told = {"id": "r", "contract": "c", "artefact": "a", "decision": "d"}
    fields = tuple(Field(name=each, kind="number") for each in ("prediction", "lower", "upper"))
    wanted = list(output_tensors(Schema(fields)).values())
    ahead = ForecastResponse(forecasts=(1.0, 2.0), lower=(0.0, 1.0), upper=(2.0, 3.0), **told)
    said = series_tensors(ahead, wanted)
    assert [(each.name, each.shape, each.data) for each in said] == [
        ("prediction", (2,), [1.0, 2.0]),
        ("lower", (2,), [0.0, 1.0]),
        ("upper", (2,), [2.0, 3.0]),
    ]
    now = WatchResponse(prediction=True, score=0.99, lower=None, upper=3.0, alarms=(), **told)
    assert [each.data for each in series_tensors(now, wanted)] == [[True], [None], [3.0]]
