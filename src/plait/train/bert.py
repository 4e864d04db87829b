"""An ONNX graph of a BERT sentence encoder, made of its weights: no torch, no transformers.

The layout is that of `BertModel` (arXiv:1810.04805), mean pooling and unit length are those of
Sentence-BERT (arXiv:1908.10084). All operators are standard ONNX, and the bytes are a function of
the weights alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plait.core.errors import EngineError, shown
from plait.core.extras import missing
from plait.core.ids import Json

Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = Mapping[str, Floats]

OPSET, IR = 20, 9  # what ONNX Runtime reads from 1.17 on

ACTIVATION_LEVELS = 127
WEIGHT_LEVELS = 64
"""x86 without VNNI adds products in pairs in 16 bits: 2 x 255 x 64 fits, 2 x 255 x 127 does not."""
TINY = 1e-30  # a scale that is not zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a BERT's weights do not say of themselves.

    Attributes:
        layers: number of its encoder layers.
        heads: attention heads per layer.
        epsilon: what layer normalisation adds to a variance.
    """

    layers: int
    heads: int
    epsilon: float

    @classmethod
    def read(cls, record: Mapping[str, Json]) -> "Shape":
        """Return the shape that a `config.json` states.

        Raises:
            EngineError: `artefact_format`, when it is not a BERT of the usual make.
            KeyError: a part is missing.
        """
        expected = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "position_embedding_type": "absolute",
        }
        for name, value in expected.items():
            if record.get(name, value) != value:
                raise EngineError(
                    "artefact_format",
                    f"{name} is {shown(record[name])}, and the graph is made for {value!r} alone",
                    where="config.json",
                    hint="take an encoder of that make, such as minilm-l6",
                )
        return cls(
            layers=int(str(record["num_hidden_layers"])),
            heads=int(str(record["num_attention_heads"])),
            epsilon=float(str(record["layer_norm_eps"])),
        )


def read_weights(path: Path) -> Weights:
    """Return every float32 tensor of a safetensors file, by name.

    The file: 8 bytes with the header's length, the header in JSON, then the tensors' bytes.

    Raises:
        ValueError: it is no such file, or cut short.
        KeyError, TypeError: its header lacks or mistakes a part.
    """
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    return {
        name: np.frombuffer(
            content, "<f4", int(np.prod(note["shape"])), start + note["data_offsets"][0]
        ).reshape(note["shape"])
        for name, note in header.items()
        if note.get("dtype") == "F32"
    }


def bert_graph(weights: Weights, shape: Shape, *, int8: bool) -> bytes:
    """Return the graph: ids `(texts, tokens)`, none padding, to unit vectors `(texts, width)`.

    Args:
        weights: tensors as `BertModel` names them.
        shape: the rest of the model.
        int8: whether the products with weights, and the table of tokens, are in 8 bits: a quarter
            of the size. Attention, normalisation and pooling stay in float32.

    Raises:
        KeyError: a tensor is missing.
    """
    return _Bert(weights, shape, int8=int8).build()


class _Graph:
    """Nodes and constants, each known by the name of what it gives."""

    def __init__(self) -> None:
        try:
            self._onnx = import_module("onnx")
        except ImportError:
            raise missing("onnx") from None
        self._nodes: list[object] = []
        self._constants: list[object] = []

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"c{len(self._constants)}"
        array = np.ascontiguousarray(value).reshape(value.shape)
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.array(value, dtype=np.float32))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, dtype=np.int64))

    def node(self, operator: str, *inputs: str, **attributes: int | float | list[int]) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def as_float(self, value: str) -> str:
        return self.node("Cast", value, to=self._onnx.TensorProto.FLOAT)

    def model(self, tokens: str, vectors: str, width: int) -> bytes:
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [helper.make_tensor_value_info(tokens, kinds.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info(vectors, kinds.FLOAT, ["texts", width])],
            self._constants,
        )
        opset = [helper.make_opsetid("", OPSET)]
        content: bytes = helper.make_model(
            graph, ir_version=IR, opset_imports=opset, producer_name="plait"
        ).SerializeToString()
        return content


