"""Any ONNX graph on ONNX Runtime: arrays by name in, arrays in order out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from numpy.typing import NDArray

from plait.core.errors import EngineError
from plait.core.extras import missing

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a graph.

    Attributes:
        name: in the graph.
        kind: as ONNX Runtime says it, such as `tensor(float)` or `seq(map(string,tensor(float)))`.
        shape: of a tensor; what is not fixed is None.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that is loaded.

    Attributes:
        run: arrays by name in, arrays in order out; it raises `engine_failed`.
        inputs: what it reads.
        outputs: what it answers with, in order.
        notes: what whoever made it wrote into it.
    """

    run: Callable[[Arrays], list[NDArray[Any]]]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    notes: Mapping[str, str]


def load_graph(content: bytes) -> Callable[[Arrays], list[NDArray[Any]]]:
    """Return what runs a graph, on the caller's thread alone; raises as `open_graph`."""
    return open_graph(content).run


def open_graph(content: bytes) -> Graph:
    """Load a graph, to run on the caller's thread alone.

    Raises:
        EngineError: `engine_failed`, when it does not load, or later does not run.
        MissingExtra: ONNX Runtime is not installed.
    """
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError:
        raise missing("onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's exceptions have no other base
        raise EngineError("engine_failed", f"ONNX Runtime does not load it: {error}") from error

    def run(arrays: Arrays) -> list[NDArray[Any]]:
        try:
            return list(session.run(None, dict(arrays)))
        except Exception as error:  # the library's exceptions have no other base
            raise EngineError("engine_failed", f"ONNX Runtime: {error}") from error

    inputs, outputs = (
        tuple(Port(each.name, each.type, _shape(each.shape)) for each in ports)
        for ports in (session.get_inputs(), session.get_outputs())
    )
    return Graph(run, inputs, outputs, dict(session.get_modelmeta().custom_metadata_map))


def _shape(shape: Sequence[int | str | None] | None) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in shape or ())
