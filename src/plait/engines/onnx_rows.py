"""Artefacts of rows whose model is an ONNX graph from elsewhere, run as it is.

The graph reads the columns themselves, by an input per column or a matrix of some; `graph.json`
says which, and which of its outputs is the answer. It is asked for probabilities or a number, so
its answers are those of the tool it came from. It gives no reasons.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.artefact import Artefact
from plait.core.columns import Column, Columns, height
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.engines.answer import Scores, answer_of
from plait.engines.base import damaged, read_bytes, read_json, reading
from plait.engines.encode import number_of
from plait.engines.onnx_graph import Arrays, Graph, open_graph
from plait.engines.predictor import read_pipeline

MODEL = "model.onnx"
GRAPH = "graph.json"
FLOOR = 1e-12
"""The least probability: a graph's own may be 0, whose logarithm nobody can add."""

KINDS: Mapping[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
"""What a graph may read, as ONNX Runtime says it."""

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """How a graph is asked, and how its answer is read.

    Attributes:
        inputs: name of each input -> the columns it reads, in their order.
        output: which output is the answer.
        keys: of a ZipMap, the key of each class, in the order of the pipeline's classes.
        places: of a tensor, the position of each class, in the same order; empty for a number.
        missing_text: what the graph is given for a missing text.
    """

    inputs: Mapping[str, tuple[str, ...]]
    output: int
    keys: tuple[str | int, ...] = ()
    places: tuple[int, ...] = ()
    missing_text: str = ""

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Wiring":
        """Return what `record()` wrote.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown or mistaken.
        """
        parts: dict[str, Any] = dict(record)
        parts["inputs"] = {name: tuple(columns) for name, columns in parts["inputs"].items()}
        for name in ("keys", "places"):
            parts[name] = tuple(parts.get(name, ()))
        return cls(**parts)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return tuple(dict.fromkeys(name for names in self.inputs.values() for name in names))


class OnnxRows:
    """Runs a graph on rows; safe to share between threads.

    Attributes:
        artefact: what it runs.
    """

    def __init__(self, artefact: Artefact, graph: Graph, wiring: Wiring) -> None:
        self.artefact = artefact
        self._graph = graph
        self._wiring = wiring
        self._pipeline = read_pipeline(artefact)
        self._answer = answer_of(self._pipeline)

    def predict(self, columns: Columns, *, reasons: int = 0) -> Columns:
        """Answer n rows; see `plait.core.protocol.Predictor`. It has no reasons to give.

        Raises:
            EngineError: `engine_failed`, when columns are absent or of unequal length, a value is
                missing where the graph cannot say so, or the graph fails.
        """
        try:
            rows = height(columns)
        except ValueError as error:
            hint = "give columns of one table"
            raise EngineError("engine_failed", str(error), hint=hint) from error
        values = read_answer(self._graph, self._wiring, feed(self._graph, self._wiring, columns))
        raw = self._raw(values, rows)
        group = columns[self._pipeline.by] if self._pipeline.by else None
        if rows == 1:
            answer = self._answer.row(raw[0].tolist(), group[0] if group is not None else None)
        else:
            answer = self._answer.batch(raw, group)
        if reasons:
            answer["reasons"] = [()] * rows
        return answer

    def _raw(self, values: Scores, rows: int) -> Scores:
        """Return (n, k) raw scores of (n, classes) probabilities, or of (n, 1) numbers."""
        wide = max(1, len(self._pipeline.classes))
        if values.shape != (rows, wide):
            raise EngineError(
                "engine_failed",
                f"the graph answers {rows} rows with numbers of the shape {values.shape}",
                where=MODEL,
                hint="import the model again",
            )
        if not self._pipeline.classes:
            return values
        logs = np.array([math.log(max(each, FLOOR)) for each in values.ravel().tolist()])
        logs = logs.reshape(values.shape)
        odds: Scores = logs[:, 1:] - logs[:, :1]
        return odds if self._pipeline.problem == "binary" else logs


def load(artefact: Artefact) -> OnnxRows:
    """Return what runs `artefact`: the graph in `model.onnx`, wired as `graph.json` says.

    Raises:
        EngineError: `artefact_damaged`, when a file cannot be read or is not what it should be.
        MissingExtra: ONNX Runtime is not installed.
    """
    path = artefact.folder / GRAPH
    with reading(path):
        wiring = Wiring.read(read_json(path))
    try:
        graph = open_graph(read_bytes(artefact.folder / MODEL))
    except EngineError as error:
        raise damaged(artefact.folder / MODEL, error.message) from error
    known = {port.name for port in graph.inputs}
    if set(wiring.inputs) != known or wiring.output not in range(len(graph.outputs)):
        raise damaged(path, "it is not of this graph")
    return OnnxRows(artefact, graph, wiring)


def feed(graph: Graph, wiring: Wiring, columns: Columns) -> Arrays:
    """Return what the graph is asked.

    Raises:
        EngineError: `engine_failed`, when a column is absent, or a value is not what it reads.
    """
    found = {}
    for port in graph.inputs:
        kind = KINDS[port.kind]
        names = wiring.inputs[port.name]
        parts = [_column(columns, name, kind, wiring.missing_text) for name in names]
        flat = len(names) == 1 and len(port.shape) == 1
        found[port.name] = parts[0] if flat else np.column_stack(parts)
    return found


def read_answer(graph: Graph, wiring: Wiring, arrays: Arrays) -> Scores:
    """Return (n, classes) probabilities in the order of the pipeline, or (n, 1) numbers.

    Raises:
        EngineError: `engine_failed`, when the graph fails or answers with something else.
    """
    answer: Any = graph.run(arrays)[wiring.output]
    try:
        if wiring.keys:
            listed = [[row[key] for key in wiring.keys] for row in answer]
            return np.array(listed, dtype=np.float64).reshape(len(listed), len(wiring.keys))
        values = np.asarray(answer, dtype=np.float64)
        values = values.reshape(len(values), -1)
        if wiring.places and values.shape[1] == 1:  # the probability of the second class alone
            values = np.column_stack([1.0 - values, values])
        return values[:, list(wiring.places)] if wiring.places else values
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise EngineError(
            "engine_failed",
            f"the graph's answer is not what it was when it was imported: {error!r}",
            where=MODEL,
            hint="import the model again",
        ) from error


def _column(columns: Columns, name: str, kind: type[np.generic], absent: str) -> Array:
    try:
        column: Column = columns[name]
        if kind is np.object_:
            return np.array([_text(each, absent) for each in column], dtype=object)
        plain = [number_of(each) for each in column]
        numbers = np.array(plain, dtype=np.float64)
        if not np.issubdtype(kind, np.floating) and np.isnan(numbers).any():
            raise ValueError("it is missing, and the graph reads whole numbers")
        return numbers.astype(kind)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = "it is absent" if isinstance(error, KeyError) else str(error)
        raise EngineError(
            "engine_failed",
            f"column {name!r} cannot be given to the graph: {reason}",
            where=name,
            hint="give every field of the artefact's input schema, of the kinds it states",
        ) from error


def _text(value: object, absent: str) -> str:
    if value is None or value != value:
        return absent
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