class _Bert:
    """Writes the encoder down, layer by layer; rows are tokens, all texts' below each other."""

    def __init__(self, weights: Weights, shape: Shape, *, int8: bool) -> None:
        self._graph = _Graph()
        self._weights = weights
        self._shape = shape
        self._int8 = int8
        self._width = weights["embeddings.word_embeddings.weight"].shape[1]

    def build(self) -> bytes:
        graph, width = self._graph, self._width
        size = graph.node("Shape", "tokens")
        rows = graph.node("Reshape", self._embedded(size), graph.integers(-1, width))
        heads = self._shape.heads
        split = graph.node("Concat", size, graph.integers(3, heads, width // heads), axis=0)
        for number in range(self._shape.layers):
            rows = self._layer(f"encoder.layer.{number}", rows, split)
        back = graph.node("Concat", size, graph.integers(width), axis=0)
        each = graph.node("Reshape", rows, back)
        mean = graph.node("ReduceMean", each, graph.integers(1), keepdims=0)
        length = graph.node("ReduceL2", mean, graph.integers(1), keepdims=1)
        return graph.model("tokens", graph.node("Div", mean, length), width)

    def _embedded(self, size: str) -> str:
        """Sum the embeddings of token, position and kind of text, which is always the first."""
        graph = self._graph
        table = self._weights["embeddings.word_embeddings.weight"]
        if self._int8:
            levels, scale = _quantise(table, axis=1, levels=ACTIVATION_LEVELS)
            words = graph.node(
                "Mul",
                graph.as_float(graph.node("Gather", graph.constant(levels), "tokens")),
                graph.node("Gather", graph.constant(scale), "tokens"),
            )
        else:
            words = graph.node("Gather", graph.constant(table), "tokens")
        places = (
            self._weights["embeddings.position_embeddings.weight"]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        length = graph.node("Slice", size, graph.integers(1), graph.integers(2))
        first, axis = graph.integers(0), graph.integers(0)
        position = graph.node("Slice", graph.constant(places), first, length, axis)
        return self._normal("embeddings.LayerNorm", graph.node("Add", words, position))

    def _layer(self, name: str, rows: str, split: str) -> str:
        graph = self._graph
        attended = self._dense(f"{name}.attention.output.dense", self._attend(name, rows, split))
        rows = self._normal(f"{name}.attention.output.LayerNorm", graph.node("Add", attended, rows))
        inner = graph.node("Gelu", self._dense(f"{name}.intermediate.dense", rows))
        outer = self._dense(f"{name}.output.dense", inner)
        return self._normal(f"{name}.output.LayerNorm", graph.node("Add", outer, rows))

    def _attend(self, name: str, rows: str, split: str) -> str:
        """Let each token look at its own text's; query, key and value are one product."""
        graph, width = self._graph, self._width
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._weights[f"{part}.weight"] for part in parts])
        bias = np.concatenate([self._weights[f"{part}.bias"] for part in parts])
        three = graph.node("Reshape", self._product(rows, weight, bias), split)
        # (texts, tokens, 3, heads, width of a head) -> three times (texts, heads, tokens, ...)
        three = graph.node("Transpose", three, perm=[2, 0, 3, 1, 4])
        query, key, value = (
            graph.node("Gather", three, graph.constant(np.array(part)), axis=0) for part in range(3)
        )
        scale = graph.number((width // self._shape.heads) ** -0.5)
        turned = graph.node("Transpose", key, perm=[0, 1, 3, 2])
        likeness = graph.node("Mul", graph.node("MatMul", query, turned), scale)
        seen = graph.node("MatMul", graph.node("Softmax", likeness, axis=-1), value)
        seen = graph.node("Transpose", seen, perm=[0, 2, 1, 3])
        return graph.node("Reshape", seen, graph.integers(-1, width))

    def _normal(self, name: str, rows: str) -> str:
        weight, bias = (self._weights[f"{name}.{part}"] for part in ("weight", "bias"))
        scale, shift = self._graph.constant(weight), self._graph.constant(bias)
        return self._graph.node(
            "LayerNormalization", rows, scale, shift, axis=-1, epsilon=self._shape.epsilon
        )

    def _dense(self, name: str, rows: str) -> str:
        return self._product(rows, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _product(self, rows: str, weight: Floats, bias: Floats) -> str:
        """Return rows @ weight.T + bias, for a weight of (out, in)."""
        graph = self._graph
        if self._int8:
            product = self._integer_product(rows, weight)
        else:
            product = graph.node("MatMul", rows, graph.constant(weight.T))
        return graph.node("Add", product, graph.constant(bias))

    def _integer_product(self, rows: str, weight: Floats) -> str:
        """Multiply in integers, exactly: one scale per row of tokens and one per output.

        A scale per row keeps a token's numbers from depending on the other tokens of its run, as
        they would with ONNX's own DynamicQuantizeLinear, and loses less. Rows are unsigned around
        128, the pairing that x86 multiplies fastest.
        """
        graph = self._graph
        columns = graph.integers(1)
        largest = graph.node("ReduceMax", graph.node("Abs", rows), columns, keepdims=1)
        share = graph.node("Mul", largest, graph.number(1 / ACTIVATION_LEVELS))
        scale = graph.node("Max", share, graph.number(TINY))
        per_row = graph.node("Squeeze", scale, columns)
        middle = graph.constant(np.array([128], dtype=np.uint8))
        middles = graph.node("Expand", middle, graph.node("Shape", per_row))
        integers = graph.node("QuantizeLinear", rows, per_row, middles, axis=0)
        levels, weight_scale = _quantise(weight, axis=1, levels=WEIGHT_LEVELS)
        product = graph.node("MatMulInteger", integers, graph.constant(levels.T), middle)
        scaled = graph.node("Mul", graph.as_float(product), scale)
        return graph.node("Mul", scaled, graph.constant(weight_scale[:, 0]))


def _quantise(values: Floats, *, axis: int, levels: int) -> tuple[NDArray[np.int8], Floats]:
    """Return integers from -levels to levels, and their scales: values are about their product."""
    largest = np.abs(values).max(axis=axis, keepdims=True)
    scale = np.maximum(largest / levels, TINY).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale
