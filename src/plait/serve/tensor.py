"""Tensors of the Open Inference Protocol v2: into rows, and from predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import prod
from typing import cast

import orjson

from plait.core.columns import Row, Scalar
from plait.core.errors import InvalidRequest, shown, suggestion
from plait.core.history import forecast_request
from plait.core.ids import Json
from plait.core.request import ForecastRequest
from plait.core.response import Forecast, ForecastResponse, PredictResponse
from plait.core.schema import Field, Schema
from plait.serve.body import Body, unsupported

_NUMBERS = frozenset(
    [
        "INT8",
        "INT16",
        "INT32",
        "INT64",
        "UINT8",
        "UINT16",
        "UINT32",
        "UINT64",
        "FP16",
        "FP32",
        "FP64",
    ]  # FP16 needs binary
)
DATATYPES = _NUMBERS | {"BOOL", "BYTES"}
_PLAIN = ("prediction", "lower", "upper", "score", "confidence")
_PER_LEVEL = {"probability_": ("probabilities", "FP64"), "set_": ("set", "BOOL")}
_BINARY = "this server reads and writes JSON tensors only: send `data`, binary_data=False"


@dataclass(frozen=True, slots=True)
class TensorMetadata:
    """A tensor that is taken or given; -1 is the number of rows."""

    name: str
    datatype: str
    shape: Sequence[int]
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of an answer, its items row by row."""

    name: str
    datatype: str
    shape: Sequence[int]
    data: Sequence[Scalar]
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_rows(inputs: Sequence[Body], fields: Sequence[Field]) -> tuple[Row, ...]:
    """Return the rows that tensors hold: one tensor per field, or one matrix in their order.

    Whether each value fits its field is for the contract's schema to say. A missing value is null.
    Zero and one of a tensor of numbers are false and true where a field is a boolean, since a
    matrix has one datatype.

    Raises:
        InvalidRequest: a tensor is not one, they are of unequal height, or the matrix has another
            width than the contract has fields.
    """
    columns: dict[str, list[object]] = {}
    kinds = {field.name: field.kind for field in fields}
    for tensor in inputs:
        name, numeric = tensor.text("name"), _datatype(tensor) in _NUMBERS
        shape, items = _items(tensor)
        width = shape[1] if len(shape) == 2 else 1
        if len(inputs) == 1 and len(shape) == 2 and (width > 1 or name not in kinds):
            names = _matrix_names(tensor, width, fields)
        elif width != 1:
            raise tensor.wrong("shape", "[n] or [n, 1], for one value per row")
        elif name in columns:
            raise InvalidRequest(
                "request_shape", f"two tensors are named {shown(name)}", where=tensor.at("name")
            )
        else:
            names = (name,)
        for at, each in enumerate(names):
            column = items[at::width]
            if numeric and kinds.get(each) == "boolean":
                column = [_truth(item) for item in column]
            columns[each] = column
    heights = {len(column) for column in columns.values()}
    if len(heights) != 1:
        what = f"tensors of unequal height: {sorted(heights)}" if heights else "no tensor"
        raise InvalidRequest("request_shape", what, where="inputs")
    rows = zip(*columns.values(), strict=True)
    return tuple(cast("Row", dict(zip(columns, values, strict=True))) for values in rows)


def read_series(inputs: Sequence[Body], contract: str) -> ForecastRequest:
    """Return what tensors ask of a series contract: `history`, and `horizon` if it is sent.

    Raises:
        InvalidRequest: a tensor is none, or is called otherwise; or there is no history.
    """
    sent: dict[str, Json] = {}
    for tensor in inputs:
        name = tensor.text("name")
        _datatype(tensor)
        shape, items = _items(tensor)
        if name not in ("history", "horizon") or name in sent:
            raise tensor.wrong("name", "one `history`, or one `horizon`")
        if name == "horizon" and len(items) != 1:
            raise tensor.wrong("shape", "[1], for one number of steps")
        if len(shape) == 2 and 1 not in shape:
            raise tensor.wrong("shape", "[n]: a request goes on with one series")
        sent[name] = cast("list[Json]", items) if name == "history" else _whole(items[0])
    if "history" not in sent:
        raise InvalidRequest(
            "request_shape", "no tensor `history`", where="inputs", hint="send the numbers so far"
        )
    return forecast_request(contract, sent)


def input_tensors(fields: Sequence[Field]) -> list[TensorMetadata]:
    """Return what a contract takes, one tensor per field."""
    return [TensorMetadata(each.name, _datatype_of(each), (-1,)) for each in fields]


def output_tensors(output: Schema) -> dict[str, TensorMetadata]:
    """Return what a contract answers with, by name; levels of a second axis are JSON text."""
    found = {
        each.name: TensorMetadata(each.name, _datatype_of(each, answer=True), (-1,))
        for each in output.fields
        if each.name in _PLAIN
    }
    for prefix, (name, datatype) in _PER_LEVEL.items():
        levels = [each.removeprefix(prefix) for each in output.names if each.startswith(prefix)]
        if levels:
            told = {"levels": orjson.dumps(levels).decode()}
            found[name] = TensorMetadata(name, datatype, (-1, len(levels)), told)
    return found


def wanted_outputs(body: Body, output: Schema) -> list[TensorMetadata]:
    """Return the tensors that are asked for: all of them when none is named.

    Raises:
        InvalidRequest: one is named that there is not.
    """
    known = output_tensors(output)
    wanted: dict[str, TensorMetadata] = {}
    for each in body.objects("outputs"):
        name = each.text("name")
        if name not in known:
            message, hint = f"no output {shown(name)}", suggestion(name, known)
            raise InvalidRequest("request_shape", message, where=each.at("name"), hint=hint)
        wanted[name] = known[name]
    return list((wanted or known).values())


def answer_tensors(response: PredictResponse, wanted: Sequence[TensorMetadata]) -> list[Tensor]:
    """Return the tensors of an answer, flat, in the order of `wanted`."""
    rows = len(response.predictions)
    found = []
    for each in wanted:
        levels = orjson.loads(each.parameters.get("levels", "[]"))
        data = list(_answers(response, each.name, levels))
        shape = rows, *each.shape[1:]
        found.append(Tensor(each.name, each.datatype, shape, data, each.parameters))
    return found


def series_tensors(response: Forecast, wanted: Sequence[TensorMetadata]) -> list[Tensor]:
    """Return the tensors of what a series contract answers: one item per step."""
    told = response.content()
    if isinstance(response, ForecastResponse):
        told["prediction"] = response.forecasts
    found = []
    for each in wanted:
        value = told[each.name]
        data = list(value) if isinstance(value, list | tuple) else [value]
        found.append(Tensor(each.name, each.datatype, (len(data),), cast("list[Scalar]", data), {}))
    return found


def _answers(response: PredictResponse, name: str, levels: Sequence[str]) -> Iterator[Scalar]:
    for each in response.predictions:
        if name == "prediction":
            yield each.value
        elif name == "confidence":
            yield each.confidence
        elif name == "score":
            yield each.score
        elif name == "probabilities":  # a release in between may have other levels
            yield from (each.probabilities.get(level) for level in levels)
        elif name == "set":
            yield from (level in (each.set or ()) for level in levels)
        else:
            low, high = each.interval or (None, None)
            yield low if name == "lower" else high


def _datatype_of(field: Field, *, answer: bool = False) -> str:
    if field.kind == "number":
        return "INT64" if answer and field.integer else "FP64"
    return "BOOL" if field.kind == "boolean" else "BYTES"


def _datatype(tensor: Body) -> str:
    datatype = tensor.text("datatype")
    if datatype not in DATATYPES:
        raise tensor.wrong("datatype", f"one of {', '.join(sorted(DATATYPES))}")
    return datatype


def _items(tensor: Body) -> tuple[list[int], list[object]]:
    """Return the shape of a tensor and its items, row by row; nested lists and flat ones will do.

    Raises:
        InvalidRequest: the shape is none of one or two axes, or the data is not of it.
    """
    shape, data = tensor.values.get("shape"), tensor.values.get("data")
    if data is None and "binary_data_size" in (tensor.object("parameters") or Body({})).values:
        raise unsupported(tensor.at("parameters"), "binary data", _BINARY)
    if not isinstance(shape, list) or not 1 <= len(shape) <= 2 or not all(map(_is_size, shape)):
        raise tensor.wrong("shape", "a list of one or two sizes, such as [3] or [3, 14]")
    if not isinstance(data, list):
        raise tensor.wrong("data", "a list")
    size, items = prod(shape), data
    if len(shape) == 2 and size and all(isinstance(each, list) for each in data):
        ragged = len(data) != shape[0] or any(len(each) != shape[1] for each in data)
        items = [] if ragged else list(chain.from_iterable(data))
    if len(items) != size:
        raise InvalidRequest(
            "request_shape", f"the data is not of the shape {shape}", where=tensor.at("data")
        )
    return shape, items


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def _matrix_names(tensor: Body, width: int, fields: Sequence[Field]) -> tuple[str, ...]:
    if width != len(fields):
        raise InvalidRequest(
            "request_shape",
            f"a matrix of {width} columns; the contract has {len(fields)} fields",
            where=tensor.at("shape"),
            hint=f"in order: {', '.join(field.name for field in fields)}"[:300],
        )
    return tuple(field.name for field in fields)


def _whole(item: object) -> Json:
    """Return 3 for 3.0, as a tensor of floats says it; anything else for the contract to refuse."""
    whole = isinstance(item, float) and item.is_integer()
    return int(cast("float", item)) if whole else cast("Json", item)


def _truth(item: object) -> object:
    """Return false or true for 0 or 1; anything else as it is, for the schema to refuse."""
    usual = isinstance(item, int | float) and item in (0, 1)
    return cast("Scalar", bool(item) if usual else item)
